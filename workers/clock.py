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
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from alerts.broadcasts import fanout, schedule, settling
from alerts.logs import configure_logs
from alerts.settings import settings
from alerts.storage.engine import close_engine, session_scope
from alerts.storage.redis import enqueue, queue

TICK_SECONDS = 1.0
SETTLE_EVERY = 5  # ticks
MOST_BATCHES = 50  # asked for at once; the next tick asks for more
CLOCK_LOCK = 7_230_002  # several clocks may run; one at a time does the duties

log = logging.getLogger(__name__)


async def tick(number: int) -> None:
    """Every duty once. A duty looks at the rows, so that a missed tick costs a second and no more."""
    async with session_scope() as session:
        if not await session.scalar(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": CLOCK_LOCK}):
            return
        await schedule.start_due(session)
        await settling.expire_claims(session)
        await schedule.finish(session)
        owed = await schedule.owed(session, MOST_BATCHES * fanout.BATCH)
        unknowns = await settling.any_unknown(session)
    # A queue that is not empty will do; asking again would only pile up jobs that find nothing.
    if owed and not await asyncio.to_thread(_waiting_jobs):
        for one in owed:
            if one.unwritten:
                await enqueue("fan_out", one.alert_id)
            else:
                await enqueue("send_batch", one.alert_id, times=ceil(one.texts / fanout.BATCH))
    if unknowns and number % SETTLE_EVERY == 0:
        await enqueue("settle")


def _waiting_jobs() -> int:
    return queue().count


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
