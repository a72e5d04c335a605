"""A worker's share of sending: its pace, its order, and what stops it in the middle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from psycopg import OperationalError
from sqlalchemy import TextClause, func, select, text

from alerts.broadcasts import batches, dispatch
from alerts.broadcasts.batches import Batch, Text, UnderWay
from alerts.broadcasts.claims import Claimed
from alerts.broadcasts.dispatch import MOST_UNSURE, Dispatch
from alerts.broadcasts.fanout import prepare
from alerts.broadcasts.models import Delivery, Progress
from alerts.broadcasts.schedule import adopt
from alerts.broadcasts.statements import CALLBACK, CLAIM, CLAIM_LETTERS, FINISH, MOST_STUMBLES, RECORD
from alerts.carrier.pacing import Pacer, Rank
from alerts.carrier.sending import NotWanted
from alerts.carrier.simulator.server import SimulatorServer
from alerts.settings import settings
from alerts.storage.engine import autocommit, session_scope
from alerts.storage.redis import async_redis
from tests.api import Api
from tests.conftest import OUR_NUMBER
from tests.story import JAMES, MARIA, YASMIN, alert, inland_empire
from tests.worker import Worker

pytestmark = pytest.mark.anyio
TEXTS = {"en": "Hi", "es": "Hola", "so": "Nabad"}


async def paced(worker: Worker, rate: float, *senders: str) -> Dispatch:
    """The same worker at another pace."""
    await async_redis().flushdb()  # joining was answered at the pace of the tests
    senders = senders or worker.senders
    pacer = Pacer(async_redis(), dict.fromkeys(senders, rate))
    return Dispatch(worker.carrier, pacer, senders)


async def crowd(api: Api, people: int, area: int = 213) -> int:
    """A list of so many, who read English."""
    made = await api.post("/v1/lists", inland_empire(name=f"Crowd {area}"))
    for number in range(people):
        await api.text(f"+1{area + number // 70}55501{number % 70:02d}", "JOIN")
    return int(made["id"])


async def sent(api: Api, list_id: int, **changes: Any) -> int:
    """An alert that is being sent."""
    made = await api.post("/v1/alerts", alert(list_id, None, text=TEXTS, **changes))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    return int(made["id"])


async def state(api: Api, alert_id: int) -> dict[str, Any]:
    return dict(await api.get(f"/v1/alerts/{alert_id}"))


@pytest.mark.parametrize("verb", ["pause", "cancel"])
async def test_it_takes_effect_while_texts_are_going_out(
    api: Api, worker: Worker, twilio: SimulatorServer, verb: str
) -> None:
    made = await sent(api, await crowd(api, 60))
    # All of it would take half a minute.
    stint = asyncio.create_task((await paced(worker, 2)).stint(120.0))
    while not twilio.simulator.carrier.messages:  # noqa: ASYNC110 - in another thread
        await asyncio.sleep(0.05)
    await api.post(f"/v1/alerts/{made}/{verb}", status=200)
    gone = await stint  # with what had been claimed; of an alert that goes on, all
    assert gone < 60
    assert len(twilio.simulator.carrier.messages) == gone
    if verb == "pause":
        await api.post(f"/v1/alerts/{made}/resume", status=200)
        assert await worker.fan_out(made) == 60 - gone
    assert all(len(twilio.alerts_to(one)) <= 1 for one in twilio.simulator.carrier._phones)


def under_way(alert_id: int) -> UnderWay:
    return UnderWay(alert_id, Rank.ALERT, TEXTS, dict.fromkeys(TEXTS, 1), unwritten=False)


async def fly(dispatch: Dispatch, alert_id: int, claimed: list[Claimed], seconds_ago: float) -> None:
    """Texts that were claimed so long ago get their slots only now."""
    batch = Batch(asyncio.get_running_loop().time() - seconds_ago)
    batch.unsent.update((one.id, one.attempt) for one in claimed)
    recording = asyncio.create_task(dispatch._recorder.run())
    for one in claimed:
        dispatch._flight.add(Text(OUR_NUMBER, under_way(alert_id), one, batch))
    await dispatch._flight.landed()
    dispatch._recorder.close()
    await recording


async def test_stop_between_claim_and_send_wins_after_a_quarter_of_a_second(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    claimed = await worker.claim(called)
    await api.text(YASMIN, "JOOJI")
    await fly(worker.dispatch, called, claimed, 0.26)  # docs/texting-rules.md promises it
    assert twilio.alerts_to(YASMIN) == []
    assert len(twilio.alerts_to(MARIA)) == len(twilio.alerts_to(JAMES)) == 1
    rows = (await api.get(f"/v1/alerts/{called}/deliveries"))["items"]
    assert sorted((row["state"], row["reason"]) for row in rows) == [
        ("accepted", None),
        ("accepted", None),
        ("skipped", "left"),
    ]


async def test_a_claim_that_is_too_old_is_given_back(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    [one, *_] = await worker.claim(called)
    await fly(worker.dispatch, called, [one], batches.SENDING_SECONDS + 1)
    assert not twilio.simulator.carrier.messages
    report = await api.get(f"/v1/alerts/{called}/report")
    assert (report["states"]["waiting"], report["states"]["sending"]) == (1, 2)


@pytest.mark.parametrize("since", ["settled", "claimed anew"])
async def test_what_is_not_ours_any_more_is_not_sent_and_not_touched(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer, since: str
) -> None:
    """Its lease ended while PostgreSQL hung, and somebody else has it, or may have."""
    await worker.prepare(called)
    old = await worker.claim(called)
    await worker.lose_claims()
    await worker.settle()
    if since == "claimed anew":
        await worker.claim(called)
    before = (await api.get(f"/v1/alerts/{called}/report"))["states"]
    await fly(worker.dispatch, called, old, 1.0)
    assert not twilio.simulator.carrier.messages
    assert (await api.get(f"/v1/alerts/{called}/report"))["states"] == before


async def test_the_lease_is_counted_from_before_the_claim_and_looked_at_last(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    """PostgreSQL takes the claim, hangs, answers; and hangs again at the second look."""
    await worker.prepare(called)
    slow = Dispatch(worker.carrier, worker.pacer, worker.senders, in_flight=0)  # what is claimed waits
    slow._given[called] = 0
    async with autocommit() as slow._claims:
        async with session_scope() as session:
            await session.execute(text("LOCK TABLE subscribers"))
            claiming = asyncio.create_task(slow._claim(OUR_NUMBER, under_way(called), 3))
            await waiting_for_a_lock()
            answered_at_the_earliest = asyncio.get_running_loop().time()
        await claiming
    [one, *_] = slow._flight._waiting
    assert one.batch.claimed_at < answered_at_the_earliest

    one.batch.claimed_at -= batches.SENDING_SECONDS - 1
    async with session_scope() as session:
        await session.execute(text("LOCK TABLE subscribers"))
        began = asyncio.get_running_loop().time() + batches.LOOK_AGAIN_SECONDS
        looking = asyncio.create_task(one.batch.look_again(one.one.id, began, {}))
        await waiting_for_a_lock()
        one.batch.claimed_at -= 1  # so long it hung
    assert await looking == NotWanted(left=False)


async def waiting_for_a_lock() -> None:
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    while True:
        async with session_scope() as session:  # a transaction sees what it saw first
            if await session.scalar(waits):
                return
        await asyncio.sleep(0.01)


async def test_urgent_goes_first_and_two_of_one_rank_take_turns(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    people = await crowd(api, 30)
    first = await sent(api, people)
    second = await sent(api, people)
    urgent = await sent(api, people, urgent=True, urgent_reason="Police at the gate")
    for one in (first, second, urgent):
        await worker.prepare(one)
    slow = await paced(worker, 40)
    while await slow.stint():
        pass
    async with session_scope() as session:
        order = list(
            await session.scalars(select(Delivery.alert_id).order_by(Delivery.claimed_at, Delivery.id))
        )
    assert set(order[:30]) == {urgent}
    half = order[30:60]
    assert 10 <= half.count(first) <= 20


async def test_an_alert_that_was_written_while_another_went_out_goes_out_by_the_same_job(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(await sent(api, inland))
    await sent(api, inland)
    assert await (await paced(worker, 20)).stint() == 6


async def test_each_sender_keeps_its_own_pace_and_everybody_their_sender(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    made = await sent(api, await crowd(api, 10))
    other = "+15005550006"  # one of Twilio's magic numbers: it may send
    both = Dispatch(worker.carrier, Pacer(async_redis(), {OUR_NUMBER: 100, other: 100}), (OUR_NUMBER, other))
    while await both.stint():
        pass
    texts = list(twilio.simulator.carrier.messages.values())
    assert sorted(one.sender for one in texts) == [other] * 5 + [OUR_NUMBER] * 5
    async with session_scope() as session:
        rows = await session.execute(select(Delivery.subscriber_id % 2, Delivery.sender).distinct())
        assert sorted(rows) == [(0, OUR_NUMBER), (1, other)]
    assert (await state(api, made))["state"] == "sent"


async def test_a_full_queue_makes_its_sender_rest_and_loses_nothing(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    full = "+15005550008"  # one of Twilio's magic numbers: its queue is full
    async with session_scope() as session:
        await prepare(session, called, [full])
    resting = await paced(worker, 100, full)
    assert await resting.stint(1.0) > 0
    assert await resting.stint(1.0) == 0
    report = await api.get(f"/v1/alerts/{called}/report")
    assert report["states"]["waiting"] == 3
    assert (await Pacer(async_redis(), {full: 100}).state(full)).held > 50


async def test_a_connection_that_is_cut_off_is_made_anew_in_the_same_stint(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    called = await sent(api, await crowd(api, 20))
    await worker.prepare(called)
    stint = asyncio.create_task((await paced(worker, 15)).stint())
    while not twilio.simulator.carrier.messages:  # noqa: ASYNC110 - in another thread
        await asyncio.sleep(0.05)
    async with session_scope() as session:
        cut = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%FOR UPDATE OF d SKIP%'"
        )
        assert await session.scalar(text(cut + " AND pid <> pg_backend_pid()"))
    assert await stint == 20
    assert all(len(twilio.alerts_to(one)) <= 1 for one in twilio.simulator.carrier._phones)


async def test_a_look_ahead_that_fails_keeps_no_text_from_going(
    api: Api, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    called = await sent(api, await crowd(api, 20))
    await worker.prepare(called)
    slow = await paced(worker, 15)  # so that a round is too short for it
    look, looks = slow._look, 0

    async def fails_once() -> list[UnderWay]:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise OperationalError
        return await look()

    monkeypatch.setattr(slow, "_look", fails_once)
    assert await slow.stint() == 20
    assert looks > 2
    assert all(len(twilio.alerts_to(one)) <= 1 for one in twilio.simulator.carrier._phones)


async def test_a_worker_that_waited_for_postgresql_goes_on_as_soon_as_it_has_written(
    called: int, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went on when the next text landed, or half a second later where none was in flight."""
    monkeypatch.setattr(dispatch, "BATCH", 1)
    monkeypatch.setattr(dispatch, "MOST_UNWRITTEN", 0)
    monkeypatch.setattr(dispatch, "ROUND_SECONDS", 60.0)
    await worker.prepare(called)
    quick = await paced(worker, 1_000)
    async with asyncio.timeout(30):
        assert await quick.stint() == 3


async def test_texts_of_a_sender_that_is_not_ours_any_more_are_taken_over(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    async with session_scope() as session:
        await prepare(session, called, ["+19095550199"])
    assert await worker.fan_out(called) == 0
    async with session_scope() as session:
        assert await adopt(session, worker.senders) == 3
    assert await worker.fan_out(called) == 3


async def test_without_redis_nothing_goes_out_and_nothing_breaks(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    from redis.asyncio import Redis

    gone = Pacer(Redis(unix_socket_path="/nowhere"), settings().rates)
    assert await Dispatch(worker.carrier, gone, worker.senders).stint(1.0) == 0
    assert not twilio.simulator.carrier.messages
    assert await worker.fan_out(called) == 3


async def test_an_alert_that_a_worker_stumbles_over_again_and_again_is_paused_and_says_why(
    api: Api, called: int, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    async with session_scope() as session:  # as if its key were gone
        await session.execute(text("UPDATE subscribers SET phone = '\\x09' || phone WHERE id = 1"))
    for _ in range(MOST_STUMBLES):
        assert (await state(api, called))["state"] == "sending"
        await worker.dispatch.stint()
    paused = await state(api, called)
    assert paused["state"] == "paused"
    assert "SealBroken" in paused["trouble"]
    assert not twilio.simulator.carrier.messages


async def test_an_alert_of_which_every_text_is_refused_is_paused_before_all_are_lost(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    made = await api.post("/v1/lists", inland_empire(name="Abroad"))
    for area in range(210, 270):
        await api.text(f"+1{area}5550192", "JOIN")  # texting to its country is not switched on
    called = await sent(api, made["id"])
    slow = await paced(worker, 15)  # forty more would take three seconds
    await slow.stint()
    paused = await state(api, called)
    assert paused["state"] == "paused"
    assert "21408" in paused["trouble"]
    report = await api.get(f"/v1/alerts/{called}/report")
    assert report["states"]["failed"] >= 20
    assert report["states"]["waiting"] > 0


async def test_counts_are_what_a_count_of_all_deliveries_gives(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    for ending in ("0190", "0193", "0194"):
        await api.text("+1909555" + ending, "JOIN")
    twilio.simulator.faults.too_many = 0.3
    twilio.simulator.faults.error_after_accept = 0.3
    made = [await sent(api, inland) for _ in range(4)]
    await api.post(f"/v1/alerts/{made[3]}/pause", status=200)  # so that something is left to withdraw
    await worker.fan_out(made[0])
    await worker.settle()
    await api.post(f"/v1/alerts/{made[3]}/cancel", status=200)
    await worker.tick()
    async with session_scope() as session:
        counted = await session.execute(
            select(Delivery.alert_id, Delivery.language, Delivery.state, func.count()).group_by(
                Delivery.alert_id, Delivery.language, Delivery.state
            )
        )
        kept = await session.execute(
            select(Progress.alert_id, Progress.language, Progress.state, func.sum(Progress.deliveries))
            .group_by(Progress.alert_id, Progress.language, Progress.state)
            .having(func.sum(Progress.deliveries) != 0)
        )
        assert sorted(map(tuple, counted)) == sorted(map(tuple, kept))


async def test_what_cannot_follow_from_a_code_harms_neither_its_text_nor_the_others(
    api: Api, inland: int, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("alerts.broadcasts.effects.follow", breaks)
    await api.text("+19095550190", "JOIN")  # refused: not a phone number
    called = await sent(api, inland)
    await worker.fan_out(called)
    report = await api.get(f"/v1/alerts/{called}/report")
    assert (report["states"]["accepted"], report["states"]["failed"]) == (3, 1)


async def test_refusals_for_haste_lower_the_pace_of_their_sender(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    twilio.simulator.faults.too_many = 1.0
    await worker.prepare(called)
    slow = await paced(worker, 10)
    await slow.stint(1.0)
    await slow.stint(0.2)  # what was said at the end is told before anything else is asked
    assert (await worker.pacer.state(OUR_NUMBER)).share < 0.9
    report = await api.get(f"/v1/alerts/{called}/report")
    assert report["states"]["waiting"] == 3


async def test_a_carrier_that_gives_no_sure_answer_is_not_hammered(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    """Each text of it is looked up before it is sent again."""
    made = await sent(api, await crowd(api, 140))
    before = twilio.simulator.faults.counts["error_before_accept"]
    twilio.simulator.faults.error_before_accept = 1.0
    broken = await paced(worker, 100)
    await broken.stint(1.5)
    asked = twilio.simulator.faults.counts["error_before_accept"] - before
    assert MOST_UNSURE <= asked < 80
    pace = await Pacer(async_redis(), {OUR_NUMBER: 100}).state(OUR_NUMBER)
    assert pace.share < 0.9
    assert pace.held > 0
    twilio.simulator.faults.error_before_accept = 0.0
    while await worker.settle():
        pass
    await worker.fan_out(made)
    assert (await api.get(f"/v1/alerts/{made}/report"))["states"]["unknown"] == 0
    assert all(len(twilio.alerts_to(one)) <= 1 for one in twilio.simulator.carrier._phones)


async def test_an_alert_that_is_gone_is_nobodys_work(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    async with session_scope() as session:
        await session.execute(text("DELETE FROM alerts"))
    assert await worker.dispatch.stint() == 0
    assert await worker.tick() == []
    assert await worker.settle() == 0
    assert not twilio.simulator.carrier.messages


async def test_an_alert_whose_seal_is_broken_is_paused_and_stops_no_other(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    broken, whole = [
        await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
        for _ in range(2)
    ]
    for one in (broken, whole):
        await api.post(f"/v1/alerts/{one['id']}/send", status=202)
        await worker.prepare(one["id"])
    async with session_scope() as session:
        await session.execute(
            text("UPDATE alerts SET bodies = bodies || '\\x00'::bytea WHERE id = :id"), {"id": broken["id"]}
        )
    for _ in range(3):
        await worker.dispatch.stint(0.1)
    outbound = [one for one in twilio.simulator.messages if one.direction != "inbound"]
    assert len(outbound) == 3
    async with session_scope() as session:
        state = await session.scalar(text("SELECT state FROM alerts WHERE id = :id"), {"id": broken["id"]})
    assert state == "paused"


async def test_alerts_are_finished_by_looking_each_of_them_up(database: None) -> None:
    """Joined with all deliveries it took seconds, where the planner did not know yet how many there are."""
    async with session_scope() as session:
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {FINISH.text}")))
    assert "SubPlan" in plan
    assert "Join" not in plan


@pytest.mark.parametrize(
    ("statement", "given"),
    [
        (RECORD, {"outcomes": "[]"}),
        (CALLBACK, {"callbacks": "[]"}),
        (CLAIM, {"alert": 1, "sender": "x", "size": 400, "after": 0, "closed": [], "opens_at": []}),
        (CLAIM_LETTERS, {"sender": "x", "size": 400}),
    ],
    ids=["outcomes", "callbacks", "claims", "letters"],
)
async def test_a_group_is_read_once_though_statistics_know_of_nothing_open(
    called: int, statement: TextClause, given: dict[str, object]
) -> None:
    """Read again for each of its texts it took twice as long."""
    async with session_scope() as session:
        await session.execute(
            text(
                "INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state, claimed_at)"
                " SELECT :alert, n, 'en', 'x', 'delivered', now() FROM generate_series(1000, 23000) n"
            ),
            {"alert": called},
        )
        await session.execute(text("ANALYZE deliveries"))
        [explained] = await session.scalars(text(f"EXPLAIN (FORMAT JSON) {statement.text}"), given)
    [change] = [one for one in _nodes(explained[0]["Plan"]) if one["Node Type"] == "ModifyTable"]
    read = _read_for(change)
    kinds = {one["Node Type"] for one in read}
    assert {"Hash Join", "Merge Join"} & kinds, explained
    assert "Nested Loop" not in kinds, explained
    from_end_to_end = {one["Relation Name"] for one in read if one["Node Type"] == "Seq Scan"}
    assert from_end_to_end <= {"deliveries_rest"}, explained  # where nothing stands


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    return [node, *(below for child in node.get("Plans", []) for below in _nodes(child))]


def _read_for(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What is read for it again and again; not what stands in it once (CTEs, InitPlans)."""
    parts = ("Outer", "Inner", "Member")
    below = [one for one in node.get("Plans", []) if one["Parent Relationship"] in parts]
    return [*below, *(one for child in below for one in _read_for(child))]
