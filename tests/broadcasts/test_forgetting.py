"""What alerts hold of somebody who asked to be forgotten: no letter, no way to their number, no open end."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from alerts.broadcasts.batches import LOOK_AGAIN_SECONDS, Batch
from alerts.broadcasts.claims import claim_letters
from alerts.broadcasts.letters import forget
from alerts.broadcasts.models import Alert, Delivery, Progress
from alerts.broadcasts.outcomes import record
from alerts.carrier.sending import Accepted
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import autocommit, session_scope
from tests.api import Api
from tests.broadcasts.letters import change, someone, write
from tests.broadcasts.test_dispatch import sent
from tests.story import JAMES, MARIA
from tests.worker import Worker

pytestmark = pytest.mark.anyio
SID = "SM" + "a" * 32


@pytest.fixture
async def maria(api: Api, inland: int) -> int:
    """Maria, who asks to be forgotten."""
    return await someone(api, MARIA)


async def forgotten(*people: int) -> None:
    """They are forgotten, as their texts do it: in one transaction with their rows."""
    async with autocommit() as connection, connection.transaction():
        await forget(connection, list(people))
        await connection.execute("DELETE FROM subscribers WHERE id = ANY (%s)", [list(people)])


async def deliveries(subscriber_id: int) -> Sequence[Delivery]:
    async with session_scope() as session:
        query = select(Delivery).where(Delivery.subscriber_id == subscriber_id).order_by(Delivery.id)
        return (await session.scalars(query)).all()


async def count(table: type[Alert | Delivery | Progress]) -> int:
    async with session_scope() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_their_letters_are_gone_and_those_of_others_stay(
    api: Api, maria: int, worker: Worker, twilio: SimulatorServer
) -> None:
    james = await someone(api, JAMES)
    kept = await write(james)
    await write(maria)
    await worker.dispatch.stint()
    await write(maria, "Written, and not yet sent")
    await forgotten(maria)
    assert await deliveries(maria) == []
    assert [row.alert_id for row in await deliveries(james)] == [kept]
    async with session_scope() as session:
        assert list(await session.scalars(select(Alert.id))) == [kept]
        assert set(await session.scalars(select(Progress.alert_id))) == {kept}
    assert await worker.dispatch.stint() == 0
    assert len(twilio.alerts_to(MARIA)) == 1


async def test_what_waits_for_them_is_skipped_and_the_alert_goes_on(
    api: Api, inland: int, maria: int, worker: Worker, twilio: SimulatorServer
) -> None:
    under_way, paused = await sent(api, inland), await sent(api, inland)
    for one in (under_way, paused):
        await worker.prepare(one)
    await api.post(f"/v1/alerts/{paused}/pause", status=200)
    await forgotten(maria)
    rows = await deliveries(maria)
    assert [(row.alert_id, row.state, row.reason) for row in rows] == [
        (under_way, "skipped", "forgotten"),
        (paused, "skipped", "forgotten"),
    ]
    report = await api.get(f"/v1/alerts/{under_way}/report")
    assert (report["states"]["skipped"], report["states"]["waiting"], report["people"]) == (1, 2, 3)
    assert await worker.fan_out(under_way) == 2
    assert twilio.alerts_to(MARIA) == []
    assert (await api.get(f"/v1/alerts/{under_way}"))["state"] == "sent"


async def test_what_nobody_knows_about_is_skipped_and_not_looked_up(
    api: Api, called: int, maria: int, worker: Worker
) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    await worker.lose_claims()
    await forgotten(maria)
    assert [(row.state, row.reason) for row in await deliveries(maria)] == [("skipped", "forgotten")]
    assert await worker.settle() == 2


async def test_what_was_on_its_way_when_its_worker_died_does_not_stay_unknown_for_ever(
    api: Api, called: int, maria: int, worker: Worker
) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    await forgotten(maria)
    [row] = await deliveries(maria)
    assert row.state == "sending"
    await worker.lose_claims()
    assert await worker.settle() == 3
    [row] = await deliveries(maria)
    assert (row.state, row.reason, row.message_sid) == ("skipped", "forgotten", None)


async def test_a_subscriber_that_is_gone_unforgotten_is_settled_too(
    api: Api, called: int, maria: int, worker: Worker
) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    await worker.lose_claims()
    await change("DELETE FROM subscribers WHERE id = :id", id=maria)
    assert await worker.settle() == 3
    assert [(row.state, row.reason) for row in await deliveries(maria)] == [("skipped", "gone")]


async def test_nothing_leads_to_their_texts_at_the_carrier_any_more(
    api: Api, called: int, maria: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    [row] = await deliveries(maria)
    await api.status(row.id, str(row.message_sid), "failed", ErrorCode="30001")
    await change("UPDATE deliveries SET not_before = NULL")
    await worker.fan_out(called)
    [row] = await deliveries(maria)
    assert row.message_sid
    assert row.returned_sid
    await forgotten(maria)
    [row] = await deliveries(maria)
    assert (row.state, row.message_sid, row.returned_sid) == ("accepted", None, None)
    assert all(row.message_sid for row in await deliveries(await someone(api, JAMES)))


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("delivered", {}),
        ("undelivered", {"ErrorCode": "30005"}),  # which would change the subscriber
        ("failed", {"ErrorCode": "21610"}),
        ("failed", {"ErrorCode": "30001"}),  # given back: it is not sent again
        ("failed", {"ErrorCode": "30034"}),
    ],
)
async def test_a_late_callback_moves_the_count_on_and_leaves_no_trace(
    api: Api, called: int, maria: int, worker: Worker, status: str, code: dict[str, str]
) -> None:
    await worker.fan_out(called)
    [row] = await deliveries(maria)
    sid = str(row.message_sid)
    await forgotten(maria)
    answer = await api.status(row.id, sid, status, **code)
    assert answer.status_code == 204
    [row] = await deliveries(maria)
    assert (row.state, row.message_sid, row.returned_sid) == (status, None, None)


async def test_an_answer_that_is_recorded_late_leaves_no_trace(
    api: Api, called: int, maria: int, worker: Worker
) -> None:
    await worker.prepare(called)
    ours = await worker.claim(called)
    await forgotten(maria)
    await record([(one, Accepted(SID + str(one.id), "queued")) for one in ours])
    [row] = await deliveries(maria)
    assert (row.state, row.message_sid) == ("accepted", None)
    assert all(row.message_sid for row in await deliveries(await someone(api, JAMES)))


async def test_what_comes_for_a_letter_that_is_gone_changes_nothing(
    api: Api, maria: int, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    await write(maria)
    await worker.dispatch.stint()
    [row] = await deliveries(maria)
    await forgotten(maria)
    await api.status(row.id, str(row.message_sid), "delivered")
    assert "no such delivery" in caplog.text
    assert (await count(Alert), await count(Delivery), await count(Progress)) == (0, 0, 0)


async def test_a_letter_that_was_claimed_and_has_not_left_yet_is_not_sent(
    api: Api, maria: int, worker: Worker
) -> None:
    await write(maria)
    [row] = await deliveries(maria)
    async with autocommit() as connection:
        [one] = await claim_letters(connection, row.sender, 10)
    await forgotten(maria)
    now = asyncio.get_running_loop().time()
    batch = Batch(now - LOOK_AGAIN_SECONDS - 1)
    batch.unsent[one.id] = one.attempt
    unwanted = await batch.look_again(one.id, now, {})
    assert unwanted is not None
    assert unwanted.left


async def test_several_at_once(api: Api, called: int, maria: int, worker: Worker) -> None:
    james = await someone(api, JAMES)
    await worker.prepare(called)
    for one in (maria, james):
        await write(one)
    await forgotten(maria, james)
    for one in (maria, james):
        assert [row.reason for row in await deliveries(one)] == ["forgotten"]
    assert await worker.fan_out(called) == 1
