"""Requests in flight follow rate and latency, and nothing that is added is lost."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from alerts.carrier import flight
from alerts.carrier.flight import LEAST, Flight

pytestmark = pytest.mark.anyio
MOST = 300


class Carrier:
    """Takes so many seconds; ``most``: requests that it saw at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun: list[int] = []
        self.inside = self.most = 0

    async def send(self, text: int, _began: float) -> None:
        """As Dispatch does: it raises nothing, and a cancelled request is over."""
        self.begun.append(text)
        self.inside += 1
        self.most = max(self.most, self.inside)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            pass
        finally:
            self.inside -= 1


async def fly(carrier: Carrier, most: int, texts: int) -> Flight[int]:
    one = Flight(most, carrier.send)
    for text in range(texts):
        one.add(text)
    await one.landed()
    assert sorted(carrier.begun) == list(range(texts))
    assert len(one) == 0
    return one


async def test_a_slow_carrier_gets_as_many_at_once_as_there_may_be() -> None:
    carrier = Carrier(0.1)
    assert (await fly(carrier, MOST, 3_000)).limit == MOST
    assert carrier.most == MOST


async def test_no_more_are_in_flight_than_there_may_be() -> None:
    carrier = Carrier(0.001)
    await fly(carrier, 10, 500)
    assert carrier.most == 10


async def test_a_carrier_that_answers_at_once_needs_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "WINDOW_SECONDS", 0.005)
    limits = [MOST]  # as a slow carrier left it

    async def send(_text: int, _began: float) -> None:
        await asyncio.sleep(0)
        if one.limit != limits[-1]:
            limits.append(one.limit)

    one = Flight(MOST, send)
    one.limit = MOST
    one.add(0)
    await one.landed()  # so long it takes when nothing else is going on
    for text in range(40_000):
        one.add(text)
    await one.landed()
    assert limits[-1] == LEAST
    # Little by little: a few answers that come late take no slots away.
    assert all(after >= int(0.9 * before) for before, after in pairwise(limits))


async def test_a_rate_that_others_keep_low_takes_no_slots_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "WINDOW_SECONDS", 0.005)
    one = Flight(MOST, Carrier(0.001).send)
    one.limit = 200
    for text in range(20):
        one.add(text)
        await one.landed()
    assert one.limit == 200


async def test_whoever_waits_is_let_through_and_what_is_in_flight_can_be_given_up() -> None:
    carrier = Carrier(60)
    one = Flight(2, carrier.send)
    for text in range(5):
        one.add(text)
    await asyncio.sleep(0)
    assert carrier.begun == [0, 1]
    assert len(one) == 5
    one.let_all_through()
    one.add(5)
    await asyncio.sleep(0)
    assert sorted(carrier.begun) == [0, 1, 2, 3, 4, 5]
    one.cancel()
    await asyncio.wait_for(one.landed(), 1)
    assert len(one) == 0
