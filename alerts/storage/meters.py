"""What happens, counted: in each process by itself, then added up in Redis, where ``/metrics`` reads it.

So it does not matter which of several web processes is asked, and workers and clock on other machines are in
it. What Redis loses begins again at 0, as Prometheus expects of a counter (docs/decisions/metrics.md).
Labels are states, intents, names of our own; a sender is its place and its last two digits.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from redis.exceptions import RedisError

from alerts.storage.redis import async_redis

KEY = "meters"
FLUSH_SECONDS = 2.0
SUM = "sum"
FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SLOW = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 86400.0)


@dataclass(frozen=True, slots=True, eq=False)
class Meter:
    """A counter; or with ``buckets``, in seconds, a histogram."""

    name: str
    says: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()


OUTCOMES = Meter(
    "alerts_outcomes", "Texts that workers sent or could not send, by what came of it", ("state", "language")
)
PARTS = Meter(
    "alerts_parts", "Message parts let go by the pace of a sender, or answered from it", ("sender",)
)
CALLBACKS = Meter("alerts_callbacks", "Status callbacks that came, by what they say", ("state",))
CALLBACK_DELAY = Meter(
    "alerts_callback_delay_seconds",
    "From the claim of a text to a status callback about it; one callback of each group is measured",
    ("state",),
    SLOW,
)
INBOUND = Meter("alerts_inbound", "Texts of workers, by what they meant", ("intent",))
REQUESTS = Meter("alerts_request_seconds", "Time to answer a request", ("kind", "status"), FAST)
JOBS = Meter("alerts_job_seconds", "Time that a job took in a worker", ("name", "good"), SLOW)
DATABASE = Meter(
    "alerts_database_seconds",
    "Time of a statement, or of a group of callbacks, texts, claims or outcomes, in PostgreSQL and back",
    ("what",),
    FAST,
)
TICKS = Meter("alerts_ticks", "Ticks of the clock that did its duties", ())
TICKS_MISSED = Meter("alerts_ticks_missed", "Ticks that could not, by kind of error", ("error",))
METERS = (OUTCOMES, PARTS, CALLBACKS, CALLBACK_DELAY, INBOUND, REQUESTS, JOBS, DATABASE, TICKS, TICKS_MISSED)

Labels = tuple[str, ...]

log = logging.getLogger(__name__)

_counted: dict[tuple[Meter, Labels], float] = {}
_observed: dict[tuple[Meter, Labels], list[float]] = {}  # a number for each bucket, the rest, and the sum


def count(meter: Meter, *labels: str, by: float = 1) -> None:
    """It happened once more, or ``by`` times."""
    key = meter, labels
    _counted[key] = _counted.get(key, 0.0) + by


def observe(meter: Meter, seconds: float, *labels: str) -> None:
    """It took so long."""
    key = meter, labels
    row = _observed.get(key)
    if row is None:
        row = _observed[key] = [0.0] * (len(meter.buckets) + 2)
    row[bisect_left(meter.buckets, seconds)] += 1
    row[-1] += seconds


@contextmanager
def timed(meter: Meter, *labels: str) -> Iterator[None]:
    """Observes how long the block takes, also where it fails."""
    began = time.perf_counter()
    try:
        yield
    finally:
        observe(meter, time.perf_counter() - began, *labels)


async def flush() -> None:
    """Add what this process has counted to what all have. What Redis cannot take waits for the next time."""
    taken, waiting = _take(), True
    if not taken:
        return
    try:
        pipe = async_redis().pipeline(transaction=False)
        for field, by in taken.items():
            pipe.hincrbyfloat(KEY, field, by)
        await pipe.execute()
        waiting = False
    except (RedisError, OSError) as error:
        log.debug("counts wait for redis: error=%s", type(error).__name__)
    finally:
        if waiting:
            _give_back(taken)


_left: dict[str, float] = {}


def _take() -> dict[str, float]:
    """Everything since the last time, by field of the hash: ``[name, labels, bucket]``."""
    fields = dict(_left)
    _left.clear()
    for (meter, labels), by in _counted.items():
        _add(fields, [meter.name, labels, ""], by)
    for (meter, labels), row in _observed.items():
        for edge, number in zip((*meter.buckets, "+Inf", SUM), row, strict=True):
            if number:
                _add(fields, [meter.name, labels, str(edge)], number)
    _counted.clear()
    _observed.clear()
    return fields


def _add(fields: dict[str, float], name: list[object], by: float) -> None:
    field = json.dumps(name)
    fields[field] = fields.get(field, 0.0) + by


def _give_back(fields: dict[str, float]) -> None:
    for field, by in fields.items():
        _left[field] = _left.get(field, 0.0) + by


@asynccontextmanager
async def flushing() -> AsyncIterator[None]:
    """What is counted inside is flushed every ``FLUSH_SECONDS``, and at the end."""
    task = asyncio.create_task(_flush_again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await flush()


async def _flush_again() -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        await flush()


async def counted() -> dict[tuple[str, Labels], dict[str, float]]:
    """What all processes counted: by name and labels, the number in each bucket; "" for counters.

    Raises RedisError.
    """
    found: dict[tuple[str, Labels], dict[str, float]] = {}
    for field, number in (await async_redis().hgetall(KEY)).items():
        name, labels, bucket = json.loads(field)
        found.setdefault((name, tuple(labels)), {})[bucket] = float(number)
    return found
