"""Whoever opens unusually many numbers is noticed: every admin who gave a number gets a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from alerts.broadcasts import lifecycle
from alerts.broadcasts.alarms import raise_alarms
from alerts.broadcasts.locking import lock_down
from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.languages import Language
from alerts.language.segments import segments
from alerts.main import app
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.subscribers import finding
from alerts.subscribers.taking import stint
from alerts.team.actors import Actor, Role, Scope, scopes_of
from alerts.team.keys import create_api_key
from alerts.team.models import Organizer
from alerts.team.organizers import Facts, invite
from tests.api import Api
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
ADMIN, OTHER = "+19095550151", "+19095550152"


@pytest.fixture
async def admins(api: Api) -> None:
    async with session_scope() as session:
        for email, role, phone, language in (
            ("ana@example.org", Role.ADMIN, ADMIN, Language.ES),
            ("ali@example.org", Role.ADMIN, None, Language.EN),
            ("rosa@example.org", Role.ORGANIZER, OTHER, Language.EN),
        ):
            who = (await invite(session, Facts(email, "x", role, phone=phone), None)).who
            (await session.get_one(Organizer, who.id)).language = language


@pytest.fixture
def seven(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """More than seven numbers an hour are unusual."""
    monkeypatch.setenv("NUMBERS_ALARM_ABOVE", "7")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def _look() -> None:
    async with session_scope() as session:
        await raise_alarms(session)


@pytest.mark.usefixtures("inland", "admins", "seven")
async def test_too_many_are_told_once_an_hour(
    trusted_api: Api, worker: Worker, twilio: SimulatorServer, caplog: pytest.LogCaptureFixture
) -> None:
    await trusted_api.get("/v1/subscribers")
    await trusted_api.client.get("/v1/subscribers/export")
    await _look()
    await worker.fan_out(0)
    assert sent(twilio) == []  # six
    for _ in range(3):
        await trusted_api.get("/v1/subscribers")
        await _look()
    await worker.fan_out(0)
    [alarm] = sent(twilio)
    assert alarm.to == ADMIN
    assert "ALARMA" in alarm.body
    assert "/team/lockdown" in alarm.body
    assert segments(alarm.body).parts <= 2
    assert "unusually many numbers" in caplog.text
    assert ADMIN not in caplog.text
    [entry] = (await trusted_api.get("/v1/audit?noun=actor"))["items"]
    assert entry["facts"] == {"people": 9, "told": 1}


async def test_masked_numbers_are_nobodys_business(api: Api, inland: int) -> None:
    await api.get("/v1/subscribers")
    assert (await api.get("/v1/audit?noun=numbers"))["items"] == []


def _shows_a_number(operation: dict[str, Any], schemas: dict[str, Any]) -> bool:
    """Whether an answer that is no error has a field ``phone``, however deep."""
    seen: set[str] = set()

    def within(node: Any) -> bool:
        if isinstance(node, list):
            return any(map(within, node))
        if not isinstance(node, dict):
            return False
        name = str(node.get("$ref", "")).rpartition("/")[2]
        if name and name not in seen:
            seen.add(name)
            if within(schemas[name]):
                return True
        return "phone" in node.get("properties", {}) or any(map(within, node.values()))

    return any(within(answer) for status, answer in operation["responses"].items() if status[0] == "2")


def _routes_that_show_numbers() -> set[str]:
    document = app.openapi()
    return {
        f"{method.upper()} {path}"
        for path, calls in document["paths"].items()
        for method, operation in calls.items()
        if path.startswith("/v1") and _shows_a_number(operation, document["components"]["schemas"])
    }


# Each route of the document whose answer has a number, with what it is sent.
OPENS = {
    "GET /v1/subscribers": None,
    "POST /v1/subscribers": {"phone": ADMIN, "language": "es", "lists": [1], "consent": "test"},
    "POST /v1/subscribers/find": {"phone": "+19095550101"},
    "POST /v1/subscribers/proof": {"phone": "+19095550101"},
    "GET /v1/subscribers/{subscriber_id}": None,
    "PATCH /v1/subscribers/{subscriber_id}": {"tags": ["night"]},
    "DELETE /v1/subscribers/{subscriber_id}": None,
    "GET /v1/conversations": None,
    "GET /v1/conversations/{subscriber_id}": None,
    "POST /v1/conversations/{subscriber_id}/messages": {"text": "Inside."},
    "POST /v1/conversations/{subscriber_id}/take": {"name": "Ana"},
    "POST /v1/conversations/{subscriber_id}/assign": {"organizer": None},
    "POST /v1/conversations/{subscriber_id}/read": None,
    "POST /v1/conversations/{subscriber_id}/unread": None,
    "POST /v1/conversations/{subscriber_id}/close": None,
    "POST /v1/conversations/{subscriber_id}/reopen": None,
}
FILES = ("/v1/subscribers/export?language=es", "/v1/subscribers/imports/1/refused")


def test_every_route_that_shows_a_number_stands_in_the_table() -> None:
    assert _routes_that_show_numbers() == set(OPENS)


@pytest.mark.parametrize("name", sorted(OPENS))
async def test_every_way_to_open_numbers_is_written_down(
    trusted_api: Api, api: Api, inland: int, name: str
) -> None:
    await trusted_api.text("+19095550103", "Where do we meet if it rains, can somebody tell me?")
    method, path = name.replace("{subscriber_id}", "3").split()
    for client, opened in ((api.client, False), (trusted_api.client, True)):
        answer = await client.request(method, path, json=OPENS[name])
        assert answer.is_success or (path.endswith("/proof") and answer.status_code == 403), answer.text
        assert ("+1909555" in answer.text) == opened
        entries = (await api.get("/v1/audit?noun=numbers"))["items"]
        read = [one for one in entries if one["what"].startswith("read")]
        assert sum(one["facts"]["people"] for one in read) == answer.text.count('"phone"') * opened


async def test_files_of_numbers_are_written_down(trusted_api: Api, inland: int) -> None:
    given = f"?lists={inland}&language=en&consent_source=sheet&consent_date=2026-01-01"
    head = {"Content-Type": "text/csv"}
    await trusted_api.client.post("/v1/subscribers/import" + given, content=b"phone\n12\n", headers=head)
    while await stint():
        pass
    for path in FILES:
        assert (await trusted_api.client.get(path)).is_success
    entries = (await trusted_api.get("/v1/audit?noun=numbers"))["items"]
    assert [(one["what"], one["facts"]["people"]) for one in entries] == [
        ("exported", 1),
        ("read the refused rows of", 1),
    ]


async def _keys(email: str, many: int, *scopes: Scope) -> list[str]:
    """Keys of one organizer who may read numbers."""
    async with session_scope() as session:
        who = (await invite(session, Facts(email, "x", Role.ORGANIZER, True), None)).who
        by = Actor(who.id, who.id, "x", scopes_of(who.role, may_read_numbers=True))
        return [(await create_api_key(session, "one", set(scopes), by=by)).key for _ in range(many)]


@pytest.mark.usefixtures("inland", "admins", "seven")
async def test_several_keys_of_one_person_are_one_person(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    for key in await _keys("eva@example.org", 3, Scope.READ, Scope.NUMBERS):
        api.client.headers["Authorization"] = f"Bearer {key}"
        await api.get("/v1/subscribers")
    await _look()
    await worker.fan_out(0)
    [alarm] = sent(twilio)
    assert "9" in alarm.body


@pytest.mark.usefixtures("inland", "admins")
async def test_who_tries_many_numbers_is_stopped_and_the_admins_are_told(
    api: Api, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_LOOKS", 2)
    for status in (404, 404):
        await api.post("/v1/subscribers/find", {"phone": OTHER}, status)
    await _look()
    for _ in range(2):
        await api.post("/v1/subscribers/find", {"phone": OTHER}, 429)
    for _ in range(2):
        await _look()
    await worker.fan_out(0)
    [alarm] = sent(twilio)
    assert alarm.to == ADMIN
    stopped = [one["what"] for one in (await api.get("/v1/audit?noun=numbers"))["items"]]
    assert stopped == ["looked for", "looked for", "looked for too often"]


async def _trouble(alert_id: int) -> None:
    async with session_scope() as session:
        await lifecycle.pause(session, alert_id, "Twilio's account is not active (Twilio's code 20005)")


@pytest.mark.usefixtures("admins")
async def test_an_alert_that_the_system_paused_is_told_once_each_time(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await _trouble(called)
    for _ in range(2):
        await _look()
    await worker.fan_out(0)
    [alarm] = sent(twilio)
    assert alarm.to == ADMIN
    assert "se detuvo" in alarm.body
    assert f"/alerts/{called}" in alarm.body
    assert segments(alarm.body).parts <= 2
    await api.post(f"/v1/alerts/{called}/resume", status=200)
    await _trouble(called)
    await _look()
    await worker.fan_out(0)
    assert len([one for one in sent(twilio) if one.to == ADMIN]) == 2


@pytest.mark.usefixtures("admins")
async def test_who_pauses_an_alert_or_locks_down_needs_not_be_told(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.post(f"/v1/alerts/{called}/pause", status=200)
    await _look()
    await api.post(f"/v1/alerts/{called}/resume", status=200)
    async with session_scope() as session:
        await lock_down(session, "a phone was lost")
    await _look()
    async with session_scope() as session:
        assert await session.scalar(text("SELECT count(*) FROM audit WHERE what = 'alarm: paused'")) == 0
