"""The jobs: each calls functions of one room, and says what it did. Arguments are ids, nothing else.

A job looks at what the rows still need, so it may run twice, or late, or not at all: the clock
asks again for whatever is owed.
"""

from __future__ import annotations

import logging

from alerts.broadcasts import copies, overdue, settling
from alerts.conversations import retention
from alerts.storage.redis import enqueue
from alerts.subscribers import taking
from workers import runtime

log = logging.getLogger(__name__)


def send() -> None:
    """Send for a stint whatever alerts under way still need, urgent ones first."""
    runtime.run(_send())


async def _send() -> None:
    dispatch = await runtime.dispatch()
    claimed = await dispatch.stint()
    log.info("stint ended: deliveries=%s", claimed)
    if claimed and not runtime.stopping():
        await enqueue("send")  # at the end of the queue: what else waits there is done first


def import_subscribers() -> None:
    """Take in rows of files for a moment, or take them back."""
    runtime.run(_import_subscribers())


async def _import_subscribers() -> None:
    if await taking.stint() and not runtime.stopping():
        await enqueue("import_subscribers")  # behind what else waits


def erase_copies() -> None:
    """Erase texts at the carrier that are over, for a moment."""
    runtime.run(_erase_copies())


async def _erase_copies() -> None:
    if await copies.stint(await runtime.carrier()) and not runtime.stopping():
        await enqueue("erase_copies")  # behind what else waits


def look_up_overdue() -> None:
    """Ask the carrier for a moment about texts of which no callback told."""
    runtime.run(_look_up_overdue())


async def _look_up_overdue() -> None:
    if await overdue.stint(await runtime.carrier()) and not runtime.stopping():
        await enqueue("look_up_overdue")  # behind what else waits


def keep_no_longer() -> None:
    """Forget for a moment what is kept no longer."""
    runtime.run(_keep_no_longer())


async def _keep_no_longer() -> None:
    if await retention.stint() and not runtime.stopping():
        await enqueue("keep_no_longer")  # behind what else waits


def settle() -> None:
    """Look up what became of texts that nobody knows about."""
    runtime.run(_settle())


async def _settle() -> None:
    settled = await settling.settle(await runtime.carrier())
    if settled:
        log.info("unknown deliveries settled: deliveries=%s", settled)
