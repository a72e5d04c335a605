"""``python -m workers.clock``: sees to it that what the rows owe is done, whatever became of the jobs.

Not RQ's cron: that puts pickled jobs on the queue (ours are JSON) and ends when Redis is away,
the very moment in which a clock is needed (docs/decisions/clock.md).
"""

from __future__ import annotations

import asyncio
import logging
import signal
from math import ceil

import uvloop
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from alerts.broadcasts import schedule, settling
from alerts.logs import configure_logs
from alerts.settings import settings
from alerts.storage.engine import close_engine, session_scope
from alerts.storage.redis import enqueue, queue
from alerts.subscribers import imports
from alerts.team.idempotency import forget_old_answers

TICK_SECONDS = 1.0
SETTLE_EVERY = 3  # ticks
ADOPT_EVERY = 30
FORGET_EVERY = 600
MOST_TEXTS = 20_000  # counted of an alert; more make no difference
MOST_WAITING = 10  # jobs in the queue; behind more, a question to the carrier only waits
TEXTS_A_WORKER = 500  # for fewer, another worker is not asked to help
CLOCK_LOCK = 7_230_002  # several clocks may run; one at a time does the duties

log = logging.getLogger(__name__)


async def tick(number: int) -> None:
    """Every duty once. A duty looks at the rows, so that a missed tick costs a second and no more."""
    async with session_scope() as session:
        if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": CLOCK_LOCK}):
            return
        await schedule.start_due(session)
        await schedule.release(session)
        await settling.expire_claims(session)
        await schedule.finish(session)
        if number % ADOPT_EVERY == 0:
            await schedule.adopt(session, settings().senders)
        owed = await schedule.owed(session, MOST_TEXTS)
        unknowns = await settling.any_unknown(session)
        importing = await imports.owed(session)
        if number % FORGET_EVERY == 0:
            await imports.forget_old_refusals(session)
    if number % FORGET_EVERY == 0:
        await forget_old_answers()
    waiting = await asyncio.to_thread(_waiting_jobs) if owed or unknowns or importing else 0
    if unknowns and number % SETTLE_EVERY == 0 and waiting < MOST_WAITING:
        await enqueue("settle")
    if importing and not waiting:
        await enqueue("import_subscribers")
    # Whoever is free looks at the queue: while something waits there, asking again would only pile up jobs.
    if owed and not waiting:
        texts = sum(one.texts for one in owed)
        await enqueue("send", times=await asyncio.to_thread(_workers_wanted, texts))


def _waiting_jobs() -> int:
    return queue().count


def _workers_wanted(texts: int) -> int:
    return max(1, min(Worker.count(queue=queue()), ceil(texts / TEXTS_A_WORKER)))


async def run() -> None:
    """Tick until told to stop. PostgreSQL or Redis may go away and come back."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    number = 0
    log.info("clock ready")
    while not stop.is_set():
        try:
            await tick(number)
        except (SQLAlchemyError, RedisError, OSError) as error:
            log.warning("tick missed: error=%s", type(error).__name__)
        number += 1
        try:
            await asyncio.wait_for(stop.wait(), TICK_SECONDS)
        except TimeoutError:
            continue
    await close_engine()


def main() -> None:
    """The process."""
    configure_logs(settings().log_level)
    uvloop.run(run())


if __name__ == "__main__":
    main()
