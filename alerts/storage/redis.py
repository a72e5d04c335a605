"""The way to Redis: the queues of jobs. Nothing here is the truth; all of it may be lost."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import cache
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import RedisError
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from alerts.logs import request_id
from alerts.settings import settings

QUEUE = "alerts"
CLOCK, CLOCK_SILENT_SECONDS = "clock:ticked", 15
WORKER_BEATS_SECONDS, WORKER_SILENT_SECONDS = 5, 20
JOB_SECONDS = 300  # a batch is bounded by its lease; this only ends a job that hangs
FAILURES_KEPT_SECONDS = 86_400

log = logging.getLogger(__name__)


@cache
def redis() -> Redis:
    """The connection pool of this process. Time-outs, so that a lost Redis stops nobody."""
    return Redis.from_url(settings().redis_url.get_secret_value(), socket_connect_timeout=2, socket_timeout=5)


@cache
def async_redis() -> AsyncRedis:
    """The same for the event loop of this process."""
    return AsyncRedis.from_url(
        settings().redis_url.get_secret_value(), socket_connect_timeout=2, socket_timeout=5
    )


def queue() -> Queue:
    """The queue that workers listen on. JSON: whoever can write to Redis must not run code here."""
    return Queue(QUEUE, connection=redis(), serializer=JSONSerializer, default_timeout=JOB_SECONDS)


async def clock_ticked() -> None:
    """The clock says that it lives. Where Redis is away, nobody hears it."""
    with suppress(RedisError):
        await asyncio.to_thread(redis().set, CLOCK, 1, ex=CLOCK_SILENT_SECONDS)


def seen_clock() -> bool:
    """Whether a clock ticked within CLOCK_SILENT_SECONDS, as far as Redis knows."""
    try:
        return bool(redis().exists(CLOCK))
    except RedisError:
        return False


def workers_alive() -> int:
    """Worker processes that gave a sign of life within WORKER_SILENT_SECONDS. Raises RedisError.

    RQ's own count is of who was born and said no farewell: a killed worker would stand in it for ever.
    """
    known = Worker.all_keys(queue=queue())
    return int(redis().exists(*known)) if known else 0


async def enqueue(job: str, *ids: int, times: int = 1) -> bool:
    """Ask the workers to run ``workers.jobs.<job>(*ids)``, ``times`` over.

    The id of the request that all this is for goes with it, so that it is in what the job logs, too.
    False where Redis is away: the rows still say what is owed, and the clock asks again.
    """
    if not times:
        return True
    try:
        await asyncio.to_thread(_enqueue, f"workers.jobs.{job}", ids, times, request_id())
    except RedisError as error:
        log.warning("redis is away, the clock will ask again: name=%s error=%s", job, type(error).__name__)
        return False
    log.info("asked for: name=%s times=%s", job, times)
    return True


def _enqueue(function: str, ids: tuple[Any, ...], times: int, request: str | None) -> None:
    data = Queue.prepare_data(
        function,
        args=ids,
        result_ttl=0,
        failure_ttl=FAILURES_KEPT_SECONDS,
        timeout=JOB_SECONDS,
        meta={"request": request},
    )
    queue().enqueue_many([data] * times)
