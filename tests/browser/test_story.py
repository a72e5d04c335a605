"""The whole story, as two organizers and three workers see it: by thumb, by keyboard, and without scripts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.window import DESKTOP, PHONE, Window
from tests.console.browser import PASSWORD, code_at

PATIENCE_MS = 60_000
SOON = datetime.now(UTC) + timedelta(days=9)
TEXTS = {
    "en": "{title}: {when}, {where}. Will you come? YES or NO. STOP to leave.",
    "es": "{title}: {when}, {where}. Vienes? SI o NO. ALTO para salir.",
    "so": "{title}: {when}, {where}. Ma imanaysaa? HAA ama MAYA. JOOJI si aad uga baxdo.",
}


@dataclass(frozen=True)
class Way:
    """How somebody uses the pages. Each has join words, numbers and organizers of its own."""

    name: str
    number: int
    by_keyboard: bool = False
    scripts: bool = True

    @property
    def join_words(self) -> dict[str, str]:
        letter = "ABC"[self.number]
        return {"en": f"DOCKS{letter}", "es": f"MUELLE{letter}", "so": f"DEKED{letter}"}

    @property
    def crew(self) -> dict[str, str]:
        """Six more, so that a second organizer is asked: number → join word. Nobody's numbers (555-01xx)."""
        words = list(self.join_words.values())
        return {f"+19095550{130 + 10 * self.number + place}": words[place % 3] for place in range(3)}

    def window(self, window: OpenWindow) -> Window:
        one = window(scripts=self.scripts, viewport=DESKTOP if self.by_keyboard else PHONE)
        one.by_keyboard = self.by_keyboard
        return one


WAYS = [Way("by thumb", 0), Way("by keyboard", 1, by_keyboard=True), Way("without scripts", 2, scripts=False)]
# The phones on the simulator's page: who, in which language, and what they answer.
WORKERS = {"Maria": ("es", "Si, voy con 2"), "Yasmin": ("so", "HAA"), "James": ("en", "no, I work then")}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_workers_are_called_and_come(house: House, window: OpenWindow, way: Way) -> None:
    phones = window(base=house.system.twilio.url, viewport=DESKTOP)
    phones.open("/phones")
    rosa, omar = (_settle_in(house, way.window(window), f"{name}{way.number}") for name in ("rosa", "omar"))
    _sign_in_again(house, rosa, f"rosa{way.number}")

    list_id = _make_a_list(rosa, way)
    for name, (language, _) in WORKERS.items():
        _text(phones, name, way.join_words[language])
    for number, word in way.crew.items():
        house.system.twilio.text(number, word)
    _plan(rosa, way)
    alert = _write(rosa, list_id)
    _try(house, rosa, alert, way)

    _approve_and_send(rosa, omar, alert)
    _watch(omar, alert)
    title = f"Docks rally {way.number}"
    for name in WORKERS:
        _last_bubble(phones, name, title)
    for name, (_, answer) in WORKERS.items():
        _text(phones, name, answer)
    _come(rosa)
    _talk(house, phones, omar, way)
    _leave(house, phones)
    assert [one.broken() for one in (rosa, omar, phones) if one.scripts] == [[]] * (3 if way.scripts else 1)


def _settle_in(house: House, one: Window, name: str) -> Window:
    """With the link of an invitation; the page with the recovery codes answers."""
    link = house.system.command(
        "organizer", "create", f"{name}@example.org", "--name", name.title(), "--role", "organizer"
    )
    one.open(link)
    house.secrets[name] = one.page.locator(".secret").inner_text().replace(" ", "")
    one.fill({"password": PASSWORD, "code": code_at(house.secrets[name], time.time())})
    one.press("/welcome/")
    assert one.page.locator("main li").count() >= 8
    return one


def _sign_in_again(house: House, one: Window, name: str) -> None:
    one.open("/account")
    one.press("/sign-out")
    one.fill({"email": f"{name}@example.org", "password": PASSWORD})
    one.press("/sign-in")
    one.fill({"code": code_at(house.secrets[name], time.time() + 30)})
    one.press("/sign-in/code")
    one.says("What is going on")


def _make_a_list(one: Window, way: Way) -> str:
    one.open("/lists/new")
    words = {f"word-{language}": word for language, word in way.join_words.items()}
    one.fill({"name": f"Docks {way.number}", **words, "opens": "00:00", "closes": "00:00"})
    one.press("/lists/new")
    link = one.page.locator("main a[href^='/lists/']", has_text=f"Docks {way.number}").first
    there = link.get_attribute("href") if link.count() else one.page.url
    assert there
    return there.rstrip("/").rsplit("/", 1)[1].partition("?")[0]


def _plan(one: Window, way: Way) -> None:
    one.open("/actions/new")
    titles = {f"title-{language}": f"Docks rally {way.number}" for language in TEXTS}
    times = {"starts": f"{SOON:%Y-%m-%d}T17:00", "ends": f"{SOON:%Y-%m-%d}T19:00"}
    one.fill({"kind": "rally", **titles, **times, "place": "Dock 4"})
    one.press("/actions/new")
    one.says("Dock 4")


def _write(one: Window, list_id: str) -> str:
    """From the action's page to the page that says what will happen; its path."""
    action = one.page.url.rsplit("/", 1)[1].partition("?")[0]
    one.follow(f"/alerts/new?action={action}")
    one.fill({f"text-{language}": text for language, text in TEXTS.items()} | {f"list-{list_id}": "1"})
    one.press("/alerts/new")
    one.says("6 people")
    return "/alerts/" + one.page.url.rsplit("/", 1)[1].partition("?")[0]


def _try(house: House, one: Window, alert: str, way: Way) -> None:
    """A test to her own phone, marked as one."""
    hers = f"+1909555017{way.number}"
    one.fill({"phone": hers})
    one.press(f"{alert}/test")
    house.system.until(lambda: len(house.system.twilio.alerts_to(hers)) == 3)


def _approve_and_send(rosa: Window, omar: Window, alert: str) -> None:
    rosa.says("somebody else approves it")
    assert rosa.page.locator(f"form[action^='{alert}/send']").count() == 0
    omar.open(alert)
    omar.says("6 people")
    omar.press(f"{alert}/approve")
    omar.press(f"{alert}/send")


def _watch(one: Window, alert: str) -> None:
    """It begins after the seconds in which it can be undone; the page says by itself how far it is."""
    one.open(alert)
    for words in ("6 of 6", "Sent"):
        one.page.locator("main", has_text=words).wait_for(timeout=PATIENCE_MS)


def _come(one: Window) -> None:
    one.page.goto(one.page.url)
    one.follow(one.page.locator("main a[href^='/actions/']").first.get_attribute("href") or "")
    for language, said in (("Español", "1"), ("Soomaali", "1")):
        row = one.page.locator("tr", has_text=language).first
        assert said in row.inner_text().split(), row.inner_text()


def _talk(house: House, phones: Window, one: Window, way: Way) -> None:
    question = f"Is there a ride from Fontana {way.number}?"
    _text(phones, "James", question, answered=False)  # that a person reads it is said once a day
    one.open("/inbox")
    # The whole row leads there.
    thread = one.page.locator("main li", has_text=question).first.locator("a").first.get_attribute("href")
    assert thread
    one.follow(thread)
    one.says(question)
    answer = f"Yes: the van leaves at 6 from the library, {way.number}."
    one.fill({"text": answer})
    one.press(thread + "/answer")
    one.says(answer)
    _last_bubble(phones, "James", answer)


def _leave(house: House, phones: Window) -> None:
    _text(phones, "Yasmin", "STOP")
    yasmin = "+19525550102"
    assert house.system.post("/v1/subscribers/find", {"phone": yasmin})["standing"] == "left"


def _text(phones: Window, name: str, words: str, *, answered: bool = True) -> None:
    """Type on a phone of the simulator's page, and wait for what comes back."""
    phone = phones.page.locator(f"section.phone[aria-label='{name}']")
    before = phone.locator("li.theirs").count()
    phone.locator("input[name='body']").fill(words)
    phone.locator("input[name='body']").press("Enter")
    phone.locator("li.mine .bubble", has_text=words).last.wait_for()
    if answered:
        phone.locator("li.theirs").nth(before).wait_for()


def _last_bubble(phones: Window, name: str, words: str) -> None:
    phone = phones.page.locator(f"section.phone[aria-label='{name}']")
    phone.locator("li.theirs .bubble", has_text=words).last.wait_for(timeout=PATIENCE_MS)
