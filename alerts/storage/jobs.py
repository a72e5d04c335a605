"""The jobs as an admin sees them: who works, what waits, what failed; a failed one is put back or deleted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from rq import Worker
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.worker import BaseWorker

from alerts.errors import NotFound
from alerts.storage.redis import queue, redis

MOST_FAILED = 50  # shown


@dataclass(frozen=True, slots=True)
class AtWork:
    """A worker process. ``job``: the name of what it does now."""

    host: str
    pid: int
    since: datetime
    seen: datetime
    job: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that failed: when, for which request, with which error and where; never with its words."""

    id: str
    name: str
    at: datetime
    request: str | None
    trace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Jobs:
    """``waiting``: how many of each name. ``failed``: the newest; ``failures``: how many there are."""

    workers: tuple[AtWork, ...]
    waiting: dict[str, int]
    failed: tuple[Failed, ...]
    failures: int


async def jobs() -> Jobs:
    """Now. Raises RedisError."""
    return await asyncio.to_thread(_jobs)


async def put_back(job_id: str) -> str:
    """A job that failed is done again: it looks at what the rows still need. Its name.

    Raises NotFound, RedisError.
    """
    return await asyncio.to_thread(_put_back, job_id)


async def delete(job_id: str) -> str:
    """A job that failed is forgotten; the rows say what is owed. Its name. Raises NotFound, RedisError."""
    return await asyncio.to_thread(_delete, job_id)


def _jobs() -> Jobs:
    ours = queue()
    failed = ours.failed_job_registry
    found = Job.fetch_many(
        failed.get_job_ids(0, MOST_FAILED - 1, desc=True), connection=redis(), serializer=ours.serializer
    )
    waiting: dict[str, int] = {}
    for job in ours.get_jobs(0, 1_000):
        waiting[_name(job)] = waiting.get(_name(job), 0) + 1
    return Jobs(
        tuple(_at_work(one) for one in Worker.all(queue=ours, serializer=ours.serializer)),
        waiting,
        tuple(_failed(job) for job in found if job is not None),
        failed.count,
    )


def _at_work(worker: BaseWorker) -> AtWork:
    job = worker.get_current_job()
    return AtWork(
        str(worker.hostname),
        int(worker.pid or 0),
        _aware(worker.birth_date),
        _aware(worker.last_heartbeat),
        _name(job) if job else None,
    )


def _failed(job: Job) -> Failed:
    result = job.latest_result()
    trace = (result.exc_string if result else None) or ""
    return Failed(
        job.id, _name(job), _aware(job.ended_at), job.meta.get("request"), tuple(trace.splitlines()[:20])
    )


def _name(job: Job) -> str:
    return str(job.func_name).removeprefix("workers.jobs.")


def _aware(moment: datetime | None) -> datetime:
    if moment is None:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _that_failed(job_id: str) -> Job:
    job = queue().fetch_job(job_id)
    if job is None or job_id not in queue().failed_job_registry:
        raise NotFound("failed job", job_id)
    return job


def _put_back(job_id: str) -> str:
    job = _that_failed(job_id)
    try:
        queue().failed_job_registry.requeue(job)
    except (InvalidJobOperation, NoSuchJobError):  # somebody else did it at the same moment
        raise NotFound("failed job", job_id) from None
    return _name(job)


def _delete(job_id: str) -> str:
    job = _that_failed(job_id)
    job.delete()
    return _name(job)
