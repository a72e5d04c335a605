"""Every curl command of the documents is run against the whole application, and answers as they say."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from alerts.storage.engine import session_scope
from alerts.team.models import AuditEntry
from docs.calls import Call, api_document, every_call, page
from tests.api import Api
from tests.conftest import PUBLIC_URL
from tests.docs.curl import request_of
from tests.story import MARIA, alert, inland_empire, lobby_action
from tests.worker import Worker

pytestmark = pytest.mark.anyio

CALLS = every_call(api_document())
Prepare = Callable[[Api, dict[str, str]], Awaitable[None]]
ENLIST = {"en": "ENLIST", "es": "ALISTAR"}
PEOPLE = "phone,name\n909 555 0107,\n12,\n"


async def _base(api: Api) -> dict[str, str]:
    """A list with Maria on it, four actions, and a draft that asks who comes: examples name them."""
    made = await api.post("/v1/lists", inland_empire(name="Everybody", join_words=ENLIST))
    await api.text(MARIA, "ALISTAR")
    for _ in range(4):
        action = await api.post("/v1/actions", lobby_action())
    draft = await api.post("/v1/alerts", alert(made["id"], action["id"]))
    [maria] = (await api.get("/v1/subscribers"))["items"]
    ids = {"LIST": made, "ACTION": action, "ALERT": draft, "SUBSCRIBER": maria}
    return {name: str(one["id"]) for name, one in ids.items()}


def _then(*steps: tuple[str, str, Any, int]) -> Prepare:
    """Do these first. An answer's id is kept as the variable that a step names."""

    async def prepare(api: Api, ids: dict[str, str]) -> None:
        for variable, path, body, status in steps:
            where = re.sub(r"\$(\w+)", lambda match: ids[match[1]], path)
            answer = await api.post(where, body, status)
            if variable:
                ids[variable] = str(answer["id"])

    return prepare


async def _sent_later(api: Api, ids: dict[str, str]) -> None:
    later = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    await api.patch(f"/v1/alerts/{ids['ALERT']}", {"send_at": later})
    await api.post(f"/v1/alerts/{ids['ALERT']}/send", status=202)


async def _asked_us(api: Api, ids: dict[str, str]) -> None:
    await api.text(MARIA, "A que hora sale el camion?")


async def _imported(api: Api, ids: dict[str, str]) -> None:
    query = f"lists={ids['LIST']}&language=es&consent_source=sheet&consent_date=2026-11-20"
    headers = {"Content-Type": "text/csv"}
    answer = await api.client.post(
        f"/v1/subscribers/import?{query}", content=PEOPLE.encode(), headers=headers
    )
    assert answer.status_code == 202, answer.text
    ids["IMPORT"] = str(answer.json()["id"])


SENT = ("", "/v1/alerts/$ALERT/send", None, 202)
PAUSED = ("", "/v1/alerts/$ALERT/pause", None, 200)
OVER = ("", "/v1/alerts/$ALERT/cancel", None, 200)
REMINDER = {
    "before": "P1D",
    "answers": ["yes"],
    "text": {"en": "Tomorrow: {title}", "es": "Mañana: {title}", "so": "Berri: {title}"},
}
TEMPLATE = ("TEMPLATE", "/v1/templates", {"name": "Ask", "text": {"en": "Come"}}, 201)
CANNED = ("CANNED", "/v1/canned-answers", {"name": "Bus", "text": {"en": "At 6."}}, 201)
ROSA = {"email": "rosa@example.org", "name": "Rosa", "role": "organizer"}
INVITED = ("ORGANIZER", "/v1/organizers", ROSA, 201)
KEY = ("OTHER_KEY", "/v1/keys", {"name": "spare", "scopes": ["read"]}, 201)

# What must have happened before a call makes sense, by the call or by a variable of its command.
BEFORE: dict[str, Prepare] = {
    "delete_list": _then(
        ("LIST", "/v1/lists", {"name": "Short", "join_words": {"en": "SHORTLY"}, "timezone": "UTC"}, 201)
    ),
    "undo": _sent_later,
    "pause": _then(SENT),
    "resume": _then(SENT, PAUSED),
    "cancel": _then(SENT),
    "report": _then(SENT),
    "events": _then(SENT, PAUSED, OVER),
    "change_reminder": _then(("ALERT", "/v1/actions/$ACTION/reminders", REMINDER, 201)),
    "remove_reminder": _then(("ALERT", "/v1/actions/$ACTION/reminders", REMINDER, 201)),
    "take": _then(INVITED),
    "assign": _then(INVITED),
    "$TEMPLATE": _then(TEMPLATE),
    "$CANNED": _then(CANNED),
    "$ORGANIZER": _then(INVITED),
    "/v1/conversations/": _asked_us,
    "$IMPORT": _imported,
    "$OTHER_KEY": _then(KEY),
}


@pytest.fixture
async def shell(api: Api, trusted_api: Api, tmp_path: Path) -> tuple[Api, dict[str, str]]:
    """The variables that a person has set, and somebody else who has prepared what the calls are about."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    ids = await _base(api)
    key = trusted_api.client.headers["Authorization"].removeprefix("Bearer ")
    return api, {"ALERTS": PUBLIC_URL, "KEY": key, **ids}


def _of_today(body: bytes | None) -> bytes | None:
    """Dates of the examples are of the end of 2026; in later years they are as far off as they were then."""
    late = max(0, (datetime.now(UTC).date() - date(2026, 11, 24)).days)

    def moved(match: re.Match[bytes]) -> bytes:
        day = date.fromisoformat(match[0].decode())
        return (day + timedelta(days=late)).isoformat().encode()

    return body and re.sub(rb"\b20\d\d-\d\d-\d\d\b", moved, body)


async def _entries() -> int:
    """How much stands in the audit trail, but for whole numbers in answers."""
    query = select(func.count()).select_from(AuditEntry).where(AuditEntry.what != "read")
    async with session_scope() as session:
        return await session.scalar(query) or 0


# They change nothing, or only that somebody has seen something.
LEAVE_NO_ENTRY = {"count_audience", "measure_message", "mark_read"}


@pytest.mark.parametrize("call", CALLS, ids=[call.name for call in CALLS])
async def test_every_command_is_answered_as_the_documents_say(
    call: Call, shell: tuple[Api, dict[str, str]], worker: Worker, tmp_path: Path
) -> None:
    api, variables = shell
    for when, prepare in BEFORE.items():
        if when == call.name or (when.startswith(("$", "/")) and when in call.command):
            await prepare(api, variables)
    request = request_of(call.command, variables, tmp_path)
    if call.name == "draft_correction":
        await _then(SENT)(api, variables)
        await worker.fan_out(int(variables["ALERT"]))
        await api.patch(f"/v1/actions/{variables['ACTION']}", {"place": "Gate 9"})
    if call.name == "approve":
        seen = await api.get(f"/v1/alerts/{variables['ALERT']}/preview")
        request.body = (request.body or b"").replace(
            b"3f9a1c0b7d52e684", seen["approval"]["version"].encode()
        )
    if call.name == "assign":
        request.body = f'{{"organizer": {variables["ORGANIZER"]}}}'.encode()
    before = await _entries()
    transport = httpx.ASGITransport(api.client._transport.app)  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport) as browser:
        answer = await browser.request(
            request.method, request.url, headers=request.headers, content=_of_today(request.body)
        )
    # No worker lives here; tests/journeys see it ready.
    told = "503" if call.name == "readyz" else call.status
    assert str(answer.status_code) == told, (call.command, answer.text)
    if request.method != "GET":
        assert (await _entries() > before) == (call.name not in LEAVE_NO_ENTRY)


def test_the_page_has_every_call_once() -> None:
    text = page(api_document())
    assert all(text.count(f"```sh\n{call.command}\n```") == 1 for call in CALLS)
    assert text.count("```sh\n") == len(CALLS)


@pytest.mark.parametrize(
    "command", ['curl -sS --insecure "http://x"', 'curl -sS "$NOBODY/x"', 'wget "http://x"']
)
def test_a_command_that_cannot_be_run_is_seen(command: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"curl|NOBODY"):
        request_of(command, {}, tmp_path)
