"""Whoever fails over an alert, again and again in the same way, pauses it and says why."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from alerts import export
from alerts.broadcasts.statements import MOST_STUMBLES, PAUSE_STUMBLED, STUMBLE, WELL_AGAIN
from alerts.errors import DomainError
from alerts.logs import bound
from alerts.storage.engine import DATABASE_AWAY, session_scope
from alerts.team.audit import note

log = logging.getLogger(__name__)


@asynccontextmanager
async def noted(alert_id: int) -> AsyncIterator[None]:
    """What goes wrong inside is the alert's fault: it is noted, and the worker goes on with others.

    That PostgreSQL is away is nobody's fault and is raised.
    """
    try:
        with bound(alert=alert_id):
            yield
    except DATABASE_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 - one alert must not keep a worker from all the others
        async with session_scope() as session:
            await _note(session, alert_id, error)


@asynccontextmanager
async def set_apart(session: AsyncSession, alert_id: int) -> AsyncIterator[None]:
    """The same in a transaction that many alerts share: what was begun for this one is undone."""
    try:
        with bound(alert=alert_id):
            async with session.begin_nested():
                yield
    except DATABASE_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 - one alert must not keep the clock from all the others
        await _note(session, alert_id, error)


async def went_well(alert_id: int) -> None:
    """What was noted before did not come again: it was a hiccup."""
    async with session_scope() as session:
        await session.execute(WELL_AGAIN, {"alert": alert_id})


async def _note(session: AsyncSession, alert_id: int, error: Exception) -> None:
    # A domain error's words are for people; any other's may hold a number or a text.
    how = str(error) if isinstance(error, DomainError) else type(error).__name__
    log.error("a worker stumbled: alert=%s error=%s", alert_id, type(error).__name__)
    if not isinstance(error, DomainError):
        export.report(error, alert=alert_id)
    times = await session.scalar(STUMBLE, {"alert": alert_id, "how": how})
    if times is not None and times >= MOST_STUMBLES:
        trouble = f"Sending failed {times} times in the same way: {how}. It waits to be resumed."
        # Not through the alert itself: it may be what does not open.
        await session.execute(PAUSE_STUMBLED, {"alert": alert_id, "trouble": trouble})
        note(session, None, "paused", "alert", alert_id)
        log.error("alert paused: alert=%s stumbles=%s", alert_id, times)
