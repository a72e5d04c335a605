"""``/metrics``, for Prometheus: what all processes counted, and how everything stands now.

Nothing of it is of the process that is asked: any of several web processes gives the same answer.
Who may read it: whoever has METRICS_TOKEN (docs/decisions/metrics.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from hmac import compare_digest

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from alerts.broadcasts.standing import Standing, standing
from alerts.carrier.pacing import Pace, Pacer, label_of
from alerts.errors import DomainError
from alerts.health import OK, readiness
from alerts.settings import settings
from alerts.storage import meters
from alerts.storage.engine import session_scope
from alerts.storage.meters import METERS, SUM, Meter
from alerts.storage.redis import async_redis, queue, workers_alive

GAUGES = {
    "alerts_ready": "1 where a part that sending needs is there",
    "alerts_texts": "Texts by state and language, of alerts under way or over for less than a day",
    "alerts_alerts": "Alerts to many, by state; in trouble: paused by the system, not by a lockdown",
    "alerts_oldest_waiting_seconds": "How long the oldest text has waited that could go now",
    "alerts_unknown": "Texts of which nobody knows whether the carrier took them",
    "alerts_oldest_unknown_seconds": "How long the oldest of these has been so",
    "alerts_locked_down": "1 while everything is locked down",
    "alerts_sender_limit_parts": "Message parts a second that a sender may send",
    "alerts_sender_share": "Share of its limit that a sender is at, after the carrier asked for patience",
    "alerts_sender_held_seconds": "How long a sender still rests",
    "alerts_queue_jobs": "Jobs: waiting, started, failed",
    "alerts_workers": "Worker processes that are alive",
}

router = APIRouter()


class NotForYou(DomainError):
    """``/metrics`` without the token, or where none was set."""

    status = 401
    code = "metrics_token"

    def __init__(self) -> None:
        super().__init__("Send METRICS_TOKEN as a bearer token. Where none is set, nobody may read this.")


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Raises NotForYou."""
    token = settings().metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token is None or not compare_digest(given.encode(), token.get_secret_value().encode()):
        raise NotForYou
    registry = CollectorRegistry()
    registry.register(_Found(await _families()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Found(Collector):
    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


async def _families() -> list[Metric]:
    """Everything; where PostgreSQL or Redis is away, what the other one knows."""
    found = (await readiness()).model_dump()
    families: list[Metric] = [
        _gauge("alerts_ready", {(part,): float(is_ == OK) for part, is_ in found.items()}, "part")
    ]
    if found["postgresql"] == OK:
        try:
            async with session_scope() as session:
                families += _standing(await standing(session, settings().senders))
        except (SQLAlchemyError, OSError):
            families += [_gauge("alerts_ready", {("tables",): 0.0}, "part")]
    if found["redis"] == OK:
        try:
            await meters.flush()
            counted = await meters.counted()
            families += [_family(meter, counted) for meter in METERS]
            families += await _senders()
            families += await asyncio.to_thread(_jobs)
        except (RedisError, OSError):
            pass
    return families


def _gauge(name: str, values: dict[tuple[str, ...], float], *labels: str) -> Metric:
    family = GaugeMetricFamily(name, GAUGES[name], labels=labels)
    for given, value in sorted(values.items()):
        family.add_metric(given, value)
    return family


def _standing(now: Standing) -> list[Metric]:
    return [
        _gauge(
            "alerts_texts", {key: float(number) for key, number in now.texts.items()}, "language", "state"
        ),
        _gauge("alerts_alerts", {(state,): float(number) for state, number in now.alerts.items()}, "state"),
        _gauge("alerts_oldest_waiting_seconds", {(): now.oldest_waiting}),
        _gauge("alerts_unknown", {(): now.unknown}),
        _gauge("alerts_oldest_unknown_seconds", {(): now.oldest_unknown}),
        _gauge("alerts_locked_down", {(): float(now.locked_down)}),
    ]


async def _senders() -> list[Metric]:
    pacer = Pacer(async_redis(), settings().rates)
    paces: dict[tuple[str, ...], Pace] = {
        (label_of(sender),): await pacer.state(sender) for sender in settings().senders
    }
    return [
        _gauge("alerts_sender_limit_parts", {key: pace.rate for key, pace in paces.items()}, "sender"),
        _gauge("alerts_sender_share", {key: pace.share for key, pace in paces.items()}, "sender"),
        _gauge("alerts_sender_held_seconds", {key: pace.held for key, pace in paces.items()}, "sender"),
    ]


def _jobs() -> list[Metric]:
    ours = queue()
    jobs: dict[tuple[str, ...], float] = {
        ("waiting",): float(ours.count),
        ("started",): float(ours.started_job_registry.count),
        ("failed",): float(ours.failed_job_registry.count),
    }
    alive = float(workers_alive())
    return [_gauge("alerts_queue_jobs", jobs, "state"), _gauge("alerts_workers", {(): alive})]


def _family(meter: Meter, counted: dict[tuple[str, meters.Labels], dict[str, float]]) -> Metric:
    """A counter or a histogram, from what all processes counted."""
    rows = sorted(
        (labels, row)
        for (name, labels), row in counted.items()
        if name == meter.name and len(labels) == len(meter.labels)
    )
    if not meter.buckets:
        counter = CounterMetricFamily(meter.name, meter.says, labels=meter.labels)
        for labels, row in rows:
            counter.add_metric(labels, row.get("", 0.0))
        return counter
    histogram = HistogramMetricFamily(meter.name, meter.says, labels=meter.labels)
    for labels, row in rows:
        buckets, so_far = [], 0.0
        for edge in (*map(str, meter.buckets), "+Inf"):
            so_far += row.get(edge, 0.0)
            buckets.append((edge, so_far))
        histogram.add_metric(labels, buckets, row.get(SUM, 0.0))
    return histogram
