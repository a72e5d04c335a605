"""``python -m workers.clock``: sees to it that what the rows owe is done, whatever became of the jobs.

Not RQ's cron: that puts pickled jobs on the queue (ours are JSON) and ends when Redis is away,
the very moment in which a clock is needed (docs/decisions/clock.md).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Awaitable, Callable
from math import ceil

import uvloop
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts import export
from alerts.broadcasts import alarms, copies, months, overdue, schedule, settling
from alerts.ending import Deadline
from alerts.logs import bound, configure_logs
from alerts.settings import settings
from alerts.storage import unsealed
from alerts.storage.engine import DATABASE_AWAY, close_engine, driver_of, session_scope
from alerts.storage.meters import TICKS, TICKS_MISSED, count, flush
from alerts.storage.redis import clock_ticked, enqueue, queue, workers_alive
from alerts.subscribers import census, growth, imports
from alerts.team import audit, guessing, presses, sessions
from alerts.team.idempotency import forget_old_answers

TICK_SECONDS = 1.0
SETTLE_EVERY = 3  # ticks
ADOPT_EVERY = 30
CENSUS_EVERY = 30
FORGET_EVERY = 600
RETENTION_EVERY = 60
LOOK_UP_EVERY = 20
ERASE_EVERY = 20
ALARM_EVERY = 5
FLUSH_EVERY = 2
ANCHOR_EVERY = 3600
LOOK_AGAIN_EVERY = 3600
MOST_TEXTS = 20_000  # counted of an alert; more make no difference
MOST_WAITING = 10  # jobs in the queue; behind more, a question to the carrier only waits
TEXTS_A_WORKER = 500  # for fewer, another worker is not asked to help
CLOCK_LOCK = 7_230_002  # several clocks may run; one at a time does the duties

_walked: dict[str, int] = {}  # how far this clock has looked for what is not sealed yet

log = logging.getLogger("workers.clock")  # __name__ is __main__ here


async def tick(number: int) -> None:
    """Every duty once. A duty looks at the rows, so that a missed tick costs a second and no more."""
    async with session_scope() as session:
        if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": CLOCK_LOCK}):
            return
        await _move_on(session, number)
        owed = await schedule.owed(session, MOST_TEXTS)
        jobs = await _jobs_owed(session, number)
    await clock_ticked()
    if number % FORGET_EVERY == 0:
        await forget_old_answers()
        await months.begin_month()
    if number % ANCHOR_EVERY == 0:
        await _anchor()
    count(TICKS)
    if not owed and not jobs:
        return
    waiting = await asyncio.to_thread(_waiting_jobs)
    # Whoever is free looks at the queue: while something waits there, asking again would only pile up jobs.
    for job in jobs:
        if waiting < (MOST_WAITING if job == "settle" else 1):
            await enqueue(job)
    if owed and not waiting:
        texts = sum(one.texts for one in owed)
        await enqueue("send", times=await asyncio.to_thread(_workers_wanted, texts))


async def _move_on(session: AsyncSession, number: int) -> None:
    """What one transaction does: start, let go, expire, close; and now and then what has time."""
    for every, duty in DUTIES:
        if number % every == 0:
            await _do(session, duty)


async def _do(session: AsyncSession, duty: Duty) -> None:
    """One that breaks undoes none of the others, and keeps none from being done."""
    try:
        async with session.begin_nested():
            await duty(session)
    except DATABASE_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it was, the others are owed
        count(TICKS_MISSED, type(error).__name__)
        log.error("a duty failed: name=%s error=%s", duty.__name__, type(error).__name__)  # noqa: TRY400
        export.report(error)


async def _adopt(session: AsyncSession) -> None:
    await schedule.adopt(session, settings().senders)


async def _seal(session: AsyncSession) -> None:
    await unsealed.seal_some(await driver_of(session), _walked)


async def _look_again(_session: AsyncSession) -> None:
    _walked.clear()


Duty = Callable[[AsyncSession], Awaitable[object]]
DUTIES: tuple[tuple[int, Duty], ...] = (  # in this order, every so many ticks
    (1, schedule.start_due),
    (1, schedule.release),
    (1, settling.expire_claims),
    (1, schedule.finish),
    (ADOPT_EVERY, _adopt),
    (CENSUS_EVERY, census.add_up),
    (ALARM_EVERY, alarms.raise_alarms),
    (FORGET_EVERY, imports.forget_old_refusals),
    (FORGET_EVERY, growth.add_up),
    (FORGET_EVERY, sessions.forget_old),
    (FORGET_EVERY, presses.forget_old),
    (FORGET_EVERY, guessing.forget_old),
    (LOOK_AGAIN_EVERY, _look_again),
    (1, _seal),
)


async def _jobs_owed(session: AsyncSession, number: int) -> list[str]:
    """Jobs, besides sending, that somebody should do now."""
    owed = []
    if number % SETTLE_EVERY == 0 and await settling.any_unknown(session):
        owed.append("settle")
    if await imports.owed(session):
        owed.append("import_subscribers")
    if number % LOOK_UP_EVERY == 0 and await overdue.owed(session):
        owed.append("look_up_overdue")
    if number % ERASE_EVERY == 0 and await copies.owed(session):
        owed.append("erase_copies")
    if number % RETENTION_EVERY == 0:
        owed.append("keep_no_longer")
    return owed


async def _anchor() -> None:
    """Say where the audit trail ends, for a log that whoever has the database cannot change."""
    async with session_scope() as session:
        log.info("the audit trail ends at: head=%s", await audit.head(session))


def _waiting_jobs() -> int:
    return queue().count


def _workers_wanted(texts: int) -> int:
    return max(1, min(workers_alive(), ceil(texts / TEXTS_A_WORKER)))


async def run() -> None:
    """Tick until told to stop. PostgreSQL or Redis may go away and come back."""
    stop, deadline = asyncio.Event(), Deadline()

    def told() -> None:
        stop.set()
        deadline.begin()

    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told)
    number, boot = 0, secrets.token_hex(4)
    log.info("clock ready")
    while not stop.is_set():
        if number % FLUSH_EVERY == 0:
            await flush()
        try:
            with bound(request=f"clock-{boot}-{number}"):
                await tick(number)
        except (SQLAlchemyError, RedisError, OSError) as error:
            count(TICKS_MISSED, type(error).__name__)
            log.warning("tick missed: error=%s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - a clock that stands still is worse than whatever it is
            count(TICKS_MISSED, type(error).__name__)
            log.error("tick missed: error=%s", type(error).__name__)  # noqa: TRY400 - no trace
            export.report(error)
        number += 1
        try:
            await asyncio.wait_for(stop.wait(), TICK_SECONDS)
        except TimeoutError:
            continue
    await close_engine()


def main() -> None:
    """The process."""
    configure_logs(settings().log_level, "clock")
    export.start("clock")
    try:
        uvloop.run(run())
    except Exception as error:
        export.report(error)
        raise
    finally:
        export.stop()


if __name__ == "__main__":
    main()
