"""The clock asks for what the rows owe, and never piles up jobs."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from alerts.storage.redis import queue
from tests.api import Api
from tests.worker import Worker
from workers.clock import SETTLE_EVERY, tick

pytestmark = pytest.mark.anyio


def jobs() -> list[str]:
    """What waits in the queue, without arguments: jobs carry none, or ids."""
    return [str(job.func_name).removeprefix("workers.jobs.") for job in queue().get_jobs()]


async def test_sending_asks_a_worker_at_once(api: Api, called: int) -> None:
    assert jobs() == ["send"]


async def test_what_is_owed_is_asked_for_again_once(api: Api, called: int) -> None:
    queue().empty()  # Redis lost it
    for number in range(1, 4):
        await tick(number)
    assert jobs() == ["send"]


async def test_what_is_written_and_waits_is_owed_too(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    queue().empty()
    await tick(1)
    assert jobs() == ["send"]


@pytest.mark.parametrize("verb", ["pause", "cancel"])
async def test_nothing_is_owed_of_an_alert_that_was_stopped(api: Api, called: int, verb: str) -> None:
    await api.post(f"/v1/alerts/{called}/{verb}", status=200)
    queue().empty()
    await tick(1)
    assert jobs() == []


async def test_unknown_deliveries_are_looked_up(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    queue().empty()
    async with session_scope() as session:  # its worker was killed a while ago
        await session.execute(text("UPDATE deliveries SET claimed_at = now() - interval '1 minute'"))
    await tick(1)
    assert jobs() == []
    await tick(SETTLE_EVERY)
    assert jobs() == ["settle"]


async def test_what_a_cancelled_alert_had_to_send_is_withdrawn_and_a_sent_one_closed(
    api: Api, called: int, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    await api.post(f"/v1/alerts/{called}/cancel", status=200)
    await tick(1)
    report = await api.get(f"/v1/alerts/{called}/report")
    assert report["states"]["cancelled"] == 3
