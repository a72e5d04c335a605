"""What nobody knows is looked up: all of it, however much there is, whatever does not open, and each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from alerts.broadcasts import settling
from alerts.carrier.sending import Carrier
from alerts.carrier.simulator.messages import Message
from alerts.carrier.simulator.resources import message_json
from alerts.carrier.simulator.server import SimulatorServer
from alerts.settings import settings
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.test_fanout import states
from tests.broadcasts.test_stumbles import TEXTS, break_seal, change
from tests.conftest import ACCOUNT, OUR_NUMBER
from tests.story import JAMES, MARIA, YASMIN, alert
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio


async def unknown(api: Api, inland: int, worker: Worker, twilio: SimulatorServer, words: str = "Hi") -> int:
    """An alert of which the carrier took every text, and said nothing."""
    made = await api.post("/v1/alerts", alert(inland, None, text=dict.fromkeys(TEXTS, words)))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    twilio.simulator.faults.error_after_accept = 1.0
    await worker.prepare(made["id"])
    await worker.fan_out(made["id"])
    twilio.simulator.faults.error_after_accept = 0.0
    assert await states(api, made["id"]) == {"unknown": 3}
    return int(made["id"])


async def test_an_alert_whose_seal_is_broken_keeps_no_other_from_being_settled(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    broken, whole = [await unknown(api, inland, worker, twilio, words) for words in ("One", "Two")]
    await break_seal(broken, "bodies")
    assert await worker.settle() == 3
    assert "unknown" not in await states(api, whole)
    async with session_scope() as session:
        left = await session.scalars(text("SELECT DISTINCT alert_id FROM deliveries WHERE state = 'unknown'"))
        assert left.all() == [broken]


async def test_what_cannot_be_settled_lets_the_others_go_first(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = [await unknown(api, inland, worker, twilio, words) for words in ("One", "Two")]
    await change(
        "UPDATE deliveries SET changed_at = now() - interval '1 minute' WHERE alert_id = :id", id=broken
    )
    await break_seal(broken, "bodies")
    monkeypatch.setattr(settling, "SETTLED_AT_ONCE", 3)
    async with session_scope() as session:
        assert await settling.any_unknown(session)
    assert await settling.settle(worker.carrier, sure_seconds=-1) == 3
    assert "unknown" not in await states(api, whole)
    async with session_scope() as session:
        assert not await settling.any_unknown(session)  # for some seconds
    await change("UPDATE deliveries SET not_before = now()")
    async with session_scope() as session:
        assert await settling.any_unknown(session)


async def test_two_who_settle_ask_about_each_once(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    for words in ("One", "Two", "Three"):
        await unknown(api, inland, worker, twilio, words)
    both = [settling.settle(worker.carrier, sure_seconds=-1) for _ in range(2)]
    assert sum(await asyncio.gather(*both)) == 9
    assert await worker.settle() == 0


async def test_a_carrier_that_does_not_answer_is_left_alone(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ("One", "Two", "Three"):
        await unknown(api, inland, worker, twilio, words)
    monkeypatch.setattr(settling, "SETTLED_AT_ONCE", 4)
    monkeypatch.setattr(settling, "QUESTIONS_AT_ONCE", 1)
    monkeypatch.setattr(settling, "MOST_UNANSWERED", 2)
    url, worker.carrier._client.api.base_url = worker.carrier._client.api.base_url, "http://127.0.0.1:1"
    asked = 0

    async def found(*given: object) -> object:
        nonlocal asked
        asked += 1
        return await find(*given)  # type: ignore[arg-type]

    find = worker.carrier.find
    monkeypatch.setattr(worker.carrier, "find", found)
    assert await settling.settle(worker.carrier, sure_seconds=-1) == 0
    assert asked == 2
    worker.carrier._client.api.base_url = url
    await change("UPDATE deliveries SET not_before = NULL")
    assert await settling.settle(worker.carrier, sure_seconds=-1) == 9


async def test_of_the_known_texts_of_somebody_none_is_taken_for_another(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    """Three alerts of the same words: each delivery gets a text of its own."""
    made = [await unknown(api, inland, worker, twilio) for _ in range(3)]
    while await worker.settle():
        pass
    async with session_scope() as session:
        sids = (await session.scalars(text("SELECT message_sid FROM deliveries"))).all()
    assert len(set(sids)) == 9
    assert "unknown" not in {state for one in made for state in await states(api, one)}


@pytest.fixture
async def discarding(worker: Worker, twilio: SimulatorServer) -> AsyncIterator[Worker]:
    """A worker whose carrier keeps no words."""
    changes = {"twilio_api_url": twilio.url, "twilio_content_retention": "discard"}
    carrier = Carrier(settings().model_copy(update=changes))
    yield Worker(carrier, worker.pacer)
    await carrier.close()


async def test_where_the_carrier_keeps_no_words_what_it_took_is_found_and_not_sent_again(
    api: Api, inland: int, discarding: Worker, twilio: SimulatorServer
) -> None:
    made = [await unknown(api, inland, discarding, twilio, words) for words in ("One", "Two")]
    assert {one["body"] for one in map(shown, sent(twilio))} == {""}
    while await discarding.settle():
        pass
    assert await discarding.dispatch.stint() == 0
    assert [one.body for one in twilio.alerts_to(MARIA)] == ["One", "Two"]
    for number, words in zip(made, ("One", "Two"), strict=True):
        async with session_scope() as session:
            statement = text("SELECT message_sid FROM deliveries WHERE alert_id = :id")
            sids = set(await session.scalars(statement, {"id": number}))
        assert sids == {one.sid for one in sent(twilio) if one.body == words}


async def test_where_it_keeps_no_words_nothing_else_is_taken_for_what_it_never_saw(
    api: Api, inland: int, discarding: Worker, twilio: SimulatorServer
) -> None:
    async def alerted(**faults: float) -> int:
        made = await api.post("/v1/alerts", alert(inland, None, text=TEXTS))
        await api.post(f"/v1/alerts/{made['id']}/send", status=202)
        await discarding.prepare(made["id"])
        for name, value in faults.items():
            setattr(twilio.simulator.faults, name, value)
        await discarding.fan_out(made["id"])
        return int(made["id"])

    lost = await alerted(error_before_accept=1.0)
    await alerted(error_before_accept=0.0)  # of these it says what it took
    carrier = twilio.simulator.carrier
    for person in (MARIA, YASMIN, JAMES):  # and it answered them once, in a webhook's TwiML
        carrier.answer(carrier.receive(person, OUR_NUMBER, "?"), "Hi").discards = True
    assert await discarding.settle() == 3
    assert await states(api, lost) == {"waiting": 3}


def shown(message: Message) -> dict[str, object]:
    return message_json(message, ACCOUNT)
