"""Signing in with e-mail, password and second factor; the sessions that come of it, kept on the server."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError, NotFound
from alerts.settings import settings
from alerts.storage.types import findable
from alerts.team import codes, passwords
from alerts.team.actors import Actor, Scope
from alerts.team.audit import note
from alerts.team.guessing import guessed_right, guessed_wrong, let_guess
from alerts.team.lockdown import IS_OPEN, require_open
from alerts.team.models import Organizer, OrganizerSession
from alerts.team.organizers import actor_of

IDLE = timedelta(hours=2)
LONGEST = timedelta(hours=24)
HALF = timedelta(minutes=10)  # between password and code
# Once a minute, and never waiting for another request of the same session.
_SEEN = text("""
    UPDATE organizer_sessions SET seen_at = now() WHERE id = (
        SELECT id FROM organizer_sessions
        WHERE id = :id AND seen_at < now() - interval '1 minute'
        FOR NO KEY UPDATE SKIP LOCKED)
""")


class WrongSignIn(DomainError):
    """The e-mail address, the password or the code does not fit; which of them is not told."""

    status = 401
    code = "wrong_sign_in"

    def __init__(self) -> None:
        super().__init__("That does not fit. Look at the e-mail address, the password and the code.")


class PasswordNeeded(DomainError):
    """What would outlast the session is done with one's own password only."""

    code = "password_needed"
    field = "password"

    def __init__(self) -> None:
        super().__init__("Type in your own password, too.")


@dataclass(frozen=True)
class Browser:
    """Where somebody signs in: the network, and what the browser calls itself."""

    network: str
    name: str


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in, in which session. ``csrf``: what every form of theirs carries."""

    session_id: int
    who: Organizer
    actor: Actor
    csrf: str


async def password_given(session: AsyncSession, email: str, password: str, browser: Browser) -> str:
    """The first step. The cookie of a session that opens nothing but the second.

    Raises TooManyGuesses, WrongSignIn, LockedDown; the caller commits all the same, as it counts.
    """
    await require_open(session)
    email = email.strip().casefold()
    await let_guess(session, email, browser.network)
    who = await session.scalar(select(Organizer).where(findable(Organizer.email, email)))
    right = await passwords.fits(password, who.password if who else None)
    if who is None or not right or who.disabled_at:
        await guessed_wrong(session, email, browser.network)
        raise WrongSignIn
    return await _open(session, who, browser, complete=False)


async def code_given(session: AsyncSession, cookie: str, code: str, browser: Browser) -> str:
    """The second step: the app's code, or a recovery code. The cookie of a session that opens everything.

    Raises TooManyGuesses, WrongSignIn, LockedDown; the caller commits all the same.
    """
    await require_open(session)
    half = await _found(session, cookie, complete=False)
    if half is None:
        raise WrongSignIn
    row, _ = half
    who = await session.get_one(Organizer, row.organizer_id, with_for_update=True, populate_existing=True)
    await let_guess(session, who.email, browser.network)
    if who.disabled_at or not await codes.accepts(session, who, code):
        await guessed_wrong(session, who.email, browser.network)
        raise WrongSignIn
    await guessed_right(session, who.email)
    await session.delete(row)
    return await begin(session, who, browser)


async def begin(session: AsyncSession, who: Organizer, browser: Browser) -> str:
    """The cookie of a new session of somebody who has shown everything."""
    actor = actor_of(who, browser.network)
    note(session, actor, "signed in", "organizer", who.id)
    return await _open(session, who, browser, complete=True)


async def _open(session: AsyncSession, who: Organizer, browser: Browser, *, complete: bool) -> str:
    cookie = secrets.token_urlsafe(32)
    session.add(
        OrganizerSession(
            digest=_digest(cookie),
            organizer_id=who.id,
            complete=complete,
            network=browser.network,
            browser=browser.name[:200],
        )
    )
    await session.flush()
    return cookie


async def signed_in(
    session: AsyncSession, cookie: str, network: str, *, by_itself: bool = False
) -> SignedIn | None:
    """Whose cookie it is, if it is good still. What a page asks ``by_itself`` keeps nobody signed in."""
    found = await _found(session, cookie, complete=True)
    if found is None:
        return None
    row, who = found
    if not by_itself:
        await session.execute(_SEEN, {"id": row.id})
    return SignedIn(row.id, who, replace(actor_of(who, network), session=row.id), csrf_of(cookie))


async def require_password(session: AsyncSession, by: SignedIn, password: str) -> None:
    """Look whether it is really whoever signed in: a phone may lie open.

    For what would outlast the session. Raises PasswordNeeded, WrongSignIn, TooManyGuesses; the caller
    commits all the same, as it counts.
    """
    if not password:
        raise PasswordNeeded
    network = by.actor.where or ""
    await let_guess(session, by.who.email, network)
    if not await passwords.fits(password, by.who.password):
        await guessed_wrong(session, by.who.email, network)
        raise WrongSignIn


async def _found(
    session: AsyncSession, cookie: str, *, complete: bool
) -> tuple[OrganizerSession, Organizer] | None:
    idle = IDLE if complete else HALF
    query = (
        select(OrganizerSession, Organizer)
        .join(Organizer, Organizer.id == OrganizerSession.organizer_id)
        .where(
            OrganizerSession.digest == _digest(cookie),
            OrganizerSession.complete.is_(complete),
            OrganizerSession.seen_at > func.now() - idle,
            OrganizerSession.created_at > func.now() - LONGEST,
            Organizer.disabled_at.is_(None),
            IS_OPEN,
        )
    )
    row = (await session.execute(query)).one_or_none()
    return (row[0], row[1]) if row else None


async def whose(session: AsyncSession, session_id: int) -> Organizer | None:
    """Whose session it is, where it is good still; asking does not prolong it."""
    query = (
        select(Organizer)
        .join(OrganizerSession, OrganizerSession.organizer_id == Organizer.id)
        .where(
            OrganizerSession.id == session_id,
            OrganizerSession.seen_at > func.now() - IDLE,
            OrganizerSession.created_at > func.now() - LONGEST,
            Organizer.disabled_at.is_(None),
            IS_OPEN,
        )
    )
    who: Organizer | None = await session.scalar(query)
    return who


async def is_open(session: AsyncSession, session_id: int) -> bool:
    """Whether a session is good still."""
    return await whose(session, session_id) is not None


async def sign_out(session: AsyncSession, by: SignedIn) -> None:
    """End this session."""
    await _end(session, OrganizerSession.id == by.session_id)
    note(session, by.actor, "signed out", "organizer", by.who.id)


async def sessions_of(session: AsyncSession, organizer_id: int) -> Sequence[OrganizerSession]:
    """Where they are signed in, the newest first."""
    query = (
        select(OrganizerSession)
        .where(
            OrganizerSession.organizer_id == organizer_id,
            OrganizerSession.complete.is_(True),
            OrganizerSession.seen_at > func.now() - IDLE,
            OrganizerSession.created_at > func.now() - LONGEST,
        )
        .order_by(OrganizerSession.id.desc())
    )
    return (await session.scalars(query)).all()


async def end_session(session: AsyncSession, session_id: int, by: Actor) -> None:
    """End one of one's own, or as an admin anybody's. Raises NotFound."""
    row = await session.get(OrganizerSession, session_id)
    if row is None or not (by.may(Scope.ADMIN) or row.organizer_id == by.person):
        raise NotFound("session", session_id)
    await session.delete(row)
    note(session, by, "ended a session of", "organizer", row.organizer_id)


async def end_other_sessions(session: AsyncSession, by: SignedIn) -> None:
    """End all of one's own but this one."""
    await _end(session, (OrganizerSession.organizer_id == by.who.id) & (OrganizerSession.id != by.session_id))
    note(session, by.actor, "ended the other sessions of", "organizer", by.who.id)


async def end_sessions_of(session: AsyncSession, organizer_id: int, by: Actor) -> None:
    """An admin signs somebody out everywhere. Raises NotAllowed."""
    by.need(Scope.ADMIN)
    await _end(session, OrganizerSession.organizer_id == organizer_id)
    note(session, by, "ended the sessions of", "organizer", organizer_id)


async def _end(session: AsyncSession, which: object) -> None:
    await session.execute(delete(OrganizerSession).where(which))  # type: ignore[arg-type]


_OLD = text("""
    DELETE FROM organizer_sessions
    WHERE created_at < now() - :longest OR seen_at < now() - CASE WHEN complete THEN :idle ELSE :half END
""")


async def forget_old(session: AsyncSession) -> None:
    """Of sessions that are over nothing stays."""
    await session.execute(_OLD, {"longest": LONGEST, "idle": IDLE, "half": HALF})


def csrf_of(cookie: str) -> str:
    """What a form carries, so that no other site can have sent it: a MAC of the session's cookie."""
    key = settings().session_secret.get_secret_value().encode()
    return hmac.new(key, b"csrf " + cookie.encode(), hashlib.sha256).hexdigest()


def _digest(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()
