"""Callbacks get lost: what became of a text is asked for, and goes the way of a callback."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.broadcasts import copies, live, overdue
from alerts.carrier.sending import Carrier
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage import meters
from alerts.storage.engine import session_scope
from alerts.storage.redis import queue
from tests.api import Api
from tests.broadcasts.letters import someone, state_of, write
from tests.broadcasts.test_fanout import states
from tests.broadcasts.test_retention import ask, change
from tests.story import JAMES, alert
from tests.worker import Worker, sent
from workers.clock import LOOK_UP_EVERY, tick

pytestmark = pytest.mark.anyio
TEXTS = {"en": "Hi", "es": "Hola", "so": "Nabad"}
HOUR = timedelta(hours=1)
YESTERDAY = "UPDATE alerts SET finished_at = finished_at - interval '25 hours'"


async def later(by: timedelta) -> None:
    """As much time goes by."""
    async with session_scope() as session:
        for statement in (
            "UPDATE alerts SET look_up_at = look_up_at - :by, looked_up_at = looked_up_at - :by,"
            " prepared_at = prepared_at - :by, finished_at = finished_at - :by",
            "UPDATE deliveries SET claimed_at = claimed_at - :by, changed_at = changed_at - :by",
        ):
            await session.execute(text(statement), {"by": by})


def callbacks_counted() -> float:
    return sum(number for (meter, _), number in meters._counted.items() if meter is meters.CALLBACKS)


async def until_final(twilio: SimulatorServer) -> None:
    """The carrier knows what became of every text, and tells nobody."""
    fates = {"delivered", "undelivered", "failed"}
    while not {one.status for one in sent(twilio)} <= fates:  # noqa: ASYNC110 - in another thread
        await asyncio.sleep(0.05)


@pytest.fixture
def silent(twilio: SimulatorServer) -> SimulatorServer:
    """A carrier of whose callbacks each gets lost."""
    twilio.simulator.faults.callback_lost = 1.0
    twilio.simulator.faults.callback_delay = 0.01
    return twilio


async def alerted(api: Api, inland: int, worker: Worker) -> int:
    """An alert about no action that everybody was texted."""
    made = await api.post("/v1/alerts", alert(inland, None, text=TEXTS))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    return int(made["id"])


async def test_what_no_callback_tells_of_is_asked_for_after_an_hour(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer
) -> None:
    number = await alerted(api, inland, worker)
    await until_final(silent)
    async with session_scope() as session:
        assert not await overdue.owed(session)
    assert not await overdue.stint(worker.carrier)
    assert await states(api, number) == {"accepted": 3}
    await later(HOUR)
    queue().empty()
    await tick(LOOK_UP_EVERY)
    assert [str(job.func_name) for job in queue().get_jobs()] == ["workers.jobs.look_up_overdue"]
    before = callbacks_counted()
    assert not await overdue.stint(worker.carrier)
    assert callbacks_counted() == before  # else nobody would be told that none come
    assert await states(api, number) == {"delivered": 3}
    async with session_scope() as session:
        assert live.is_over(await live.report_of(session, number))


async def test_what_still_moves_is_asked_for_again_and_then_no_more(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer
) -> None:
    await api.text("+19095550188", "JOIN")  # of this one no receipt ever comes
    number = await alerted(api, inland, worker)
    looks = 0
    for _ in range(40):
        await later(HOUR)
        async with session_scope() as session:
            looks += await overdue.owed(session)
        assert not await overdue.stint(worker.carrier)
    assert await states(api, number) == {"delivered": 3, "sent": 1}
    assert looks == 4  # after 1, 3, 7 and 15 hours
    assert await ask("SELECT count(*) FROM alerts WHERE look_up_at IS NOT NULL") == 0


@pytest.mark.parametrize(
    ("ending", "standing"), [("0181", "unreachable"), ("0186", "left"), ("0180", "active")]
)
async def test_its_code_changes_the_subscriber_as_the_table_says(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer, ending: str, standing: str
) -> None:
    await api.text("+1909555" + ending, "JOIN")
    number = await alerted(api, inland, worker)
    await until_final(silent)
    await later(HOUR)
    assert not await overdue.stint(worker.carrier)
    assert await states(api, number) == {"delivered": 3, "undelivered": 1}
    who = await api.post("/v1/subscribers/find", {"phone": "+1909555" + ending}, status=200)
    assert who["standing"] == standing


@pytest.mark.parametrize(("hours", "becomes"), [(2, "waiting"), (4, "failed")])
async def test_what_was_given_back_is_sent_again_only_while_it_says_something_true(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer, hours: int, becomes: str
) -> None:
    await api.text("+19095550187", "JOIN")  # the carrier's queue is full
    number = await alerted(api, inland, worker)
    await until_final(silent)
    await later(hours * HOUR)
    assert not await overdue.stint(worker.carrier)
    assert await states(api, number) == {"delivered": 3, becomes: 1}
    again = await ask("SELECT count(*) FROM alerts WHERE look_up_at IS NOT NULL AND state = 'sending'")
    assert again == (becomes == "waiting")


async def test_a_letter_too(api: Api, inland: int, worker: Worker, silent: SimulatorServer) -> None:
    letter = await write(await someone(api, JAMES))
    await worker.dispatch.stint()
    await until_final(silent)
    await later(HOUR)
    assert not await overdue.stint(worker.carrier)
    assert await state_of(letter) == "delivered"


async def test_many_are_asked_about_some_at_a_time(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = await alerted(api, inland, worker)
    await until_final(silent)
    await later(HOUR)
    monkeypatch.setattr(overdue, "TEXTS_AT_ONCE", 1)
    monkeypatch.setattr(overdue, "STINT_SECONDS", -1.0)
    assert await overdue.stint(worker.carrier)  # time is over before anything was done
    for left in (2, 1, 0):
        assert await overdue._look_up(worker.carrier, number, await _came_to(number))
        assert (await states(api, number)).get("accepted", 0) == left


async def _came_to(number: int) -> int:
    return int(str(await ask(f"SELECT looked_up_to FROM alerts WHERE id = {number}")))


async def test_a_carrier_that_does_not_answer_is_asked_later(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer
) -> None:
    number = await alerted(api, inland, worker)
    await until_final(silent)
    await later(HOUR)
    silent.simulator.faults.requests_per_second = 1
    silent.simulator.faults.requests_burst = 1
    assert not await overdue.stint(worker.carrier)
    async with session_scope() as session:
        assert not await overdue.owed(session)
    silent.simulator.faults.requests_per_second = 0
    await later(overdue.AGAIN)
    assert not await overdue.stint(worker.carrier)
    assert await states(api, number) == {"delivered": 3}


async def test_a_text_that_the_carrier_does_not_know_any_more_stays_as_it_is(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer
) -> None:
    number = await alerted(api, inland, worker)
    silent.simulator.carrier.forget_everything()
    await later(HOUR)
    assert not await overdue.stint(worker.carrier)
    assert await states(api, number) == {"accepted": 3}


async def test_nothing_is_erased_before_it_was_asked_about(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer, carrier: Carrier
) -> None:
    number = await alerted(api, inland, worker)
    await until_final(silent)
    await later(HOUR)
    await change(YESTERDAY)
    async with session_scope() as session:
        assert not await copies.owed(session)
    assert not await copies.stint(carrier)
    assert len(sent(silent)) == 3
    assert not await overdue.stint(carrier)
    assert await states(api, number) == {"delivered": 3}
    async with session_scope() as session:
        assert await copies.owed(session)
    assert not await copies.stint(carrier)
    assert sent(silent) == []


async def test_what_cannot_be_asked_about_is_erased_a_day_later(
    api: Api, inland: int, worker: Worker, silent: SimulatorServer, carrier: Carrier
) -> None:
    await alerted(api, inland, worker)
    await until_final(silent)
    await change(YESTERDAY)
    await change(YESTERDAY)
    assert not await copies.stint(carrier)
    assert sent(silent) == []
