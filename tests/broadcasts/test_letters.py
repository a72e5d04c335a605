"""Letters: one text to one person, before everything else, as safe as an alert, and nobody else's to see."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from sqlalchemy import func, select

from alerts.broadcasts import dispatch
from alerts.broadcasts.batches import LETTERS, LOOK_AGAIN_SECONDS, Batch, Text, UnderWay
from alerts.broadcasts.claims import Claimed, claim_letters
from alerts.broadcasts.dispatch import Dispatch
from alerts.broadcasts.letters import NothingWritten, text_one
from alerts.broadcasts.models import Alert, Delivery
from alerts.broadcasts.texts import TextTooLong
from alerts.carrier.pacing import Pacer, Rank
from alerts.carrier.simulator.server import SimulatorServer
from alerts.errors import NotFound
from alerts.language.languages import Language
from alerts.storage.engine import autocommit, session_scope
from alerts.storage.redis import async_redis
from alerts.storage.tables import Table
from tests.api import Api
from tests.broadcasts.letters import ANSWER, change, claimed, delivery_of, someone, state_of, write
from tests.broadcasts.test_dispatch import crowd, paced, sent
from tests.conftest import OUR_NUMBER
from tests.story import JAMES, MARIA, YASMIN
from tests.worker import Worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def james(api: Api, inland: int) -> int:
    """James, who reads English and asked something."""
    return await someone(api, JAMES)


async def test_it_goes_out_once_as_it_was_written(
    api: Api, james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    letter = await write(james, "  {when}? Sábado ☀ ")
    assert await state_of(letter) == "waiting"
    assert await worker.dispatch.stint() == 1
    assert await worker.dispatch.stint() == 0
    [text] = twilio.alerts_to(JAMES)
    assert text.body == "  {when}? Sábado ☀ "
    assert twilio.alerts_to(MARIA) == twilio.alerts_to(YASMIN) == []
    assert await state_of(letter) == "accepted"
    row = await delivery_of(letter)
    assert text.callback is not None
    assert text.callback.split("#")[0].endswith(f"/twilio/status/{row.id}")
    await api.status(row.id, str(row.message_sid), "delivered")
    assert await state_of(letter) == "delivered"


async def test_what_waits_is_seen_as_a_letter_and_never_as_an_alert(james: int, worker: Worker) -> None:
    letter = await write(james, "x" * 200)
    seen = UnderWay(LETTERS, Rank.REPLY, {}, {"": 2}, unwritten=False, sender=OUR_NUMBER)
    assert await worker.dispatch._look() == [seen]
    await change("UPDATE deliveries SET not_before = now() + interval '1 minute'")
    assert await worker.dispatch._look() == []
    assert await state_of(letter) == "waiting"


async def test_what_was_not_committed_is_not_sent(james: int, worker: Worker) -> None:
    async with session_scope() as session:
        await text_one(session, james, Language.EN, ANSWER, worker.senders)
        assert await worker.dispatch.stint() == 0
        await session.rollback()
    assert await worker.dispatch.stint() == 0


async def test_it_leaves_before_an_alert_that_has_waited_longer(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    people = await crowd(api, 30)
    urgent = await sent(api, people, urgent=True, urgent_reason="Police at the gate")
    await worker.prepare(urgent)
    letters = [await write(1 + number) for number in range(3)]
    slow = await paced(worker, 40)
    while await slow.stint():
        pass
    async with session_scope() as session:
        order = list(
            await session.scalars(select(Delivery.alert_id).order_by(Delivery.claimed_at, Delivery.id))
        )
    assert sorted(order[:3]) == letters
    assert order[3:] == [urgent] * 30


async def test_it_does_not_wait_for_an_alert_that_is_under_way(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    people = await crowd(api, 60)
    await sent(api, people)
    slow = await paced(worker, 2)  # the alert takes half a minute
    stint = asyncio.create_task(slow.stint(120.0))
    while not twilio.simulator.carrier.messages:  # noqa: ASYNC110 - in another thread
        await asyncio.sleep(0.02)
    letter = await write(1)
    while await state_of(letter) == "waiting":  # noqa: ASYNC110 - in the database
        await asyncio.sleep(0.02)
    slow.stop()
    await stint
    assert len(twilio.simulator.carrier.messages) < 60
    assert [text.body for text in twilio.simulator.carrier.messages.values()].count(ANSWER) == 1


async def test_it_does_not_wait_until_enough_has_come_together_for_a_longer_alert(
    api: Api, james: int, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    long = dict.fromkeys(("en", "es", "so"), "x" * 1600)  # eleven parts, a part a second
    made = await api.post("/v1/alerts", {"audience": {"lists": [inland]}, "text": long})
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.prepare(made["id"])
    slow = await paced(worker, 1)
    assert await slow.stint(1.0) == 1  # the others have eleven seconds to wait
    letter = await write(james)
    while not await slow.stint(1.0):
        pass
    assert await state_of(letter) == "accepted"


async def test_it_spends_as_much_of_the_pace_as_it_has_parts(
    james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    for _ in range(3):
        await write(james, "x" * 200)  # two parts
    slow = await paced(worker, 2)
    began = asyncio.get_running_loop().time()
    while await slow.stint():
        pass
    assert asyncio.get_running_loop().time() - began > 1.5
    assert len(twilio.alerts_to(JAMES)) == 3


async def test_one_that_is_longer_than_those_that_were_seen_is_paid_for_all_the_same(
    james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    slow = await paced(worker, 10)
    letters = UnderWay(LETTERS, Rank.REPLY, {}, {"": 1}, unwritten=False, sender=OUR_NUMBER)
    await write(james, "x" * 1600)  # eleven parts, since the worker looked
    # What joining was answered is paid for first.
    while not (await slow._pacer.take(OUR_NUMBER, Rank.REPLY, 1, 1)).parts:  # noqa: ASYNC110 - in Redis
        await asyncio.sleep(0.1)
    async with autocommit() as slow._claims:
        await slow._claim(OUR_NUMBER, slow._next([letters]), 1)
    grant = await slow._pacer.take(OUR_NUMBER, Rank.REPLY, 1, 1)
    assert grant.parts == 0
    assert grant.again > 0.5  # for ten parts
    await slow._flight.landed()


async def test_a_sender_on_which_none_waits_is_not_asked_for_any(
    james: int, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()

    async def noted(connection: psycopg.AsyncConnection, sender: str, most: int) -> list[Claimed]:
        asked.add(sender)
        return await claim_letters(connection, sender, most)

    monkeypatch.setattr(dispatch, "claim_letters", noted)
    await write(james)
    assert await (await paced(worker, 100, OUR_NUMBER, "+15005550006")).stint() == 1
    assert asked == {OUR_NUMBER}


async def test_everybody_gets_it_from_the_number_that_they_know(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    await crowd(api, 4)
    other = "+15005550006"  # one of Twilio's magic numbers: it may send
    both = (OUR_NUMBER, other)
    async with session_scope() as session:
        for person in range(1, 5):
            await text_one(session, person, Language.EN, ANSWER, both)
    while await Dispatch(worker.carrier, Pacer(async_redis(), dict.fromkeys(both, 100)), both).stint():
        pass
    async with session_scope() as session:
        rows = (await session.execute(select(Delivery.subscriber_id, Delivery.sender, Delivery.state))).all()
    assert sorted(rows) == [(person, both[person % 2], "accepted") for person in range(1, 5)]


@pytest.mark.parametrize(
    ("standing", "answer", "question"),
    [
        ("active", "accepted", "accepted"),
        ("unreachable", "accepted", "accepted"),
        ("pending", "skipped", "accepted"),
        ("left", "skipped", "skipped"),
    ],
)
async def test_who_gets_one_stands_in_the_table(
    james: int, worker: Worker, twilio: SimulatorServer, standing: str, answer: str, question: str
) -> None:
    letters = [await write(james), await write(james, "Reply YES to join.", to_pending=True)]
    await change("UPDATE subscribers SET standing = :standing WHERE id = :id", standing=standing, id=james)
    await worker.dispatch.stint()
    assert [await state_of(letter) for letter in letters] == [answer, question]
    assert len(twilio.alerts_to(JAMES)) == [answer, question].count("accepted")
    for letter in letters:
        row = await delivery_of(letter)
        assert row.reason == (standing if row.state == "skipped" else None)


@pytest.mark.parametrize("standing", ["pending", "unreachable"])
async def test_an_alert_still_goes_to_active_people_only(
    api: Api, james: int, inland: int, worker: Worker, twilio: SimulatorServer, standing: str
) -> None:
    called = await sent(api, inland)
    await worker.prepare(called)
    await change("UPDATE subscribers SET standing = :standing WHERE id = :id", standing=standing, id=james)
    await worker.fan_out(called)
    assert twilio.alerts_to(JAMES) == []


async def test_stop_between_claim_and_send_wins(
    api: Api, james: int, worker: Worker, twilio: SimulatorServer
) -> None:
    maria = await someone(api, MARIA)
    stays, goes = await write(maria), await write(james)
    ours = await claimed()
    await api.text(JAMES, "STOP")
    batch = Batch(asyncio.get_running_loop().time() - LOOK_AGAIN_SECONDS - 1)
    batch.unsent.update((one.id, one.attempt) for one in ours)
    letters = UnderWay(LETTERS, Rank.REPLY, {}, {"": 1}, unwritten=False, sender=OUR_NUMBER)
    recording = asyncio.create_task(worker.dispatch._recorder.run())
    for one in ours:
        worker.dispatch._flight.add(Text(OUR_NUMBER, letters, one, batch))
    await worker.dispatch._flight.landed()
    worker.dispatch._recorder.close()
    await recording
    assert twilio.alerts_to(JAMES) == []
    assert (await state_of(goes), (await delivery_of(goes)).reason) == ("skipped", "left")
    assert await state_of(stays) == "accepted"


@pytest.mark.parametrize("body", ["", " \n"])
async def test_nothing_is_not_sent(james: int, body: str) -> None:
    with pytest.raises(NothingWritten):
        await write(james, body)


async def test_what_twilio_would_refuse_is_not_written_and_the_error_does_not_repeat_it(james: int) -> None:
    with pytest.raises(TextTooLong) as caught:
        await write(james, "x" * 1601)
    assert (caught.value.length, caught.value.limit) == (1601, 1600)
    assert "xxx" not in str(caught.value)
    async with session_scope() as session:
        assert await session.scalar(select(func.count()).select_from(Alert)) == 0


async def test_to_nobody_is_not_written(james: int) -> None:
    with pytest.raises(NotFound):
        await write(james + 100)


async def test_no_route_of_alerts_shows_one(api: Api, inland: int, james: int, worker: Worker) -> None:
    called = await sent(api, inland)
    letter = await write(james)
    assert [one["id"] for one in (await api.get("/v1/alerts"))["items"]] == [called]
    for path in ("", "/preview", "/report", "/deliveries", "/events"):
        await api.get(f"/v1/alerts/{letter}{path}", status=404)
    for verb in ("send", "pause", "resume", "cancel"):
        await api.post(f"/v1/alerts/{letter}/{verb}", status=404)
    await api.patch(f"/v1/alerts/{letter}", {"urgent": True}, status=404)
    assert await worker.dispatch.stint() == 4
    assert await state_of(letter) == "accepted"


async def test_it_is_sealed_at_rest(
    james: int, worker: Worker, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await write(james)
    await worker.dispatch.stint()
    with psycopg.connect(postgres_url) as connection, connection.cursor() as cursor:
        everything = b""
        for table in Table.metadata.sorted_tables:
            with cursor.copy(f"COPY (SELECT * FROM {table.name}) TO STDOUT".encode()) as rows:
                everything += b"".join(bytes(row) for row in rows)
    assert len(everything) > 500
    for secret in (ANSWER, JAMES[2:]):
        assert secret.encode() not in everything
        assert secret.encode().hex().encode() not in everything  # bytea is written as hex
        assert secret not in caplog.text


async def test_two_workers_never_claim_the_same(james: int) -> None:
    await write(james)
    async with autocommit() as connection, connection.transaction():
        assert len(await claim_letters(connection, OUR_NUMBER, 10)) == 1
        async with asyncio.timeout(60):  # the other does not wait for us
            assert await claimed() == []
    assert await claimed() == []


async def test_many_at_once_are_claimed_together(
    api: Api, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await crowd(api, 40)
    for person in range(1, 41):
        await write(person, f"Answer {person}")
    claims: list[int] = []

    async def counted(connection: psycopg.AsyncConnection, sender: str, most: int) -> list[Claimed]:
        rows = await claim_letters(connection, sender, most)
        claims.append(len(rows))
        return rows

    monkeypatch.setattr(dispatch, "claim_letters", counted)
    assert await worker.dispatch.stint() == 40
    assert len(claims) <= 5
    assert sorted(text.body for text in twilio.simulator.carrier.messages.values()) == sorted(
        f"Answer {person}" for person in range(1, 41)
    )
    async with session_scope() as session:
        over = await session.scalars(select(Alert.state).where(Alert.to_subscriber.is_not(None)))
        assert set(over) == {"sent"}
