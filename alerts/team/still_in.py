"""What takes a while, a file or a page that is watched: whether whoever asked for it may still."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError
from alerts.team.actors import Actor, scopes_of
from alerts.team.keys import WrongKey, scopes_of_key
from alerts.team.lockdown import LockedDown
from alerts.team.sessions import whose


class ShutOut(DomainError):
    """Their session or key ended meanwhile, they may less than before, or everything is locked down."""

    status = 403
    code = "shut_out"

    def __init__(self) -> None:
        super().__init__("You may not have the rest of this any more.")


async def require_still_in(session: AsyncSession, by: Actor) -> None:
    """Raise ShutOut where ``by`` may not all that they might when they came."""
    if by.session is None:
        try:
            scopes = await scopes_of_key(session, by.id)
        except (WrongKey, LockedDown):
            raise ShutOut from None
    elif who := await whose(session, by.session):
        scopes = scopes_of(who.role, may_read_numbers=who.may_read_numbers)
    else:
        raise ShutOut
    if not by.scopes <= scopes:
        raise ShutOut
