"""A worker that fails over an alert, again and again in the same way, pauses it and says why."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alerts import export
from alerts.broadcasts.statements import PAUSE_STUMBLED, STUMBLE
from alerts.errors import DomainError
from alerts.logs import bound
from alerts.storage.engine import DATABASE_AWAY, session_scope
from alerts.team.audit import note

MOST_STUMBLES = 3

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
        # A domain error's words are for people; any other's may hold a number or a text.
        how = str(error) if isinstance(error, DomainError) else type(error).__name__
        log.error("a worker stumbled: alert=%s error=%s", alert_id, type(error).__name__)  # noqa: TRY400
        if not isinstance(error, DomainError):
            export.report(error, alert=alert_id)
        await _note(alert_id, how)


async def _note(alert_id: int, how: str) -> None:
    async with session_scope() as session:
        times = await session.scalar(STUMBLE, {"alert": alert_id, "how": how})
        if times is not None and times >= MOST_STUMBLES:
            trouble = f"Sending failed {times} times in the same way: {how}. It waits to be resumed."
            # Not through the alert itself: it may be what does not open.
            await session.execute(PAUSE_STUMBLED, {"alert": alert_id, "trouble": trouble})
            note(session, None, "paused", "alert", alert_id)
            log.error("alert paused: alert=%s stumbles=%s", alert_id, times)
