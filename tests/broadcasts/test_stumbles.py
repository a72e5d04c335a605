"""An alert that cannot be worked on stops no other, and is paused when it fails again and again."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import stumbles
from alerts.broadcasts.dispatch import Dispatch
from alerts.broadcasts.statements import MOST_STUMBLES
from alerts.carrier.pacing import Pacer
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from alerts.storage.redis import async_redis
from tests.api import Api
from tests.story import alert, lobby_action
from tests.worker import Worker
from workers import clock

pytestmark = pytest.mark.anyio
TEXTS = {"en": "Hi", "es": "Hola", "so": "Nabad"}
SOME_DAY = "2099-01-01T00:00:00Z"


async def change(statement: str, **given: object) -> None:
    async with session_scope() as session:
        await session.execute(text(statement), given)


async def scheduled(api: Api, inland: int, action: int | None = None) -> int:
    # It says itself where the action is: else it would be a draft again once that changes.
    said = {language: words + " {where}" if action else words for language, words in TEXTS.items()}
    made = await api.post("/v1/alerts", alert(inland, action, text=said, send_at=SOME_DAY))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    return int(made["id"])


async def break_seal(alert_id: int, column: str = "text") -> None:
    await change(f"UPDATE alerts SET {column} = {column} || '\\x00'::bytea WHERE id = :id", id=alert_id)


async def stands(alert_id: int) -> Any:
    async with session_scope() as session:
        found = await session.execute(
            text("SELECT state, trouble, stumbles FROM alerts WHERE id = :id"), {"id": alert_id}
        )
        return found.one()


async def test_a_scheduled_alert_whose_seal_is_broken_keeps_no_other_from_starting(
    api: Api, inland: int, worker: Worker
) -> None:
    broken, whole = [await scheduled(api, inland) for _ in range(2)]
    await break_seal(broken)
    await change("UPDATE alerts SET due_at = now()")
    await clock.tick(1)
    assert (await stands(whole)).state == "sending"
    for number in (2, 3):
        assert (await stands(broken)).state == "scheduled"
        await clock.tick(number)
    paused = await stands(broken)
    assert paused.state == "paused"
    assert "SealBroken" in paused.trouble


@pytest.mark.parametrize("stands_now", ["scheduled", "paused"])
async def test_one_whose_action_was_moved_and_that_does_not_open_stops_nothing(
    api: Api, inland: int, worker: Worker, stands_now: str
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    broken, whole = [await scheduled(api, inland, action["id"]) for _ in range(2)]
    await break_seal(broken)
    await change(
        "UPDATE alerts SET state = :state, trouble = 'Somebody looks at it.' WHERE id = :id",
        state=stands_now,
        id=broken,
    )
    await api.patch(f"/v1/actions/{action['id']}", {"place": "Shakopee"})
    await change("UPDATE alerts SET due_at = now() WHERE id = :id", id=whole)
    for number in range(1, 5):
        await clock.tick(number)
    assert (await stands(whole)).state == "sending"
    paused = await stands(broken)
    assert (paused.state, paused.stumbles) == ("paused", 3)  # and it is let be


async def test_a_duty_of_the_clock_that_breaks_stops_no_other(
    api: Api, inland: int, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = await scheduled(api, inland)
    await change("UPDATE alerts SET due_at = now()")

    async def breaks(session: AsyncSession) -> None:
        await session.execute(text("UPDATE alerts SET urgent = true"))
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(clock, "DUTIES", ((1, breaks), *clock.DUTIES, (1, breaks)))
    await clock.tick(1)
    assert (await stands(due)).state == "sending"
    assert not (await api.get(f"/v1/alerts/{due}"))["urgent"]


async def test_that_no_connection_was_free_is_nobodys_fault(api: Api, called: int) -> None:
    with pytest.raises(NoConnectionFree):
        async with stumbles.noted(called):
            raise NoConnectionFree
    assert (await stands(called)).stumbles == 0


async def hiccup(alert_id: int) -> None:
    async with stumbles.noted(alert_id):
        raise RuntimeError("a hiccup")


async def test_hiccups_between_which_texts_went_out_pause_nothing(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    for _ in range(MOST_STUMBLES):
        await hiccup(called)
        assert (await stands(called)).stumbles == 1
        assert await worker.dispatch.stint() == 3
        await change("UPDATE deliveries SET state = 'waiting', message_sid = NULL")
        await change("UPDATE alerts SET state = 'sending', finished_at = NULL")
    assert (await stands(called)).state == "sending"


async def test_an_alert_for_a_sender_that_has_no_pace_is_paused_and_says_so(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    strange = Dispatch(worker.carrier, Pacer(async_redis(), {}), worker.senders)
    for _ in range(MOST_STUMBLES):
        assert await strange.stint(0.1) == 0
    paused = await stands(called)
    assert paused.state == "paused"
    assert "not one of our senders" in paused.trouble
