"""Lockdown, as alerts see it: all that is under way or set for a time is paused."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.models import Alert
from alerts.broadcasts.states import AlertState
from alerts.team import lockdown
from alerts.team.actors import Actor
from alerts.team.models import Lockdown

TROUBLE = "The system was locked down. Look at this alert before you resume it."


async def lock_down(
    session: AsyncSession, reason: str, by: Actor | None = None
) -> tuple[Lockdown, list[int]]:
    """Shut everybody out and stop every send; the ids of alerts that this paused.

    Workers claim nothing while it holds (statements.py): letters to one person wait.
    """
    made = await lockdown.lock_down(session, reason, by)
    return made, await _stop(session)


async def unlock(session: AsyncSession) -> list[int] | None:
    """End the lockdown; the ids of alerts that this paused. None where none held.

    Those are what got by it: a sending that was under way when it began, a text that the carrier gave back.
    """
    return await _stop(session) if await lockdown.unlock(session) else None


async def _stop(session: AsyncSession) -> list[int]:
    stopped = (
        update(Alert)
        .where(Alert.state.in_([AlertState.SCHEDULED, AlertState.SENDING]), Alert.to_subscriber.is_(None))
        .values(state=AlertState.PAUSED, trouble=TROUBLE)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(await session.scalars(stopped))
