"""The pace of a sender: never over, hardly under, the urgent first, and nothing that Redis loses is missed.

The script takes its time from the server. Here it is given one that stands still until a test moves it, so
that what is granted does not depend on how busy the machine is; one test leaves it the server's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from heapq import heappop, heappush

import pytest
from redis.asyncio import Redis

from alerts.carrier.pacing import SCRIPT, Grant, Pacer, Rank, UnknownSender

pytestmark = pytest.mark.anyio
OURS = "+19095550100"
ITS_TIME = "redis.call('TIME')"
EPOCH = 1_800_000_000_000  # milliseconds


class Clock:
    """``now`` in seconds, and what a script says of it."""

    def __init__(self) -> None:
        self.now = 0.0

    def passes(self, seconds: float) -> None:
        self.now += seconds

    def script(self) -> str:
        assert SCRIPT.count(ITS_TIME) == 1
        moment = EPOCH + round(self.now * 1000)
        return SCRIPT.replace(ITS_TIME, f"{{{moment // 1000}, {moment % 1000 * 1000}}}")


@pytest.fixture
async def redis(valkey_url: str, valkey: None) -> AsyncIterator[Redis]:
    client = Redis.from_url(valkey_url)
    yield client
    await client.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pacer(redis: Redis, rate: float, clock: Clock) -> Pacer:
    async def script(keys: list[str], args: list[str | float]) -> object:
        return await redis.eval(clock.script(), len(keys), *keys, *args)

    pace = Pacer(redis, {OURS: rate})
    pace._script = script  # type: ignore[assignment]
    return pace


async def taken(pace: Pacer, clock: Clock, seconds: float, *ranks: Rank) -> list[int]:
    """What each of these workers is granted in so many seconds, each asking when it was told to."""
    began, parts = clock.now, [0] * len(ranks)
    asking = [(began, place) for place in range(len(ranks))]
    while asking:
        clock.now, place = heappop(asking)
        grant = await pace.take(OURS, ranks[place], 1, 250)
        parts[place] += grant.parts
        if clock.now + grant.again < began + seconds:
            heappush(asking, (clock.now + grant.again, place))
    clock.now = began + seconds
    return parts


@pytest.mark.parametrize("rate", [20, 200, 2_000])
async def test_four_workers_together_keep_the_rate(redis: Redis, clock: Clock, rate: int) -> None:
    parts = sum(await taken(pacer(redis, rate, clock), clock, 2.0, *[Rank.ALERT] * 4))
    assert rate * 2 * 0.9 <= parts <= rate * 2


async def test_the_time_is_the_servers(redis: Redis) -> None:
    pace = Pacer(redis, {OURS: 100})
    assert (await pace.take(OURS, Rank.ALERT, 5, 5)).parts == 5
    async with asyncio.timeout(30):
        while not (await pace.take(OURS, Rank.ALERT, 5, 5)).parts:  # noqa: ASYNC110 - in Redis
            await asyncio.sleep(0.02)


async def test_the_first_text_goes_at_once_and_idleness_earns_no_burst(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    assert (await pace.take(OURS, Rank.ALERT, 2, 50)).parts == 2
    clock.passes(1.001)
    assert (await pace.take(OURS, Rank.ALERT, 3, 50)).parts == 3


async def test_a_hiccup_is_made_good_up_to_a_fifth_of_a_second(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    await pace.take(OURS, Rank.ALERT, 1, 50)
    clock.passes(0.6)
    assert (await pace.take(OURS, Rank.ALERT, 1, 100)).parts == 20


async def test_a_long_text_waits_until_enough_has_come_together(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 20, clock)
    assert (await pace.take(OURS, Rank.ALERT, 8, 80)).parts == 8
    first = await pace.take(OURS, Rank.ALERT, 8, 80)
    assert first.parts == 0
    assert 0.3 <= first.again <= 0.5
    clock.passes(0.4)  # of which a little is kept back
    assert (await pace.take(OURS, Rank.ALERT, 8, 80)).parts == 0
    clock.passes(0.01)
    assert (await pace.take(OURS, Rank.ALERT, 8, 80)).parts == 8


async def test_who_wants_more_is_told_to_come_back_and_who_has_all_is_not(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 1_000_000, clock)
    assert (await pace.take(OURS, Rank.ALERT, 1, 2)).again > 0
    clock.passes(0.01)
    assert await pace.take(OURS, Rank.ALERT, 1, 250) == Grant(250, 0.0)


async def test_the_urgent_pass_while_they_want_more(redis: Redis, clock: Clock) -> None:
    urgent, other = await taken(pacer(redis, 100, clock), clock, 1.0, Rank.URGENT, Rank.ALERT)
    assert urgent > 80
    assert other == 0


async def test_an_urgent_worker_that_dies_keeps_nobody_waiting_for_long(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    await pace.take(OURS, Rank.URGENT, 1, 50)  # and is killed
    assert await taken(pace, clock, 0.3, Rank.ALERT) == [0]
    [after] = await taken(pace, clock, 0.7, Rank.ALERT)
    assert after > 30


async def test_who_is_sated_lets_the_others_pass_at_once(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    grant = await pace.take(OURS, Rank.URGENT, 1, 50)
    await pace.give_back(OURS, grant.parts, Rank.URGENT)
    assert (await pace.take(OURS, Rank.REMINDER, 1, 50)).parts == 1


async def test_a_lower_rank_never_keeps_a_higher_one_waiting(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    await pace.take(OURS, Rank.REMINDER, 1, 50)
    clock.passes(0.05)
    assert (await pace.take(OURS, Rank.ALERT, 1, 50)).parts > 0


async def test_what_is_given_back_can_be_taken_again(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 1, clock)
    assert (await pace.take(OURS, Rank.ALERT, 3, 3)).parts == 3
    await pace.give_back(OURS, 2)
    assert (await pace.take(OURS, Rank.ALERT, 1, 3)).parts == 1  # a fifth of a second's, or one text


async def test_an_answer_that_went_out_without_leave_is_waited_for(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 20, clock)
    await pace.spend(OURS, 6)
    grant = await pace.take(OURS, Rank.ALERT, 1, 10)
    assert grant.parts == 0
    assert 0.2 <= grant.again <= 0.4


async def test_refusals_lower_the_pace_by_as_much_as_they_are_and_it_recovers(
    redis: Redis, clock: Clock
) -> None:
    pace = pacer(redis, 100, clock)
    assert 0.85 <= await pace.slow_down(OURS, 5) <= 0.95
    assert 0.10 <= await pace.slow_down(OURS, 100) <= 0.16
    assert await pace.slow_down(OURS, 10_000) == 0.05
    low = (await pace.state(OURS)).share
    clock.passes(0.5)
    assert low < (await pace.state(OURS)).share < 0.1
    [parts] = await taken(pace, clock, 1.0, Rank.ALERT)
    assert 0 < parts <= 10
    clock.passes(60.0)
    assert (await pace.state(OURS)).share == 1.0


async def test_a_sender_that_rests_sends_nothing(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 1_000, clock)
    await pace.take(OURS, Rank.ALERT, 1, 10)
    await pace.hold(OURS, 0.4)
    assert (await pace.state(OURS)).held == 0.4
    assert await taken(pace, clock, 0.399, Rank.REPLY) == [0]
    clock.passes(0.001)
    [parts] = await taken(pace, clock, 0.3, Rank.REPLY)
    assert parts > 100


async def test_redis_may_lose_everything(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    await pace.spend(OURS, 1_000)
    await redis.flushall()
    await redis.script_flush()
    assert (await pace.take(OURS, Rank.ALERT, 1, 50)).parts == 1


async def test_nothing_is_kept_for_ever_and_nothing_of_a_worker_is_kept(redis: Redis, clock: Clock) -> None:
    pace = pacer(redis, 100, clock)
    await pace.take(OURS, Rank.ALERT, 1, 50)
    await pace.slow_down(OURS, 1)
    assert await redis.keys() == [b"pace:{+19095550100}"]
    assert 0 < await redis.pttl("pace:{+19095550100}") <= 3_600_000


async def test_an_address_that_is_not_ours_has_no_pace(redis: Redis, clock: Clock) -> None:
    with pytest.raises(UnknownSender, match=r"\+19095550199"):
        await pacer(redis, 1, clock).take("+19095550199", Rank.ALERT, 1, 1)
