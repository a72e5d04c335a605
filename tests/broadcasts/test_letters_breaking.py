"""Letters when something breaks: at most one text, never zero by accident, and what failed shows."""

from __future__ import annotations

import pytest

from alerts.broadcasts.models import Alert
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.letters import ANSWER, change, claimed, delivery_of, someone, state_of, write
from tests.story import JAMES, MARIA
from tests.worker import Worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def james(api: Api, inland: int) -> int:
    """James, who reads English and asked something."""
    return await someone(api, JAMES)


async def test_what_a_worker_that_died_had_claimed_is_settled_and_sent_once(
    james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    letter = await write(james)
    [one] = await claimed()
    assert (one.phone, one.body, one.parts) == (JAMES, ANSWER, 1)
    assert await worker.dispatch.stint() == 0
    assert await worker.lose_claims() == 1
    assert await worker.settle() == 1
    assert await worker.dispatch.stint() == 1
    assert await state_of(letter) == "accepted"
    assert len(twilio.alerts_to(JAMES)) == 1


async def test_one_that_was_taken_without_an_answer_is_found_at_the_carrier_by_its_own_words(
    james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await write(james, "Something else.")
    await worker.dispatch.stint()
    twilio.simulator.faults.drop_after_accept = 1.0
    letter = await write(james)
    await worker.dispatch.stint()
    assert await state_of(letter) == "unknown"
    twilio.simulator.faults.drop_after_accept = 0.0
    assert await worker.settle() == 1
    texts = {text.body: text.sid for text in twilio.alerts_to(JAMES)}
    assert (await delivery_of(letter)).message_sid == texts[ANSWER]
    assert await worker.dispatch.stint() == 0
    assert len(twilio.alerts_to(JAMES)) == 2


async def test_of_two_of_the_same_words_each_is_settled_with_a_text_of_its_own(
    james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    twilio.simulator.faults.drop_after_accept = 1.0
    letters = [await write(james, "Yes") for _ in range(2)]
    await worker.dispatch.stint()
    twilio.simulator.faults.drop_after_accept = 0.0
    while await worker.settle():
        pass
    sids = {(await delivery_of(letter)).message_sid for letter in letters}
    assert sids == {text.sid for text in twilio.alerts_to(JAMES)}
    assert len(sids) == 2


async def test_a_callback_settles_one_whose_answer_was_lost(
    api: Api, james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    letter = await write(james)
    await claimed()
    await worker.lose_claims()
    await api.status((await delivery_of(letter)).id, "SM" + "a" * 32, "sent")
    assert await state_of(letter) == "sent"
    assert await worker.settle() == 0
    assert await worker.dispatch.stint() == 0


async def test_the_carrier_asks_for_patience_and_it_waits(
    james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    letter = await write(james)
    twilio.simulator.faults.too_many = 1.0
    assert await worker.dispatch.stint(0.5) == 1
    twilio.simulator.faults.too_many = 0.0
    assert await state_of(letter) == "waiting"
    assert await worker.tick() == []
    await change("UPDATE deliveries SET not_before = NULL")
    assert [one.texts for one in await worker.tick()] == [1]
    assert await worker.dispatch.stint() == 1
    assert await state_of(letter) == "accepted"


async def test_an_account_that_is_broken_fails_it_with_the_code_and_other_alerts_go_on(
    api: Api, james: int, called: int, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    letter = await write(james)
    worker.carrier._client.auth = (worker.carrier._client.username, "wrong")
    await worker.dispatch.stint(0.5)
    row = await delivery_of(letter)
    assert (row.state, row.code) == ("failed", 20003)
    assert f"letter failed, something of ours is broken: alert={letter} code=20003" in caplog.text
    assert ANSWER not in caplog.text
    assert JAMES not in caplog.text
    async with session_scope() as session:
        assert (await session.get_one(Alert, letter)).state == "sent"


async def test_a_broken_sender_found_out_late_fails_it_with_the_code(
    api: Api, james: int, worker: Worker
) -> None:
    letter = await write(james)
    await worker.dispatch.stint()
    row = await delivery_of(letter)
    await api.status(row.id, str(row.message_sid), "failed", ErrorCode="30034")
    row = await delivery_of(letter)
    assert (row.state, row.code) == ("failed", 30034)
    assert await worker.tick() == []


async def test_one_that_the_carrier_gives_back_unsent_is_sent_again_once(
    api: Api, james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    letter = await write(james)
    for state in ("waiting", "failed"):
        await worker.dispatch.stint()
        row = await delivery_of(letter)
        await api.status(row.id, str(row.message_sid), "failed", ErrorCode="30001")
        assert await state_of(letter) == state
        await change("UPDATE deliveries SET not_before = NULL")
    assert await worker.dispatch.stint() == 0
    assert len(twilio.alerts_to(JAMES)) == 2


@pytest.mark.parametrize(("ending", "standing"), [("0190", "unreachable"), ("0193", "left")])
async def test_a_code_changes_the_subscriber_as_the_table_says(
    api: Api, inland: int, worker: Worker, ending: str, standing: str
) -> None:
    number = "+1909555" + ending
    await api.text(number, "JOIN")
    letter = await write(await someone(api, number))
    await worker.dispatch.stint()
    assert await state_of(letter) == "failed"
    who = await api.post("/v1/subscribers/find", {"phone": number}, status=200)
    assert who["standing"] == standing


@pytest.mark.parametrize("broken", ["alerts SET sealed_body", "subscribers SET phone"])
async def test_one_whose_seal_is_broken_fails_alone(
    api: Api, james: int, worker: Worker, twilio: SimulatorServer, broken: str
) -> None:
    bad, good = await write(james), await write(await someone(api, MARIA))
    column = broken.rsplit(maxsplit=1)[-1]
    number = bad if broken.startswith("alerts") else james
    await change(f"UPDATE {broken} = '\\x09' || {column} WHERE id = :id", id=number)
    assert await worker.dispatch.stint() == 2
    row = await delivery_of(bad)
    assert (row.state, row.reason) == ("failed", "its seal is broken")
    assert await state_of(good) == "accepted"
    assert await worker.dispatch.stint() == 0
    assert twilio.alerts_to(JAMES) == []
