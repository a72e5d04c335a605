"""Every route by every role: who gets in. A route that stands in no table fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from alerts.main import app
from alerts.storage.engine import session_scope
from alerts.team.actors import Actor, Role, Scope, scopes_of
from alerts.team.keys import create_api_key
from alerts.team.models import ApiKey, Organizer
from alerts.team.organizers import Facts, invite
from tests.api import Api
from tests.conftest import PUBLIC_URL
from tests.story import MARIA, inland_empire

pytestmark = pytest.mark.anyio

READ, WRITE, TALK, SEND, ADMIN, NUMBERS = Scope
TABLE = {
    "GET /v1/lists": READ,
    "POST /v1/lists": WRITE,
    "GET /v1/lists/{list_id}": READ,
    "PATCH /v1/lists/{list_id}": WRITE,
    "DELETE /v1/lists/{list_id}": WRITE,
    "GET /v1/subscribers": READ,
    "POST /v1/subscribers": WRITE,
    "POST /v1/subscribers/find": WRITE,
    "POST /v1/subscribers/proof": WRITE,
    "GET /v1/subscribers/{subscriber_id}": READ,
    "PATCH /v1/subscribers/{subscriber_id}": WRITE,
    "DELETE /v1/subscribers/{subscriber_id}": WRITE,
    "GET /v1/subscribers/{subscriber_id}/consent": READ,
    "POST /v1/subscribers/import": WRITE,
    "GET /v1/subscribers/imports": READ,
    "GET /v1/subscribers/imports/{import_id}": READ,
    "GET /v1/subscribers/imports/{import_id}/refused": READ,
    "POST /v1/subscribers/imports/{import_id}/take-back": WRITE,
    "GET /v1/subscribers/export": READ,
    "GET /v1/actions": READ,
    "POST /v1/actions": WRITE,
    "GET /v1/actions/{action_id}": READ,
    "PATCH /v1/actions/{action_id}": WRITE,
    "POST /v1/actions/{action_id}/cancel": WRITE,
    "GET /v1/actions/{action_id}/rsvps": READ,
    "GET /v1/actions/{action_id}/summary": READ,
    "GET /v1/actions/{action_id}/roster.csv": READ,
    "GET /v1/actions/{action_id}/report": READ,
    "GET /v1/actions/{action_id}/report.csv": READ,
    "POST /v1/actions/{action_id}/reminders": WRITE,
    "GET /v1/actions/{action_id}/reminders": READ,
    "PATCH /v1/actions/{action_id}/reminders/{alert_id}": WRITE,
    "DELETE /v1/actions/{action_id}/reminders/{alert_id}": WRITE,
    "POST /v1/actions/{action_id}/correction": WRITE,
    "GET /v1/actions/{action_id}/correction": READ,
    "GET /v1/actions/{action_id}/kit": READ,
    "POST /v1/kits": WRITE,
    "GET /v1/alerts": READ,
    "POST /v1/alerts": WRITE,
    "POST /v1/alerts/audience": WRITE,
    "GET /v1/alerts/{alert_id}": READ,
    "PATCH /v1/alerts/{alert_id}": WRITE,
    "GET /v1/alerts/{alert_id}/preview": READ,
    "POST /v1/alerts/{alert_id}/test": SEND,
    "POST /v1/alerts/{alert_id}/approve": SEND,
    "POST /v1/alerts/{alert_id}/send": SEND,
    "POST /v1/alerts/{alert_id}/undo": SEND,
    "POST /v1/alerts/{alert_id}/pause": SEND,
    "POST /v1/alerts/{alert_id}/resume": SEND,
    "POST /v1/alerts/{alert_id}/cancel": SEND,
    "GET /v1/alerts/{alert_id}/report": READ,
    "GET /v1/alerts/{alert_id}/report/whole": READ,
    "GET /v1/alerts/{alert_id}/report.csv": READ,
    "GET /v1/alerts/{alert_id}/deliveries": READ,
    "GET /v1/alerts/{alert_id}/events": READ,
    "GET /v1/templates": READ,
    "POST /v1/templates": WRITE,
    "GET /v1/templates/{template_id}": READ,
    "PATCH /v1/templates/{template_id}": WRITE,
    "DELETE /v1/templates/{template_id}": WRITE,
    "GET /v1/templates/{template_id}/versions": READ,
    "GET /v1/conversations": TALK,
    "GET /v1/conversations/{subscriber_id}": TALK,
    "POST /v1/conversations/{subscriber_id}/messages": TALK,
    "POST /v1/conversations/{subscriber_id}/take": TALK,
    "POST /v1/conversations/{subscriber_id}/assign": TALK,
    "POST /v1/conversations/{subscriber_id}/messages/measure": TALK,
    "POST /v1/conversations/{subscriber_id}/read": TALK,
    "POST /v1/conversations/{subscriber_id}/unread": TALK,
    "POST /v1/conversations/{subscriber_id}/close": TALK,
    "POST /v1/conversations/{subscriber_id}/reopen": TALK,
    "GET /v1/canned-answers": TALK,
    "POST /v1/canned-answers": TALK,
    "PATCH /v1/canned-answers/{canned_id}": TALK,
    "DELETE /v1/canned-answers/{canned_id}": TALK,
    "GET /v1/me": READ,
    "GET /v1/organizers": ADMIN,
    "POST /v1/organizers": ADMIN,
    "GET /v1/organizers/{organizer_id}": ADMIN,
    "PATCH /v1/organizers/{organizer_id}": ADMIN,
    "POST /v1/organizers/{organizer_id}/invite": ADMIN,
    "GET /v1/keys": READ,
    "POST /v1/keys": READ,
    "DELETE /v1/keys/{key_id}": READ,
    "GET /v1/audit": ADMIN,
    "POST /v1/lockdown": ADMIN,
    "GET /v1/retention": ADMIN,
}
MAY = {
    Role.VIEWER: {READ},
    Role.ORGANIZER: {READ, WRITE, TALK, SEND},
    Role.ADMIN: {READ, WRITE, TALK, SEND, ADMIN},
}


def routes() -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        if path.startswith("/v1")
        for method in operations
    }


def test_every_route_stands_in_the_table() -> None:
    assert routes() == set(TABLE)


async def _organizer(role: Role, *, may_read_numbers: bool = False) -> Actor:
    async with session_scope() as session:
        facts = Facts(f"{role}{may_read_numbers}@example.org", "Somebody", role, may_read_numbers)
        who = (await invite(session, facts, None)).who
        return Actor(who.id, who.id, "x", scopes_of(role, may_read_numbers=may_read_numbers))


@asynccontextmanager
async def _as(who: Actor | None, *scopes: Scope, days: int = 1) -> AsyncIterator[Api]:
    """The API with a key of theirs, or of nobody's, that may all that they may, or only ``scopes``."""
    until = datetime.now(UTC) + timedelta(days=days)
    async with session_scope() as session:
        given = scopes or (who.scopes if who else ())
        made = await create_api_key(session, "test", set(given), expires_at=until, by=who)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {made.key}"}
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers) as client:
        yield Api(client)


@pytest.mark.parametrize("role", list(Role))
async def test_every_route_for_every_role(api: Api, role: Role) -> None:
    wrong = []
    async with _as(await _organizer(role)) as theirs:
        for name, scope in TABLE.items():
            method, path = name.split()
            for part in [part for part in path.split("/") if part.startswith("{")]:
                path = path.replace(part, "4000000")  # nobody's: whoever gets in finds nothing
            if path.endswith("/events"):
                path = path.replace("/events", "/events?")
            answer = await theirs.client.request(method, path)
            refused = answer.status_code == 403 and answer.json()["code"] == "not_allowed"
            if refused == (scope in MAY[role]) or answer.status_code >= 500:
                wrong.append((name, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("name", sorted(TABLE))
async def test_no_route_is_open_to_nobody(api: Api, name: str) -> None:
    method, path = name.split()
    for header in ({"Authorization": ""}, {"Authorization": "Bearer alerts_nobody"}):
        answer = await api.client.request(method, path.replace("{", "4").replace("}", ""), headers=header)
        assert answer.status_code in (401, 422), answer.text
        if answer.status_code == 401:
            assert answer.json()["code"] == "wrong_key"


@pytest.mark.parametrize("role", list(Role))
async def test_no_role_reads_numbers_by_itself(api: Api, role: Role) -> None:
    made = await api.post("/v1/lists", inland_empire())
    person = {"phone": MARIA, "language": "es", "lists": [made["id"]], "consent": "test"}
    await api.post("/v1/subscribers", person)
    async with _as(await _organizer(role)) as theirs:
        assert MARIA not in str(await theirs.get("/v1/subscribers"))
        assert (await theirs.get("/v1/subscribers/export", 403))["code"] == "may_not_read_numbers"
    async with _as(await _organizer(role, may_read_numbers=True)) as trusted:
        assert MARIA in str(await trusted.get("/v1/subscribers"))


async def test_a_key_may_nothing_that_its_maker_may_not(api: Api) -> None:
    organizer = await _organizer(Role.ORGANIZER)
    async with _as(organizer) as theirs:
        for scope in ("admin", "numbers"):
            refused = await theirs.post("/v1/keys", {"name": "more", "scopes": ["read", scope]}, 403)
            assert refused["code"] == "not_allowed"
        made = await theirs.post("/v1/keys", {"name": "less", "scopes": ["read"]})
        theirs.client.headers["Authorization"] = f"Bearer {made['key']}"
        assert (await theirs.get("/v1/me")) == {"id": organizer.id, "name": "less", "scopes": ["read"]}
        await theirs.post("/v1/lists", inland_empire(), 403)


async def test_whoever_loses_a_role_loses_it_in_their_keys(api: Api) -> None:
    organizer = await _organizer(Role.ORGANIZER)
    async with _as(organizer) as theirs:
        await theirs.post("/v1/lists", inland_empire())
        await api.patch(f"/v1/organizers/{organizer.id}", {"role": "viewer"})
        assert (await theirs.post("/v1/lists", inland_empire(), 403))["code"] == "not_allowed"
        await api.patch(f"/v1/organizers/{organizer.id}", {"disabled": True})
        await theirs.get("/v1/lists", 401)
        await api.patch(f"/v1/organizers/{organizer.id}", {"disabled": False})
        await theirs.get("/v1/lists", 401)  # back, but their old keys are not


async def test_keys_are_ones_own(api: Api) -> None:
    async with _as(await _organizer(Role.ORGANIZER)) as mine, _as(await _organizer(Role.VIEWER)) as theirs:
        [own] = (await theirs.get("/v1/keys"))["items"]
        assert own["used_at"]
        refused = await mine.client.delete(f"/v1/keys/{own['id']}")
        assert refused.status_code == 404
        assert len((await api.get("/v1/keys"))["items"]) == 3  # an admin sees all, and ends any
        assert (await api.client.delete(f"/v1/keys/{own['id']}")).status_code == 204
        await theirs.get("/v1/keys", 401)


async def test_a_key_of_nobodys_makes_no_second_person(api: Api) -> None:
    async with _as(None, READ, WRITE, SEND) as program:
        refused = await program.post("/v1/keys", {"name": "another", "scopes": ["read", "send"]}, 403)
        assert refused["code"] == "not_allowed"
    await api.post("/v1/keys", {"name": "another", "scopes": ["read", "send"]})  # an admin may


async def test_a_key_ends_when_it_expires(api: Api) -> None:
    async with _as(None, READ) as program:
        await program.get("/v1/lists")
        async with session_scope() as session:
            await session.execute(update(ApiKey).values(expires_at=datetime.now(UTC)))
        await program.get("/v1/lists", 401)


async def test_the_last_admin_stays_one(api: Api) -> None:
    admin = await _organizer(Role.ADMIN)
    for change in ({"role": "viewer"}, {"disabled": True}):
        assert (await api.patch(f"/v1/organizers/{admin.id}", change, 409))["code"] == "last_admin"
    async with session_scope() as session:
        assert (await session.get_one(Organizer, admin.id)).role == Role.ADMIN
