"""Lockdown: a phone with an open console was seized, or worse. Everything stops but the answers."""

from __future__ import annotations

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict
from alerts.team.actors import Actor
from alerts.team.audit import ON_THE_SERVER, note, note_of
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


async def require_open(session: AsyncSession) -> None:
    """Raise LockedDown while one holds."""
    if await lockdown_now(session):
        raise LockedDown


async def lock_down(session: AsyncSession, reason: str, by: Actor | None) -> Lockdown:
    """End every session, key and invitation, and let nothing be sent from now on.

    Workers are answered still, and can leave. A second one is the first.
    """
    if held := await lockdown_now(session):
        return held
    made = Lockdown(reason=reason)
    try:
        async with session.begin_nested():
            session.add(made)
    except IntegrityError:  # somebody else at the same moment
        return await session.scalar(select(Lockdown).where(Lockdown.ended_at.is_(None))) or made
    sessions = await session.execute(delete(OrganizerSession))
    keys = await session.execute(
        update(ApiKey).where(ApiKey.revoked_at.is_(None)).values(revoked_at=func.now())
    )
    await session.execute(update(Organizer).values(welcome=None, welcome_until=None))
    facts = {"sessions": sessions.rowcount, "keys": keys.rowcount}  # type: ignore[attr-defined]
    if by:
        note(session, by, "locked down", "lockdown", made.id, **facts)
    else:
        note_of(session, None, ON_THE_SERVER, "locked down", "lockdown", made.id, **facts)
    await session.flush()
    return made


async def unlock(session: AsyncSession) -> bool:
    """End the lockdown: what was under way goes on, unless somebody cancels it first. Whether one held."""
    held = await lockdown_now(session)
    if held is None:
        return False
    await session.execute(text("UPDATE lockdowns SET ended_at = now() WHERE id = :id"), {"id": held.id})
    note_of(session, None, ON_THE_SERVER, "unlocked", "lockdown", held.id)
    return True
