"""What a worker process keeps between jobs: an event loop, the engine, the carrier's connections.

RQ runs a job as a plain function. All of ours run on this one loop, so that connections and the
Twilio SDK are made once a process and not once a job.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from functools import cache
from typing import Any, TypeVar

import uvloop

from alerts.carrier.sending import Carrier
from alerts.settings import settings
from alerts.storage.engine import close_engine

Result = TypeVar("Result")


@cache
def _runner() -> asyncio.Runner:
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)


_carrier: Carrier | None = None


async def carrier() -> Carrier:
    """The carrier of this process, made on its loop."""
    global _carrier  # noqa: PLW0603 - one a process
    if _carrier is None:
        _carrier = Carrier(settings())
    return _carrier


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run ``work`` to its end on this process's loop."""
    return _runner().run(work)


def close() -> None:
    """Give the connections back."""

    async def _close() -> None:
        if _carrier is not None:
            await _carrier.close()
        await close_engine()

    run(_close())
    _runner().close()
