"""The pace of a sender: never over, hardly under, the urgent first, and nothing that Redis loses is missed.

The script takes its time from the server, so these wait in earnest, but never long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from alerts.carrier.pacing import Grant, Pacer, Rank, UnknownSender

pytestmark = pytest.mark.anyio
OURS = "+19095550100"


@pytest.fixture
async def redis(valkey_url: str, valkey: None) -> AsyncIterator[Redis]:
    client = Redis.from_url(valkey_url)
    yield client
    await client.aclose()


def pacer(redis: Redis, rate: float) -> Pacer:
    return Pacer(redis, {OURS: rate})


async def taken(pace: Pacer, seconds: float, rank: Rank = Rank.ALERT, most: int = 250) -> int:
    """What one worker is granted in so many seconds."""
    loop = asyncio.get_running_loop()
    until, parts = loop.time() + seconds, 0
    while loop.time() < until:
        grant = await pace.take(OURS, rank, 1, most)
        parts += grant.parts
        await asyncio.sleep(min(grant.again, max(0.0, until - loop.time())))
    return parts


@pytest.mark.parametrize("rate", [20, 200, 2_000])
async def test_four_workers_together_keep_the_rate(redis: Redis, rate: int) -> None:
    parts = sum(await asyncio.gather(*(taken(pacer(redis, rate), 2.0) for _ in range(4))))
    assert rate * 2 * 0.9 <= parts <= rate * 2 + max(1, rate * 0.25)


async def test_the_first_text_goes_at_once_and_idleness_earns_no_burst(redis: Redis) -> None:
    pace = pacer(redis, 100)
    assert (await pace.take(OURS, Rank.ALERT, 2, 50)).parts == 2
    await asyncio.sleep(1.1)
    assert (await pace.take(OURS, Rank.ALERT, 3, 50)).parts == 3


async def test_a_hiccup_is_made_good_up_to_a_fifth_of_a_second(redis: Redis) -> None:
    pace = pacer(redis, 100)
    await pace.take(OURS, Rank.ALERT, 1, 50)
    await asyncio.sleep(0.6)
    assert (await pace.take(OURS, Rank.ALERT, 1, 100)).parts == 20


async def test_a_long_text_waits_until_enough_has_come_together(redis: Redis) -> None:
    pace = pacer(redis, 20)
    assert (await pace.take(OURS, Rank.ALERT, 8, 80)).parts == 8
    first = await pace.take(OURS, Rank.ALERT, 8, 80)
    assert first.parts == 0
    assert 0.3 <= first.again <= 0.5
    await asyncio.sleep(first.again)
    granted = first
    while not granted.parts:
        granted = await pace.take(OURS, Rank.ALERT, 8, 80)
        await asyncio.sleep(0.02)
    assert granted.parts == 8


async def test_who_wants_more_is_told_to_come_back_and_who_has_all_is_not(redis: Redis) -> None:
    pace = pacer(redis, 1_000_000)
    await pace.take(OURS, Rank.ALERT, 1, 1)
    await asyncio.sleep(0.01)
    assert await pace.take(OURS, Rank.ALERT, 1, 250) == Grant(250, 0.0)


async def test_the_urgent_pass_while_they_want_more(redis: Redis) -> None:
    pace = pacer(redis, 100)
    urgent = asyncio.create_task(taken(pace, 1.0, Rank.URGENT))
    await asyncio.sleep(0.05)
    assert await taken(pace, 0.8, Rank.ALERT) == 0
    assert await urgent > 80


async def test_an_urgent_worker_that_dies_keeps_nobody_waiting_for_long(redis: Redis) -> None:
    pace = pacer(redis, 100)
    await pace.take(OURS, Rank.URGENT, 1, 50)  # and is killed
    assert await taken(pace, 0.3, Rank.ALERT) == 0
    assert await taken(pace, 0.7, Rank.ALERT) > 30


async def test_who_is_sated_lets_the_others_pass_at_once(redis: Redis) -> None:
    pace = pacer(redis, 100)
    grant = await pace.take(OURS, Rank.URGENT, 1, 50)
    await pace.give_back(OURS, grant.parts, Rank.URGENT)
    assert (await pace.take(OURS, Rank.REMINDER, 1, 50)).parts == 1


async def test_a_lower_rank_never_keeps_a_higher_one_waiting(redis: Redis) -> None:
    pace = pacer(redis, 100)
    await pace.take(OURS, Rank.REMINDER, 1, 50)
    await asyncio.sleep(0.05)
    assert (await pace.take(OURS, Rank.ALERT, 1, 50)).parts > 0


async def test_what_is_given_back_can_be_taken_again(redis: Redis) -> None:
    pace = pacer(redis, 1)
    assert (await pace.take(OURS, Rank.ALERT, 3, 3)).parts == 3
    await pace.give_back(OURS, 2)
    assert (await pace.take(OURS, Rank.ALERT, 1, 3)).parts == 1  # a fifth of a second's, or one text


async def test_an_answer_that_went_out_without_leave_is_waited_for(redis: Redis) -> None:
    pace = pacer(redis, 20)
    await pace.spend(OURS, 6)
    grant = await pace.take(OURS, Rank.ALERT, 1, 10)
    assert grant.parts == 0
    assert 0.2 <= grant.again <= 0.4


async def test_refusals_lower_the_pace_by_as_much_as_they_are_and_it_recovers(redis: Redis) -> None:
    pace = pacer(redis, 100)
    assert 0.85 <= await pace.slow_down(OURS, 5) <= 0.95
    assert 0.10 <= await pace.slow_down(OURS, 100) <= 0.16
    assert await pace.slow_down(OURS, 10_000) == 0.05
    low = (await pace.state(OURS)).share
    await asyncio.sleep(0.5)
    assert low < (await pace.state(OURS)).share < 0.1
    assert await taken(pace, 1.0) <= 10


async def test_a_sender_that_rests_sends_nothing(redis: Redis) -> None:
    pace = pacer(redis, 1_000)
    await pace.take(OURS, Rank.ALERT, 1, 10)
    await pace.hold(OURS, 0.4)
    assert 0.3 < (await pace.state(OURS)).held <= 0.4
    assert await taken(pace, 0.35, Rank.REPLY) == 0
    await asyncio.sleep(0.1)
    assert await taken(pace, 0.3) > 100


async def test_redis_may_lose_everything(redis: Redis) -> None:
    pace = pacer(redis, 100)
    await pace.spend(OURS, 1_000)
    await redis.flushall()
    await redis.script_flush()
    assert (await pace.take(OURS, Rank.ALERT, 1, 50)).parts == 1


async def test_nothing_is_kept_for_ever_and_nothing_of_a_worker_is_kept(redis: Redis) -> None:
    pace = pacer(redis, 100)
    await pace.take(OURS, Rank.ALERT, 1, 50)
    await pace.slow_down(OURS, 1)
    assert await redis.keys() == [b"pace:{+19095550100}"]
    assert 0 < await redis.pttl("pace:{+19095550100}") <= 3_600_000


async def test_an_address_that_is_not_ours_has_no_pace(redis: Redis) -> None:
    with pytest.raises(UnknownSender, match=r"\+19095550199"):
        await pacer(redis, 1).take("+19095550199", Rank.ALERT, 1, 1)
