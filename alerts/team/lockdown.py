"""Lockdown: a phone with an open console was seized, or worse. Everything stops but the answers."""

from __future__ import annotations

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict
from alerts.team.actors import Actor
from alerts.team.audit import ON_THE_SERVER, note_of
from alerts.team.models import ApiKey, Lockdown, Organizer, OrganizerSession


class LockedDown(Conflict):
    """Nobody gets in, and nothing goes out, until somebody ends it on the server."""

    status = 423
    code = "locked_down"

    def __init__(self) -> None:
        super().__init__("The system is locked down. An admin ends it on the server: alerts unlock")


async def lockdown_now(session: AsyncSession) -> Lockdown | None:
    """The lockdown that holds, if one does."""
    found: Lockdown | None = await session.scalar(select(Lockdown).where(Lockdown.ended_at.is_(None)))
    return found


IS_OPEN = ~select(Lockdown.id).where(Lockdown.ended_at.is_(None)).exists()
"""A condition of queries: no lockdown holds."""


async def require_open(session: AsyncSession) -> None:
    """Raise LockedDown while one holds."""
    if await lockdown_now(session):
        raise LockedDown


async def lock_down(session: AsyncSession, reason: str, by: Actor | None) -> Lockdown:
    """End every session, key and invitation, and let nothing be sent from now on.

    Workers are answered still, and can leave. A second one is the first, and ends again whatever came since.
    """
    made = await lockdown_now(session)
    while made is None:
        try:
            async with session.begin_nested():
                made = Lockdown(reason=reason)
                session.add(made)
        except IntegrityError:  # somebody else at the same moment
            made = await lockdown_now(session)
    ended = await _let_nobody_in(session)
    who = by.name if by else ON_THE_SERVER
    note_of(session, by, who, "locked down", "lockdown", made.id, reason=reason, **ended)
    await session.flush()
    return made


async def unlock(session: AsyncSession) -> bool:
    """End the lockdown: everybody signs in anew. Whether one held.

    What a request that was under way when it began let in all the same, ends here.
    """
    held = await lockdown_now(session)
    if held is None:
        return False
    ended = await _let_nobody_in(session)
    await session.execute(text("UPDATE lockdowns SET ended_at = now() WHERE id = :id"), {"id": held.id})
    note_of(session, None, ON_THE_SERVER, "unlocked", "lockdown", held.id, **ended)
    return True


async def _let_nobody_in(session: AsyncSession) -> dict[str, int]:
    """End every session, key and invitation; how many of the first two."""
    sessions = await session.execute(delete(OrganizerSession))
    keys = await session.execute(
        update(ApiKey).where(ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    )
    await session.execute(update(Organizer).values(welcome=None, welcome_until=None))
    return {"sessions": sessions.rowcount, "keys": keys.rowcount}  # type: ignore[attr-defined]
