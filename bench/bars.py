"""The bars of ``make bench``: what the figures of one run must show."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from bench import console, counting, imports, inbound, ours
from bench.measure import SLOW_CARRIER_SECONDS, Results
from bench.peers import aiohttp_loop, celery_prefork, rq_job_a_text

RQ, CELERY, AIOHTTP = rq_job_a_text.NAME, celery_prefork.NAME, aiohttp_loop.NAME


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure worked out of the run's figures, and where it must lie, bounds included."""

    name: str
    of: Callable[[Results], float]
    least: float = -math.inf
    most: float = math.inf

    @property
    def wanted(self) -> str:
        """The bounds in words."""
        if math.isinf(self.most):
            return f"≥ {self.least:,g}"
        return f"≤ {self.most:,g}" if math.isinf(self.least) else f"{self.least:,g} to {self.most:,g}"

    def measured(self, results: Results) -> float | None:
        """None where a figure that it needs was not measured."""
        try:
            return self.of(results)
        except KeyError:
            return None

    def holds(self, measured: float) -> bool:
        """Whether it lies where it must."""
        return self.least <= measured <= self.most


def _ratio(above: str, below: str) -> Callable[[Results], float]:
    return lambda r: r.median(above) / r.median(below)


def _most_memory(results: Results) -> float:
    return max(results.mb(name) for name in (ours.ONE_WORKER, ours.SMALL_ALERT, ours.LARGE_ALERT))


def _pace_bars(rate: int) -> list[Bar]:
    return [
        Bar(
            f"pace kept at {rate:,} parts/s, 4 workers",
            lambda r: r.median(ours.PACE_KEPT[rate]),
            0.97,
            1.0,
        ),
        Bar(
            f"parts over rate and burst in any second, at {rate:,} parts/s",
            lambda r: r.highest(ours.PACE_OVER[rate]),
            most=0,
        ),
    ]


BARS = [
    Bar("times one RQ job a text", _ratio(ours.ONE_WORKER, RQ), 30),
    Bar("times Celery prefork, 2 processes", _ratio(ours.ONE_WORKER, CELERY), 8),
    Bar("times the plain aiohttp loop", _ratio(ours.ONE_WORKER, AIOHTTP), 0.9),
    Bar("2 workers, times one", _ratio(ours.TWO_WORKERS, ours.ONE_WORKER), 1.7),
    Bar("2 workers on 2 cores, times one on one", _ratio(ours.TWO_WORKERS, ours.ONE_CORE), 1.7),
    Bar("CPU a text, of Celery's", lambda r: r.cpu(ours.ONE_WORKER) / r.cpu(CELERY), most=1 / 12),
    Bar("what records cost", lambda r: 1 - r.median(ours.ONE_WORKER) / r.median(ours.NO_RECORDS), most=0.2),
    Bar("what sealing costs", lambda r: 1 - r.median(ours.ONE_WORKER) / r.median(ours.NOT_SEALED), most=0.1),
    Bar(
        "of in-flight ÷ latency, at 100 ms",
        lambda r: r.median(ours.SLOW_CARRIER) * SLOW_CARRIER_SECONDS / ours.IN_FLIGHT,
        0.9,
    ),
    Bar(
        "cost a text at 1,000,000 recipients ÷ at 10,000",
        _ratio(ours.LARGE_ALERT, ours.SMALL_ALERT),
        most=1.15,
    ),
    Bar("a worker's memory at any size, MB", _most_memory, most=130),
    Bar("deliveries written, rows/s", lambda r: r.median(ours.DELIVERIES_WRITTEN), 150_000),
    Bar("an audience counted at 1,000,000, ms", lambda r: r.median(counting.SLOWEST_OF_ALL), most=200),
    Bar("the silent of 500,000 asked, ms", lambda r: r.median(counting.SILENT_OF_HALF), most=200),
    Bar("the slowest page of the console, p95 in ms", lambda r: r.median(console.SLOWEST), most=50),
    Bar("import, times as long as a bare COPY", _ratio(imports.COPY, imports.OURS), most=3),
    *(bar for rate in ours.RATES for bar in _pace_bars(rate)),
    Bar("first text out after send (p95), ms", lambda r: r.median(ours.FIRST_TEXT), most=300),
    Bar("callbacks recorded a second, one web process", lambda r: r.median(ours.CALLBACKS), 3_000),
    Bar("callbacks, of the same route without a database", _ratio(ours.CALLBACKS, ours.CALLBACKS_BARE), 0.7),
    Bar("texts answered, of the same route without a database", _ratio(inbound.ANSWERED, inbound.BARE), 0.7),
    Bar("texts answered, times a plain ORM handler", _ratio(inbound.ANSWERED, inbound.ORM), 4),
    Bar("texts answered, p99 in ms", lambda r: r.median(inbound.ANSWERED_P99), most=60),
    Bar("a page during a flood of 10,000 answers, p95 in ms", lambda r: r.median(inbound.PAGE), most=300),
]
