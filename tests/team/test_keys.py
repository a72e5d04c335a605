"""Keys of keys, and when a key ends: with its time, with the key that made it, with its owner's password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from alerts.main import app
from alerts.storage.engine import session_scope
from alerts.team import keys
from alerts.team.actors import Actor, Scope
from alerts.team.keys import NewApiKey, WrongKey, create_api_key, key_holder
from alerts.team.models import ApiKey
from tests.api import Api
from tests.conftest import PUBLIC_URL
from tests.console.browser import PASSWORD, browser, invited

pytestmark = pytest.mark.anyio
NEW_PASSWORD = "copper window walrus eleven"


async def _made(by: Actor | None = None, until: datetime | None = None) -> NewApiKey:
    async with session_scope() as session:
        return await create_api_key(session, "a sheet", {Scope.READ, Scope.ADMIN}, expires_at=until, by=by)


async def _holder(made: NewApiKey) -> Actor:
    async with session_scope() as session:
        return await key_holder(session, made.key)


async def _end(made: NewApiKey, by: Actor) -> None:
    async with session_scope() as session:
        await keys.revoke(session, made.row.id, by)


async def _with(key: str, body: dict[str, Any]) -> dict[str, Any]:
    transport = httpx.ASGITransport(app)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers) as client:
        return dict((await client.post("/v1/keys", json=body)).json())


async def test_a_key_ends_with_the_one_that_made_it(api: Api) -> None:
    first = await _made()
    second = await _made(await _holder(first))
    third = await _made(await _holder(second))
    beside = await _made()
    await _end(first, await _holder(beside))
    for ended in (first, second, third):
        with pytest.raises(WrongKey):
            await _holder(ended)
    assert await _holder(beside)
    async with session_scope() as session:
        shown, _ = await keys.page_of_keys(session, None, 10)
    assert [row.id for row in shown][-1:] == [beside.row.id]
    assert not {first.row.id, second.row.id, third.row.id} & {row.id for row in shown}


async def test_a_key_that_is_being_made_meanwhile_ends_too(database: None) -> None:
    first = await _made()
    by = await _holder(first)
    async with session_scope() as session:
        second = await create_api_key(session, "a thief's", {Scope.READ}, by=by)
        await _end(first, by)
    with pytest.raises(WrongKey):
        await _holder(second)


async def test_a_key_works_no_longer_than_the_one_that_made_it(api: Api) -> None:
    until = datetime.now(UTC) + timedelta(days=1)
    first = await _made(until=until)
    much_later = (until + timedelta(days=300)).isoformat()
    for asked in ({}, {"expires_at": None}, {"expires_at": much_later}):
        made = await _with(first.key, {"name": "x", "scopes": ["read"], **asked})
        assert datetime.fromisoformat(made["expires_at"]) == until
    sooner = until - timedelta(hours=1)
    made = await _with(first.key, {"name": "x", "scopes": ["read"], "expires_at": sooner.isoformat()})
    assert datetime.fromisoformat(made["expires_at"]) == sooner


async def test_a_key_ends_some_day_unless_somebody_says_otherwise(api: Api) -> None:
    first = await _made()
    made = await _with(first.key, {"name": "x", "scopes": ["read"]})
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=keys.DAYS - 1) < left <= timedelta(days=keys.DAYS)
    made = await _with(first.key, {"name": "x", "scopes": ["read"], "expires_at": None})
    assert made["expires_at"] is None


async def _working() -> int:
    """Keys of organizers that work."""
    async with session_scope() as session:
        query = select(func.count()).where(ApiKey.organizer_id.is_not(None), ApiKey.revoked_at.is_(None))
        return int(await session.scalar(query) or 0)


async def test_whoever_opens_the_pages_makes_no_key_without_the_password(api: Api) -> None:
    form = {"name": "Tally", "read": "1"}
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org"))
        page = (await one.submit("/account/keys", form, 422, on="/account")).text
        assert "Type in your own password, too." in page
        await one.submit("/account/keys", form | {"password": "wrong"}, 401, on="/account")
        assert await _working() == 0
        await one.submit("/account/keys", form | {"password": PASSWORD, "days": "365"}, 200, on="/account")
        await one.submit("/account/keys", form | {"password": PASSWORD, "days": "9999"}, 200, on="/account")
    async with session_scope() as session:
        rows = await session.scalars(select(ApiKey).where(ApiKey.name == "Tally").order_by(ApiKey.id))
        days = [
            round((row.expires_at - row.created_at) / timedelta(days=1)) for row in rows if row.expires_at
        ]
    assert days == [365, 90]


async def test_a_new_password_ends_keys_where_one_wants_it(api: Api) -> None:
    form = {"password": PASSWORD, "new": NEW_PASSWORD}
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org"))
        key = {"name": "Tally", "read": "1", "password": PASSWORD}
        await one.submit("/account/keys", key, 200, on="/account")
        await one.submit("/account/password", form, on="/account")
        assert await _working() == 1
        form = {"password": NEW_PASSWORD, "new": PASSWORD, "keys": "1"}
        await one.submit("/account/password", form, on="/account")
        assert await _working() == 0


async def test_another_invitation_ends_keys_when_it_is_used(api: Api) -> None:
    async with browser() as one, browser() as two:
        await one.settle_in(await invited("ana@example.org"))
        key = {"name": "Tally", "read": "1", "password": PASSWORD}
        await one.submit("/account/keys", key, 200, on="/account")
        answer = await one.submit("/team/2/invite", {"password": PASSWORD}, 200, on="/team/2")
        assert await _working() == 1
        [link] = [part for part in answer.text.split("<") if "/welcome/" in part]
        await two.settle_in(link.rpartition(">")[2])
        assert await _working() == 0
