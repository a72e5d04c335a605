"""Texts that the carrier took and gave back unsent: sent again once, and never mixed up with each other."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.test_callbacks import maria
from tests.story import MARIA
from tests.worker import Worker

pytestmark = pytest.mark.anyio
OVERFLOW = "30001"


async def _time_passes() -> None:
    async with session_scope() as session:
        await session.execute(text("UPDATE deliveries SET not_before = NULL"))


@pytest.fixture
async def given_back(api: Api, called: int, worker: Worker) -> tuple[int, str]:
    """Maria's delivery, and the MessageSid of the text that came back."""
    await worker.fan_out(called)
    row = await maria(api, called)
    delivery, sid = int(str(row["id"])), str(row["message_sid"])
    await api.status(delivery, sid, "failed", ErrorCode=OVERFLOW)
    return delivery, sid


async def test_it_is_sent_again_though_its_alert_was_over(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer, given_back: tuple[int, str]
) -> None:
    row = await maria(api, called)
    assert (row["state"], row["message_sid"]) == ("waiting", None)
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sending"
    assert await worker.fan_out(called) == 0  # its queue is given a minute
    await _time_passes()
    assert await worker.fan_out(called) == 1
    assert len(twilio.alerts_to(MARIA)) == 2
    row = await maria(api, called)
    assert row["state"] == "accepted"
    assert row["message_sid"] != given_back[1]
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sent"


async def test_it_is_sent_again_only_once(
    api: Api, called: int, worker: Worker, given_back: tuple[int, str]
) -> None:
    await _time_passes()
    await worker.fan_out(called)
    again = str((await maria(api, called))["message_sid"])
    await api.status(given_back[0], again, "failed", ErrorCode=OVERFLOW)
    row = await maria(api, called)
    assert (row["state"], row["code"]) == ("failed", int(OVERFLOW))


@pytest.mark.parametrize("status", ["queued", "sent", "failed"])
async def test_a_late_word_about_the_first_is_not_taken_for_one_about_the_second(
    api: Api, called: int, worker: Worker, given_back: tuple[int, str], status: str
) -> None:
    delivery, sid = given_back
    more = {"ErrorCode": OVERFLOW} if status == "failed" else {}
    await api.status(delivery, sid, status, **more)
    assert (await maria(api, called))["state"] == "waiting"
    await _time_passes()
    assert await worker.fan_out(called) == 1
    await api.status(delivery, sid, status, **more)
    assert (await maria(api, called))["state"] == "accepted"


async def test_an_answer_that_is_recorded_after_its_text_came_back_changes_nothing(
    api: Api, called: int, worker: Worker
) -> None:
    from alerts.broadcasts.outcomes import record
    from alerts.carrier.sending import Accepted

    await worker.prepare(called)
    claimed = await worker.claim(called)
    row = await maria(api, called)
    delivery, sid = int(str(row["id"])), "SM" + "a" * 32
    await api.status(delivery, sid, "failed", ErrorCode=OVERFLOW)
    [ours] = [one for one in claimed if one.id == delivery]
    await record([(ours, Accepted(sid, "queued"))])
    assert (await maria(api, called))["state"] == "waiting"


async def test_what_was_delivered_is_never_given_back(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    delivery, sid = int(str(row["id"])), str(row["message_sid"])
    await api.status(delivery, sid, "delivered")
    await api.status(delivery, sid, "failed", ErrorCode=OVERFLOW)
    assert (await maria(api, called))["state"] == "delivered"
