"""What a worker process keeps between jobs: an event loop, the engine, the carrier's connections.

RQ runs a job as a plain function. All of ours run on this one loop, so that connections and the
Twilio SDK are made once a process and not once a job.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Coroutine
from contextvars import copy_context
from functools import cache
from typing import Any, TypeVar

import uvloop

from alerts.broadcasts.dispatch import IN_FLIGHT, Dispatch
from alerts.carrier.pacing import Pacer
from alerts.carrier.sending import Carrier
from alerts.settings import settings
from alerts.storage.engine import close_engine
from alerts.storage.meters import flushing
from alerts.storage.redis import async_redis

Result = TypeVar("Result")


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


_carrier: Carrier | None = None
_dispatch: Dispatch | None = None
_stopping = False
_job: asyncio.Task[Any] | None = None
GIVE_UP_SECONDS = 8.0  # after the word to stop; whatever a job had not finished, another does

log = logging.getLogger(__name__)


async def carrier() -> Carrier:
    """The carrier of this process, made on its loop."""
    global _carrier  # noqa: PLW0603 - one a process
    if _carrier is None:
        _carrier = Carrier(settings(), connections=IN_FLIGHT)
    return _carrier


async def dispatch() -> Dispatch:
    """This process's share of sending."""
    global _dispatch  # noqa: PLW0603 - one a process
    if _dispatch is None:
        pacer = Pacer(async_redis(), settings().rates)
        _dispatch = Dispatch(await carrier(), pacer, settings().senders)
        if _stopping:
            _dispatch.stop()
        # What is loaded stays: not looking through it again and again is a tenth of the work of a text.
        gc.collect()
        gc.freeze()
    return _dispatch


def stop() -> None:
    """The process is to end: no more is begun, and what is under way is finished or given back.

    From a signal's handler, at any moment. Hosts kill ten seconds later.
    """
    global _stopping  # noqa: PLW0603 - one a process
    if not _stopping:
        _stopping = True
        _runner().get_loop().call_soon_threadsafe(_stop_the_job)


def _stop_the_job() -> None:
    if _dispatch is not None:
        _dispatch.stop()
    asyncio.get_running_loop().call_later(GIVE_UP_SECONDS, _give_up)


def _give_up() -> None:
    if _job is not None:
        log.warning("told to stop, and gives up what it was doing: another worker does it")
        _job.cancel()


def stopping() -> bool:
    """Whether the process is to end."""
    return _stopping


def run(work: Coroutine[Any, Any, Result]) -> Result | None:
    """Run ``work`` on this process's loop, to its end or until it was given up."""
    # In the context of the caller, which has the job's id; the runner would use that of its first job.
    return _runner().run(_counted(work), context=copy_context())


async def _counted(work: Coroutine[Any, Any, Result]) -> Result | None:
    global _job  # noqa: PLW0603 - one a process
    _job = asyncio.current_task()
    try:
        async with flushing():
            return await work
    except asyncio.CancelledError:
        if not _stopping:
            raise
        return None
    finally:
        _job = None


def close() -> None:
    """Give the connections back."""

    async def _close() -> None:
        if _carrier is not None:
            await _carrier.close()
        await async_redis().aclose()
        await close_engine()

    run(_close())
    _runner().close()
