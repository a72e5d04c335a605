"""A whole system with something of everything in it, and the people who sign in to it."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import requests
from redis import Redis
from rich.console import Console
from rq import Queue
from rq.serializers import JSONSerializer

from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.demo.http import Http
from alerts.demo.story import Story
from alerts.storage.embedded import embedded_postgres, embedded_valkey
from alerts.storage.redis import QUEUE
from tests.browser.places import Found, Place, console_routes, kind_of, route_of
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.console.browser import PASSWORD, code_at
from tests.journeys.system import System, free_port, running

ZONE = ZoneInfo("America/Los_Angeles")
MARK = "zqmark"  # stands in every hostile text, so that it can be found on a page
HOSTILE = (
    f"<script>window.hit = '{MARK}'</script><img src=x onerror=\"window.hit = 1\">",
    f'=HYPERLINK("https://evil.example","{MARK}")',
    f"\u202e{MARK} \u2066\u2067 nihton",
    f"{MARK} " + "\U0001f621" * 700,
    f"{MARK}" + "W" * 300,
    f"{{{{ 7 * 7 }}}} {{organization}} %s {MARK}",
    "a" + "\u0300" * 500 + MARK,
)
# Who signs in: role, and whether they may read whole numbers. The second of them approves.
PEOPLE = {"marisol": ("admin", True), "ana": ("organizer", False), "vera": ("viewer", False)}
LONG = "Iskaashatadashaqaalahabakhaarrada"  # a word of 33 letters, as Somali makes them
# Where nobody comes by a link: what is not there.
NOWHERE = (Place("/alerts/999999", "marisol", 404), Place("/join/999999", "", 404))


@dataclass
class House:
    """The system, its people's cookies, and what each name in a route's braces stands for."""

    system: System
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    stands_for: dict[str, list[str]] = field(default_factory=dict)
    places: dict[str, list[Place]] = field(default_factory=dict)  # by route
    others: set[str] = field(default_factory=set)  # routes that answer with a file, or with a part of a page
    forms: set[str] = field(default_factory=set)  # routes that some page has a form to

    @property
    def url(self) -> str:
        """Of the console."""
        return self.system.url

    def paths(self, route: str) -> list[str]:
        """Raises KeyError where a name in braces stands for nothing: say in ``_more`` what it stands for."""
        paths = [route]
        for name in re.findall(r"\{(\w+)\}", route):
            paths = [path.replace(f"{{{name}}}", one) for path in paths for one in self.stands_for[name]]
        return paths


@contextmanager
def whole_system(logs: Path) -> Iterator[System]:
    """Web, worker and clock on servers of their own, against the simulator."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url=url + "/twilio/inbound", opt_out="off"
    )
    with (
        embedded_postgres(forgetful=True) as postgres,
        embedded_valkey() as valkey,
        SimulatorServer(config) as twilio,
    ):
        env = {
            "DATABASE_URL": postgres,
            "REDIS_URL": valkey,
            "PUBLIC_URL": url,
            "TWILIO_API_URL": twilio.url,
            "APPROVAL_ABOVE": "5",  # in the story an alert to six people is approved, those to three are not
            "RECALL_SECONDS": "2",
            "PRICE_PER_PART": "0.0113",
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        with running(env, twilio, logs) as system:
            yield system


def told(system: System) -> House:
    """The demo's story has happened, and the people who sign in have settled in."""
    house = House(system)
    story = Story(
        Console(quiet=True),
        Http(system.url, system.headers()["Authorization"].removeprefix("Bearer ")),
        Http(system.twilio.url),
    )
    story.play()
    for name, (role, numbers) in PEOPLE.items():
        _settle_in(house, name, role, numbers=numbers)
    return house


def built(system: System) -> House:
    """Everything happens once: the demo's story, then what it leaves out."""
    house = told(system)
    _more(house)
    _find_pages(house)
    return house


def _more(house: House) -> None:
    system = house.system
    asleep = datetime.now(ZONE) + timedelta(hours=3)
    nights = system.post(
        "/v1/lists",
        {
            "name": f"Night shift {LONG}",
            "timezone": "America/Los_Angeles",
            "join_words": {"en": "NIGHTS", "es": "NOCHES", "so": "HABEEN"},
            "hours": {"opens": f"{asleep:%H}:00", "closes": f"{asleep + timedelta(hours=2):%H}:00"},
        },
    )["id"]
    for number in range(110, 114):
        system.twilio.text(f"+19095550{number}", "NIGHTS")
    for number, words in ((120, HOSTILE), (121, HOSTILE[:1]), (122, HOSTILE[3:4])):
        for text in words:
            system.twilio.text(f"+19095550{number}", text)
    system.twilio.text("+19095550118", "UNETE")
    system.twilio.text("+19095550118", f"Hay {LONG.lower()} para la marcha? {MARK}")
    nobody = {"name": "Nobody", "timezone": "UTC", "join_words": {"en": "NOBODY"}}
    empty = system.post("/v1/lists", nobody)["id"]
    gone = _action(house, "rally", "Gone <b>bold</b>", 20)
    system.post(f"/v1/actions/{gone}/cancel")
    strike = _action(house, "strike", f"<script>hit=1</script> {LONG}", 30)
    alerts = _alerts(house, nights, strike)
    file = "telefono;idioma;fecha;origen\n(909) 555-0160;es;20/11/2025;Hoja\nno phone;es;20/11/2025;Hoja\n"
    imported = requests.post(
        f"{system.url}/v1/subscribers/import?lists=1&day_first=true",
        data=file.encode(),
        headers=system.headers() | {"Content-Type": "text/csv"},
        timeout=30,
    ).json()["id"]
    system.until(lambda: system.get(f"/v1/subscribers/imports/{imported}")["state"] == "done")
    _a_job_that_fails(system)
    saved = {"en": "Come to {where}", "es": "Ven a {where}", "so": "Kaalay {where}"}
    template = system.post("/v1/templates", {"name": f"Call {LONG}", "text": saved})["id"]
    system.patch(f"/v1/templates/{template}", {"text": saved | {"en": f"Come to {{where}}, {LONG}"}})
    canned = {"name": "Thanks", "text": {"en": "Thank you!", "es": "Gracias!", "so": "Mahadsanid!"}}
    kept = system.post("/v1/canned-answers", canned)["id"]
    house.stands_for |= {
        # What is hardest to show comes first: of pages that look alike the first is kept.
        "list_id": [str(nights), *_ids(system, "/v1/lists")],
        "empty": [str(empty)],  # of no route: the one of these that nobody is on
        "action_id": [str(strike), *_ids(system, "/v1/actions")],
        "alert_id": [str(one) for one in alerts],
        "subscriber_id": [str(one["id"]) for one in system.get("/v1/conversations?limit=50")["items"]],
        "import_id": [str(imported)],
        "canned_id": [str(kept)],
        "template_id": [str(template)],
        "organizer_id": _ids(system, "/v1/organizers"),
        "token": [
            system.command("organizer", "create", "new@example.org", "--name", "Nadia").rsplit("/", 1)[1]
        ],
    }


def _a_job_that_fails(system: System) -> None:
    with Redis.from_url(system.env["REDIS_URL"]) as redis:
        queue = Queue(QUEUE, connection=redis, serializer=JSONSerializer)
        queue.enqueue("workers.jobs.settle", "too", "much", failure_ttl=3600)
        system.until(lambda: len(queue.failed_job_registry) == 1)


def _ids(system: System, path: str) -> list[str]:
    return [str(one["id"]) for one in system.get(f"{path}?limit=50")["items"]]


def _action(house: House, kind: str, title: str, days: int) -> int:
    starts = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=days)
    made: int = house.system.post(
        "/v1/actions",
        {
            "kind": kind,
            "starts_at": starts.isoformat(),
            "ends_at": (starts + timedelta(hours=2)).isoformat(),
            "timezone": "America/Los_Angeles",
            "place": f'"><img src=x onerror=hit=1> {LONG}',
            "title": dict.fromkeys(("en", "es", "so"), title),
        },
    )["id"]
    return made


def _alerts(house: House, nights: int, strike: int) -> list[int]:
    """One in each state that a page shows."""
    system = house.system
    dear = {"en": f"“{{title}}” {{when}} … {LONG}", "es": "¡Mañana sí! “Ven”", "so": "Berri waan kulannaa"}

    def made(**facts: Any) -> int:
        body = {"audience": {"lists": [nights]}, "text": dear, "action": strike, "asks_rsvp": True} | facts
        number: int = system.post("/v1/alerts", body)["id"]
        return number

    def sent(**facts: Any) -> int:
        number = made(**facts)
        system.post(f"/v1/alerts/{number}/send")
        return number

    drafts = [made(), made(text={"en": "{title}: only in English"}, audience={"lists": [1, 2, nights]})]
    waits, paused, cancelled = sent(), sent(), sent()
    system.post(f"/v1/alerts/{paused}/pause")
    system.post(f"/v1/alerts/{cancelled}/cancel")
    days = {"name": "Day shift", "timezone": "America/Los_Angeles", "join_words": {"en": "DAYS"}}
    both = [nights, system.post("/v1/lists", days)["id"]]
    scheduled = sent(send_before="P1D", audience={"lists": both})
    for number in (114, 115):  # now they are so many that it takes an approval
        system.twilio.text(f"+19095550{number}", "DAYS")
    for number in (180, 182):  # whom nothing reaches
        system.twilio.text(f"+19525550{number}", "SHAKOPEE")
    moved = _action(house, "meeting", "Moved", 25)
    lost = sent(audience={"lists": [2]}, action=moved)
    system.until(lambda: bool(system.get(f"/v1/alerts/{lost}")["state"] == "sent"))
    system.patch(f"/v1/actions/{moved}", {"place": f"Gate 7, {LONG}"})  # there is something to correct
    [reminder, *_] = system.get("/v1/actions/2/reminders")["items"]
    return [reminder["id"], *drafts, waits, paused, cancelled, scheduled, lost]


def _settle_in(house: House, name: str, role: str, *, numbers: bool) -> None:
    """Follow an invitation, without a window."""
    more = ["--read-numbers"] if numbers else []
    link = house.system.command(
        "organizer", "create", f"{name}@example.org", "--name", name.title(), "--role", role, *more
    )
    with requests.Session() as session:
        page = session.get(link, timeout=30).text
        shown = re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', page)
        assert shown, page
        house.secrets[name] = shown[1].replace(" ", "")
        code = code_at(house.secrets[name], time.time())
        form = {"password": PASSWORD, "code": code}
        _post(house, session, link, form)
        house.cookies[name] = {one.name: one.value or "" for one in session.cookies}
        if name == "marisol":
            form = {"name": f"laptop {LONG}", "read": "1", "password": PASSWORD}
            _post(house, session, "/account/keys", form, on="/account")
    if name == "marisol":
        _sign_in_elsewhere(house, name)


def _sign_in_elsewhere(house: House, name: str) -> None:
    with requests.Session() as session:
        _post(house, session, "/sign-in", {"email": f"{name}@example.org", "password": PASSWORD})
        _post(house, session, "/sign-in/code", {"code": code_at(house.secrets[name], time.time() + 30)})


def _post(
    house: House, session: requests.Session, path: str, form: dict[str, str], on: str | None = None
) -> None:
    if on:
        token = re.search(r'name="csrf" value="([^"]+)"', session.get(house.url + on, timeout=30).text)
        assert token, on
        form = form | {"csrf": token[1]}
    url = path if path.startswith("http") else house.url + path
    answer = session.post(url, data=form, headers={"Origin": house.url}, timeout=30)
    assert answer.ok, answer.text


def _find_pages(house: House) -> None:
    """Every route with all that it stands for, each look of it once, and each kind of link found there."""
    waiting = [
        Place(path, who)
        for route in console_routes("GET")
        for path in house.paths(route)
        for who in ("", "marisol")
    ] + list(NOWHERE)
    kinds: set[tuple[tuple[str, ...] | None, str]] = set()
    shapes: set[tuple[str, frozenset[tuple[str | None, ...]]]] = set()
    for place in waiting:
        html = _opened(house, place)
        if html is None:
            continue
        found = Found()
        found.feed(html)
        route, shape = route_of(place.path) or "", frozenset(found.shape)
        if (route, shape) in shapes:
            continue  # the same page with other data, or in another's window
        shapes.add((route, shape))
        house.places.setdefault(route, []).append(place)
        house.forms |= {to for form in found.forms if (to := route_of(form, "POST"))}
        for link in sorted(found.links):
            kind = (kind_of(link), place.who)
            if "?" in link and kind[0] and kind[0][1:] and kind not in kinds:
                kinds.add(kind)
                waiting.append(Place(link, place.who))


def _opened(house: House, place: Place) -> str | None:
    """The HTML of a page that they are shown; None for a file, a part of a page, or somebody else's."""
    cookies = house.cookies.get(place.who, {})
    with requests.get(house.url + place.path, cookies=cookies, timeout=30, stream=True) as answer:
        if answer.history or (answer.status_code in (401, 403, 404) and place.status == 200):
            return None  # somebody else's; what belongs to whom says tests/console/test_doors.py
        assert answer.status_code == place.status, (place, answer.status_code)
        is_page = answer.headers["Content-Type"].startswith("text/html")
        if is_page and answer.text.lstrip().startswith("<!doctype html>"):
            return answer.text
        house.others.add(route_of(place.path) or "")
        return None
