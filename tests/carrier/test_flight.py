"""Requests in flight follow rate and latency, and slots are never lost."""

from __future__ import annotations

import asyncio

import pytest

from alerts.carrier import flight
from alerts.carrier.flight import LEAST, Flight

pytestmark = pytest.mark.anyio
MOST = 300


async def _request(slots: Flight, seconds: float, most_seen: list[int]) -> None:
    began = await slots.begin_one()
    try:
        most_seen.append(slots.flying)
        await asyncio.sleep(seconds)
    finally:
        slots.end_one(began)


async def test_a_slow_carrier_gets_as_many_at_once_as_there_may_be() -> None:
    slots, seen = Flight(MOST), list[int]()
    await asyncio.gather(*(_request(slots, 0.1, seen) for _ in range(3_000)))
    assert slots.limit == MOST
    assert max(seen) == MOST
    assert slots.flying == 0


async def test_no_more_are_in_flight_than_there_may_be() -> None:
    slots, seen = Flight(10), list[int]()
    await asyncio.gather(*(_request(slots, 0.001, seen) for _ in range(500)))
    assert max(seen) == 10


async def test_a_carrier_that_answers_at_once_needs_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "WINDOW_SECONDS", 0.005)
    slots, seen = Flight(MOST), list[int]()
    slots.limit = MOST  # as a slow carrier left it
    await _request(slots, 0, seen)  # so long it takes when nothing else is going on
    await asyncio.gather(*(_request(slots, 0, seen) for _ in range(20_000)))
    assert slots.limit == LEAST


async def test_a_rate_that_others_keep_low_takes_no_slots_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flight, "WINDOW_SECONDS", 0.005)
    slots, seen = Flight(MOST), list[int]()
    slots.limit = 200
    for _ in range(20):
        await _request(slots, 0.001, seen)
    assert slots.limit == 200


async def test_whoever_is_cancelled_while_waiting_takes_no_slot_along() -> None:
    slots, seen = Flight(2), list[int]()
    flying = [asyncio.create_task(_request(slots, 0.05, seen)) for _ in range(2)]
    waiting = [asyncio.create_task(_request(slots, 0, seen)) for _ in range(5)]
    await asyncio.sleep(0.01)
    for task in waiting[:3]:
        task.cancel()
    await asyncio.gather(*flying, *waiting, return_exceptions=True)
    assert slots.flying == 0
    assert len(seen) == 4


async def test_whoever_is_cancelled_just_as_its_turn_comes_passes_it_on() -> None:
    slots, seen = Flight(1), list[int]()
    began = await slots.begin_one()
    first = asyncio.create_task(_request(slots, 0, seen))
    second = asyncio.create_task(_request(slots, 0, seen))
    await asyncio.sleep(0)
    slots.end_one(began)
    first.cancel()  # it has been given the slot and has not run yet
    await asyncio.gather(first, second, return_exceptions=True)
    assert seen == [1]
    assert slots.flying == 0
