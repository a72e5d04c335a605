"""The carrier's copies of texts are erased when they are over; what it keeps is listed, and tried again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from alerts.broadcasts import copies
from alerts.carrier.sending import Carrier
from alerts.carrier.simulator.server import SimulatorServer
from alerts.conversations import retention
from alerts.settings import settings
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.test_retention import ask, change
from tests.story import MARIA
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
# And nothing more is to be heard of its texts.
YESTERDAY = "UPDATE alerts SET finished_at = finished_at - interval '25 hours', look_up_at = NULL"


def over(twilio: SimulatorServer, status: str = "delivered") -> None:
    for message in sent(twilio):
        message.status = status


@pytest.fixture
async def all_sent(called: int, worker: Worker, twilio: SimulatorServer) -> int:
    """An alert that all three got."""
    await worker.fan_out(called)
    await worker.tick()
    over(twilio)
    return called


@pytest.fixture
def redacting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bodies are erased, and the rest stays."""
    monkeypatch.setenv("TWILIO_COPIES", "redact")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


async def test_texts_stay_for_a_day_and_go(
    api: Api, all_sent: int, carrier: Carrier, twilio: SimulatorServer
) -> None:
    assert not await copies.stint(carrier)
    assert len(sent(twilio)) == 3
    await change(YESTERDAY)
    async with session_scope() as session:
        assert await copies.owed(session)
    assert not await copies.stint(carrier)
    assert sent(twilio) == []
    assert await ask("SELECT count(*) FROM deliveries WHERE message_sid IS NOT NULL") == 0
    assert await ask("SELECT count(*) FROM alerts WHERE copies_erased_at IS NULL") == 0
    async with session_scope() as session:
        assert not await copies.owed(session)


async def test_they_can_be_redacted_instead(
    api: Api, redacting: None, all_sent: int, carrier: Carrier, twilio: SimulatorServer
) -> None:
    await change(YESTERDAY)
    assert not await copies.stint(carrier)
    assert [one.body for one in sent(twilio)] == [""] * 3


async def test_what_cannot_be_erased_is_listed_and_tried_again(
    api: Api, all_sent: int, carrier: Carrier, twilio: SimulatorServer
) -> None:
    [first, *_] = sent(twilio)
    first.status = "sending"  # Twilio deletes what is over only
    await change(YESTERDAY)
    assert not await copies.stint(carrier)
    [kept] = (await api.get("/v1/retention"))["items"]
    assert (kept["message_sid"], kept["tries"], kept["code"]) == (first.sid, 1, 20009)
    assert not await copies.stint(carrier)  # not at once
    assert len(sent(twilio)) == 1
    over(twilio)
    await change("UPDATE copies SET due_at = now()")
    assert not await copies.stint(carrier)
    assert sent(twilio) == []
    assert (await api.get("/v1/retention"))["items"] == []


async def test_a_carrier_that_does_not_answer_is_asked_again(
    api: Api, all_sent: int, carrier: Carrier, twilio: SimulatorServer
) -> None:
    await change(YESTERDAY)
    twilio.simulator.faults.requests_per_second = 1
    assert not await copies.stint(carrier)
    assert await ask("SELECT count(*) FROM copies") >= 1
    assert await ask("SELECT sum(tries) FROM copies") == 0
    twilio.simulator.faults.requests_per_second = 0
    assert not await copies.stint(carrier)
    assert sent(twilio) == []


async def test_what_workers_texted_goes_too(api: Api, inland: int, carrier: Carrier) -> None:
    await retention.stint()
    assert await ask("SELECT count(*) FROM copies") == 0
    await change("UPDATE replies SET received_at = received_at - interval '25 hours'")
    await retention.stint()
    assert await ask("SELECT count(*) FROM copies") == 3
    assert not await copies.stint(carrier)  # gone already is gone
    assert await ask("SELECT count(*) FROM copies") == 0


async def test_whoever_asks_to_be_forgotten_is_forgotten_at_the_carrier(
    api: Api, all_sent: int, carrier: Carrier, twilio: SimulatorServer
) -> None:
    await api.text(MARIA, "OLVIDAME")
    await api.text(MARIA, "SI")
    assert await ask("SELECT count(*) FROM subscribers") == 2
    assert await ask("SELECT count(*) FROM copies") >= 3  # the alert, and what she texted
    assert not await copies.stint(carrier)
    assert sorted(one.to for one in sent(twilio)) != []
    assert MARIA not in {one.to for one in sent(twilio)}


async def test_keeping_them_is_a_choice(
    api: Api, all_sent: int, carrier: Carrier, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_COPIES", "keep")
    settings.cache_clear()
    await change(YESTERDAY)
    async with session_scope() as session:
        assert not await copies.owed(session)
    assert not await copies.stint(carrier)
    assert len(sent(twilio)) == 3
    monkeypatch.undo()
    settings.cache_clear()
