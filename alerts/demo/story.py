"""The story: six workers in three languages, two actions, an alert on each phone, answers, a talk, a STOP.

Every step looks at what the system did, through its API and on the phones, and ends the story
where it was something else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from alerts.demo.http import Http

PATIENCE_SECONDS = 30.0
TEXTS = {
    "en": "{title}: {when}, {where}. Will you come? Answer YES or NO.",
    "es": "{title}: {when}, {where}. ¿Vienes? Responde SI o NO.",
    "so": "{title}: {when}, {where}. Ma imanaysaa? Ku jawaab HAA ama MAYA.",
}
AROUND_THE_CLOCK = {"opens": "00:00", "closes": "00:00"}  # the story is told at any hour
REMINDER = {
    "en": "Tomorrow, {time}: {title}, {where}.",
    "es": "Mañana, {time}: {title}, {where}.",
    "so": "Berri, {time}: {title}, {where}.",
}
LISTS = (
    ("Inland Empire", "America/Los_Angeles", {"en": "JOIN", "es": "UNETE", "so": "KU BIIR"}),
    ("Shakopee", "America/Chicago", {"en": "SHAKOPEE", "es": "UNION", "so": "MIDOW"}),
)


@dataclass(frozen=True)
class Worker:
    """Somebody of the story. The number is nobody's (555-01xx)."""

    name: str
    number: str
    language: str
    list: int  # 0 or 1, in LISTS
    answer: str
    means: str
    guests: int = 0

    @property
    def join_word(self) -> str:
        """What they text to join."""
        return LISTS[self.list][2][self.language]


WORKERS = (
    Worker("Maria", "+19095550101", "es", 0, "Sí, ahí estaré", "yes"),
    Worker("James", "+19095550103", "en", 0, "YES +2", "yes", guests=2),
    Worker("Amina", "+19095550104", "so", 0, "laga yaabaa", "maybe"),
    Worker("Yasmin", "+19525550102", "so", 1, "Haa waan imanayaa", "yes"),
    Worker("Carlos", "+19525550105", "es", 1, "no puedo", "no"),
    Worker("Grace", "+19525550106", "en", 1, "👍", "yes"),
)


class NotSeen(Exception):
    """A step of the story did not come true."""


class Story:
    """Plays against a running system and prints what it sees."""

    def __init__(self, console: Console, web: Http, phones: Http) -> None:
        self._console = console
        self._web = web
        self._phones = phones

    def play(self) -> None:
        """From the first text to the last count. Raises NotSeen."""
        lists = [self._make_list(*facts) for facts in LISTS]
        self._heading("Workers join by text, each in the language of their word")
        for worker in WORKERS:
            self._join(worker)
        actions = self._call_actions()
        self._heading("An alert goes out for each action, in each worker's language")
        for list_id, action in zip(lists, actions, strict=True):
            self._alert(list_id, action, lists.index(list_id))
        self._heading("They answer in their own words")
        for worker in WORKERS:
            self._answer(worker)
        self._heading("The organizer sees who is coming")
        for number, action in enumerate(actions):
            self._count(number, action)
        self._heading("The walkout moves to another gate; those who were told are told again")
        self._move(actions[1], "Shakopee, Gate 7")
        self._heading("Carlos asks something that no rule understands; an organizer answers him")
        self._ask(WORKERS[4], "hay raite desde Burnsville para los que salimos a las 6?")
        self._heading("Yasmin leaves; the next alert reaches everyone else")
        self._leave(lists[1], WORKERS[3])
        self._console.print("\n[bold green]Every step was seen to be true.[/]")

    def _make_list(self, name: str, zone: str, words: dict[str, str]) -> int:
        body = {"name": name, "timezone": zone, "join_words": words, "hours": AROUND_THE_CLOCK}
        made: int = self._web.post("/v1/lists", body)["id"]
        return made

    def _join(self, worker: Worker) -> None:
        [answer] = self._text(worker, worker.join_word)
        name = LISTS[worker.list][0]
        words = {"en": "you are on the list", "es": "entraste a", "so": "waxaad ku jirtaa"}
        self._see(
            f"{worker.name} is welcomed in {worker.language}",
            words[worker.language] in answer and name in answer,
        )

    def _call_actions(self) -> list[int]:
        self._heading("An organizer calls a lobby action in San Bernardino and a walkout in Shakopee")
        soon = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=6)
        lobby = {
            "kind": "lobby_action",
            "starts_at": soon.isoformat(),
            "ends_at": (soon + timedelta(hours=2)).isoformat(),
            "timezone": "America/Los_Angeles",
            "place": "San Bernardino, 500 Main St",
            "title": {"en": "Lobby action", "es": "Entrega de firmas", "so": "Gudbinta saxiixyada"},
        }
        walkout = {
            "kind": "walkout",
            "starts_at": (soon + timedelta(days=1)).isoformat(),
            "ends_at": (soon + timedelta(days=1, hours=6)).isoformat(),
            "timezone": "America/Chicago",
            "place": "Shakopee, Gate 3",
            "title": {"en": "Walkout", "es": "Paro", "so": "Shaqo joojin"},
        }
        return [self._web.post("/v1/actions", action)["id"] for action in (lobby, walkout)]

    def _alert(self, list_id: int, action: int, number: int) -> None:
        body = {"audience": {"lists": [list_id]}, "text": TEXTS, "action": action, "asks_rsvp": True}
        alert = self._web.post("/v1/alerts", body)["id"]
        preview = self._web.get(f"/v1/alerts/{alert}/preview")
        self._console.print(f"  [dim]preview: {preview['people']} people, {preview['parts']} parts[/]")
        self._web.post(f"/v1/alerts/{alert}/send")
        who = [worker for worker in WORKERS if worker.list == number]
        self._until(f"all {len(who)} texts delivered", lambda: self._delivered(alert) == len(who))
        for worker in who:
            texts = self._alerts_on(worker)
            expected = preview["languages"][worker.language]["body"]
            self._see(f"{worker.name} has one text, in {worker.language}", texts == [expected])
            self._console.print(f"  [cyan]{worker.name}[/] <- {texts[-1]}", markup=True)

    def _answer(self, worker: Worker) -> None:
        [answer] = self._text(worker, worker.answer)
        self._see(f"{worker.name} is answered", bool(answer))

    def _count(self, number: int, action: int) -> None:
        summary = self._web.get(f"/v1/actions/{action}/summary")
        who = [worker for worker in WORKERS if worker.list == number]
        grid = Grid("language", "yes", "no", "maybe", "guests", title=LISTS[number][0])
        for language in ("en", "es", "so"):
            count = summary["languages"].get(language, {})
            said = [worker for worker in who if worker.language == language]
            for meaning in ("yes", "no", "maybe"):
                wanted = sum(worker.means == meaning for worker in said)
                self._see(f"{meaning} in {language}", count.get(meaning, 0) == wanted, quiet=True)
            self._see(
                f"guests in {language}", count.get("guests", 0) == sum(w.guests for w in said), quiet=True
            )
            grid.add_row(language, *(str(count.get(name, 0)) for name in ("yes", "no", "maybe", "guests")))
        total = summary["answers"]
        grid.add_row("all", *(str(total[name]) for name in ("yes", "no", "maybe", "guests")), style="bold")
        self._console.print(grid)

    def _move(self, action: int, place: str) -> None:
        reminder = {"before": "P1D", "answers": ["yes", "maybe"], "text": REMINDER}
        set_ = self._web.post(f"/v1/actions/{action}/reminders", reminder)
        self._console.print(f"  [dim]reminder: due {set_['due_at']}[/]")
        self._web.patch(f"/v1/actions/{action}", {"place": place})
        who = [worker for worker in WORKERS if worker.list == 1]
        offer = self._web.get(f"/v1/actions/{action}/correction")
        self._see(f"a correction to {len(who)} people is offered", offer["people"] == len(who))
        alert = self._web.post(f"/v1/actions/{action}/correction")["id"]
        self._web.post(f"/v1/alerts/{alert}/send")
        self._until("all of them have it", lambda: self._delivered(alert) == len(who))
        for worker in who:
            text = self._alerts_on(worker)[-1]
            self._see(f"{worker.name} knows, in {worker.language}", place in text)
            self._console.print(f"  [cyan]{worker.name}[/] <- {text}")

    def _ask(self, worker: Worker, question: str) -> None:
        [answer] = self._text(worker, question)
        self._see("he is told that a person will read it", "Una persona va a leer esto" in answer)
        [one] = self._web.get("/v1/conversations?state=open")["items"]
        self._see("it is in the inbox, in Spanish, its number masked", one["language"] == "es")
        reply = "Sí, sale un camión de la biblioteca a las 6:30."
        self._web.post(f"/v1/conversations/{one['id']}/messages", {"text": reply})
        self._until("the organizer's answer is on his phone", lambda: reply in self._alerts_on(worker))
        self._web.post(f"/v1/conversations/{one['id']}/close", {})

    def _leave(self, list_id: int, worker: Worker) -> None:
        [answer] = self._text(worker, "JOOJI")
        self._see(f"{worker.name} is told so, once, in Somali", "fariimo dambe" in answer)
        before = self._alerts_on(worker)
        body = {
            "audience": {"lists": [list_id]},
            "text": {"en": "See you there!", "es": "Nos vemos!", "so": "Waan kulannaa!"},
        }
        alert = self._web.post("/v1/alerts", body)["id"]
        self._web.post(f"/v1/alerts/{alert}/send")
        self._until("the other two got it", lambda: self._delivered(alert) == 2)
        self._see(f"{worker.name} got nothing more", self._alerts_on(worker) == before)

    def _text(self, worker: Worker, body: str) -> list[str]:
        said = self._phones.post("/simulator/texts", {"from": worker.number, "body": body})
        self._see(f"{worker.name}'s text was taken", said["http_status"] == 200, quiet=True)
        answers: list[str] = said["answers"]
        self._see(f"{worker.name} has one answer", len(answers) == 1, quiet=True)
        self._console.print(f"  [cyan]{worker.name}[/] -> {body}")
        self._console.print(f"  [dim]{'':>{len(worker.name)}} <- {answers[0]}[/]")
        return answers

    def _alerts_on(self, worker: Worker) -> list[str]:
        texts = self._phones.get("/simulator/ledger")["phones"].get(worker.number, [])
        return [text["body"] for text in texts if text["direction"] == "outbound-api"]

    def _delivered(self, alert: int) -> int:
        report: dict[str, Any] = self._web.get(f"/v1/alerts/{alert}/report")
        delivered: int = report["states"]["delivered"]
        return delivered

    def _until(self, what: str, true: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            if time.monotonic() > deadline:
                raise NotSeen(what)
            time.sleep(0.1)
        self._see(what, seen=True)

    def _see(self, what: str, seen: bool, *, quiet: bool = False) -> None:
        if not seen:
            raise NotSeen(what)
        if not quiet:
            self._console.print(f"  [green]✓[/] {what}")

    def _heading(self, text: str) -> None:
        self._console.print(f"\n[bold]{text}[/]")
