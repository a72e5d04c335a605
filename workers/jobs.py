"""The jobs: each calls functions of one room, and says what it did. Arguments are ids, nothing else.

A job looks at what the rows still need, so it may run twice, or late, or not at all: the clock
asks again for whatever is owed.
"""

from __future__ import annotations

import logging
from math import ceil

from alerts.broadcasts import fanout, settling
from alerts.storage.engine import session_scope
from alerts.storage.redis import enqueue
from workers import runtime

log = logging.getLogger(__name__)


def fan_out(alert_id: int) -> None:
    """Write the alert's deliveries, and ask for as many batches as they need."""
    runtime.run(_fan_out(alert_id))


async def _fan_out(alert_id: int) -> None:
    async with session_scope() as session:
        written = await fanout.prepare(session, alert_id)
    if written is not None:
        log.info("deliveries written: alert=%s deliveries=%s", alert_id, written)
        await enqueue("send_batch", alert_id, times=ceil(written / fanout.BATCH))


def send_batch(alert_id: int) -> None:
    """Send one batch of the alert's deliveries."""
    runtime.run(_send_batch(alert_id))


async def _send_batch(alert_id: int) -> None:
    claimed = await fanout.send_batch(alert_id, await runtime.carrier())
    log.info("batch sent: alert=%s deliveries=%s", alert_id, claimed)


def settle() -> None:
    """Look up what became of texts that nobody knows about."""
    runtime.run(_settle())


async def _settle() -> None:
    settled = await settling.settle(await runtime.carrier())
    if settled:
        log.info("unknown deliveries settled: deliveries=%s", settled)
