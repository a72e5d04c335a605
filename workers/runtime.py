"""What a worker process keeps between jobs: an event loop, the engine, the carrier's connections.

RQ runs a job as a plain function. All of ours run on this one loop, so that connections and the
Twilio SDK are made once a process and not once a job.
"""

from __future__ import annotations

import asyncio
import gc
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
        _dispatch = Dispatch(await carrier(), pacer, settings().senders, stopping=stopping)
        # What is loaded stays: not looking through it again and again is a tenth of the work of a text.
        gc.collect()
        gc.freeze()
    return _dispatch


def stop() -> None:
    """The process is to end: no more is claimed, what is under way is finished."""
    global _stopping  # noqa: PLW0603 - one a process
    _stopping = True


def stopping() -> bool:
    """Whether the process is to end."""
    return _stopping


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run ``work`` to its end on this process's loop."""
    # In the context of the caller, which has the job's id; the runner would use that of its first job.
    return _runner().run(_counted(work), context=copy_context())


async def _counted(work: Coroutine[Any, Any, Result]) -> Result:
    async with flushing():
        return await work


def close() -> None:
    """Give the connections back."""

    async def _close() -> None:
        if _carrier is not None:
            await _carrier.close()
        await async_redis().aclose()
        await close_engine()

    run(_close())
    _runner().close()
