"""Lockdown, against whatever is under way at that moment and whatever comes in after it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import text

from alerts.broadcasts import fanout, lifecycle, live
from alerts.broadcasts.batches import LOOK_AGAIN_SECONDS, Batch
from alerts.broadcasts.locking import lock_down, unlock
from alerts.carrier.sending import NotWanted
from alerts.carrier.simulator.server import SimulatorServer
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.subscribers import exports
from alerts.subscribers.finding import Sought
from alerts.team import keys, organizers, sessions
from alerts.team.actors import Actor, Role, Scope
from alerts.team.codes import secrets_of
from alerts.team.keys import WrongKey, create_api_key, key_holder
from alerts.team.lockdown import LockedDown
from alerts.team.organizers import Facts, invite
from alerts.team.still_in import ShutOut
from tests.api import Api
from tests.broadcasts.test_callbacks import maria
from tests.console.browser import PASSWORD, code_at
from tests.story import alert, lobby_action
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
HERE = sessions.Browser("192.0.2.0/24", "Firefox")


async def _locked() -> list[int]:
    async with session_scope() as session:
        return (await lock_down(session, "A phone was seized."))[1]


async def _unlocked() -> list[int] | None:
    async with session_scope() as session:
        return await unlock(session)


async def _state(alert_id: int) -> str:
    async with session_scope() as session:
        return str(await session.scalar(text("SELECT state FROM alerts WHERE id = :id"), {"id": alert_id}))


async def test_a_text_that_the_carrier_gives_back_waits_for_somebody_to_look(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    assert await _locked() == []  # it was over
    await api.status(int(str(row["id"])), str(row["message_sid"]), "failed", ErrorCode="30001")
    async with session_scope() as session:
        await session.execute(text("UPDATE deliveries SET not_before = NULL"))
    assert await _state(called) == "sending"
    assert await worker.tick() == []
    assert await worker.fan_out(called) == 0
    assert await _unlocked() == [called]
    assert await worker.fan_out(called) == 0
    assert await _state(called) == "paused"
    assert len(sent(twilio)) == 3


async def test_a_sending_that_was_under_way_when_it_began_sends_nothing(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    draft = (await api.post("/v1/alerts", alert(inland, action["id"])))["id"]
    async with session_scope() as session:
        await lifecycle.send(session, draft)
        assert await _locked() == []
    assert await _state(draft) == "sending"
    assert await worker.fan_out(draft) == 0
    async with session_scope() as session:
        await fanout.prepare(session, draft, settings().senders)
    assert await worker.claim(draft) == []
    assert await worker.tick() == []
    assert await _unlocked() == [draft]
    assert await worker.fan_out(draft) == 0
    assert sent(twilio) == []


async def test_what_was_claimed_and_has_not_left_does_not_leave(
    called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    claimed = await worker.claim(called)
    assert len(claimed) == 3
    now = asyncio.get_running_loop().time()
    batch = Batch(now - LOOK_AGAIN_SECONDS - 1)
    batch.unsent = {one.id: one.attempt for one in claimed}
    await _locked()
    async with session_scope() as session:  # one whose sending was under way when it began
        await session.execute(text("UPDATE alerts SET state = 'sending'"))
    for one in claimed:
        assert await batch.look_again(one.id, now, {}) == NotWanted(left=False)


async def test_whoever_was_signing_in_when_it_began_is_not_in(database: None) -> None:
    async with session_scope() as session:
        token = (await invite(session, Facts("ana@example.org", "Ana", Role.ADMIN), None)).token
    async with session_scope() as session:
        code = code_at(secrets_of(token)[0], time.time())
        who, _ = await organizers.settle_in(session, token, PASSWORD, code, HERE.network)
        cookie = await sessions.begin(session, who, HERE)
        locking = asyncio.create_task(_locked())  # waits for the row of who settles in
        await asyncio.sleep(0.2)
    await locking
    assert await _signed_in(cookie) is None
    await _unlocked()
    assert await _signed_in(cookie) is None


async def _signed_in(cookie: str) -> sessions.SignedIn | None:
    async with session_scope() as session:
        return await sessions.signed_in(session, cookie, HERE.network)


async def test_a_key_that_was_being_made_when_it_began_opens_nothing(database: None) -> None:
    async with session_scope() as session:
        made = await create_api_key(session, "a thief's", {Scope.READ})
        await _locked()
    async with session_scope() as session:
        with pytest.raises(LockedDown):
            await key_holder(session, made.key)
    await _unlocked()
    async with session_scope() as session:
        with pytest.raises(WrongKey):
            await key_holder(session, made.key)


async def test_a_second_lockdown_ends_what_came_since(database: None) -> None:
    async with session_scope() as session:
        made = await create_api_key(session, "a thief's", {Scope.READ})
        await _locked()
    await _locked()
    async with session_scope() as session:
        assert await keys.page_of_keys(session, None, 10) == ([], None)
        assert await session.scalar(text("SELECT count(*) FROM lockdowns")) == 1
        with pytest.raises(WrongKey):
            await key_holder(session, made.key)


async def test_nobody_is_let_in_while_it_holds(database: None) -> None:
    async with session_scope() as session:
        pending = await invite(session, Facts("ana@example.org", "Ana", Role.ADMIN), None)
        await _locked()
    async with session_scope() as session:
        with pytest.raises(LockedDown):
            await create_api_key(session, "new", {Scope.READ})
        with pytest.raises(LockedDown):
            await invite(session, Facts("bea@example.org", "Bea", Role.ADMIN), None)
        with pytest.raises(LockedDown):
            await organizers.invite_again(session, pending.who.id, None)
        with pytest.raises(LockedDown):  # it was made while the lockdown began
            await organizers.welcomed(session, pending.token)


async def _revoked(by: Actor) -> None:
    async with session_scope() as session:
        await keys.revoke(session, by.id, by)


async def _all_locked(by: Actor) -> None:
    await _locked()


async def _numbers_taken(by: Actor) -> None:
    async with session_scope() as session:
        await session.execute(text("UPDATE api_keys SET scopes = '{read}'"))


@pytest.mark.parametrize("end", [_revoked, _all_locked, _numbers_taken])
async def test_a_file_breaks_off_when_its_reader_is_shut_out(
    inland: int, end: Callable[[Actor], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 1)
    async with session_scope() as session:
        made = await create_api_key(session, "a sheet", {Scope.READ, Scope.NUMBERS})
        by = await key_holder(session, made.key)
        answer = await exports.subscribers_file(session, Sought(), by)
    pieces = aiter(answer.body_iterator)
    got = [await anext(pieces) for _ in range(3)]  # Excel's mark, the names of the columns, one person
    assert "+1" in str(got[-1])
    await end(by)
    with pytest.raises(ShutOut):
        await anext(pieces)


async def test_a_file_breaks_off_when_its_reader_is_signed_out(
    inland: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 1)
    async with session_scope() as session:
        facts = Facts("ana@example.org", "Ana", Role.ADMIN, may_read_numbers=True)
        who = (await invite(session, facts, None)).who
        cookie = await sessions.begin(session, who, HERE)
    reader = await _signed_in(cookie)
    assert reader
    async with session_scope() as session:
        answer = await exports.subscribers_file(session, Sought(), reader.actor)
    pieces = aiter(answer.body_iterator)
    got = [await anext(pieces) for _ in range(3)]
    assert "+1" in str(got[-1])
    async with session_scope() as session:
        await sessions.end_sessions_of(session, reader.who.id, reader.actor)
    with pytest.raises(ShutOut):
        await anext(pieces)


async def test_watching_an_alert_ends_with_its_watcher(called: int) -> None:
    async with session_scope() as session:
        made = await create_api_key(session, "a screen", {Scope.READ})
        by = await key_holder(session, made.key)
    seen = live.progress(called, by)
    assert "event: progress" in await anext(seen)
    await _locked()
    async with asyncio.timeout(10):
        assert [one async for one in seen] == []
