"""API keys: made, shown once, checked, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError, NotFound
from alerts.storage.pages import page_of
from alerts.team.actors import Actor, NotAllowed, Scope, ordered, scopes_of
from alerts.team.audit import ON_THE_SERVER, note, note_of
from alerts.team.lockdown import IS_OPEN, LockedDown, require_open
from alerts.team.models import ApiKey, Organizer

PREFIX = "alerts_"  # lets secret scanners find a key that somebody published
DAYS = 90  # that a key works, where nobody said
# Neither it nor one of those with which it was made has ended. Asked at each use, so that no key that is
# being made at that very moment outlives the one that makes it.
_LIVES = text("""
    api_keys.revoked_at IS NULL AND (api_keys.made_with IS NULL OR NOT EXISTS (
        WITH RECURSIVE above AS (
            SELECT k.made_with, k.revoked_at FROM api_keys k WHERE k.id = api_keys.made_with
            UNION ALL
            SELECT k.made_with, k.revoked_at FROM above JOIN api_keys k ON k.id = above.made_with)
        SELECT FROM above WHERE revoked_at IS NOT NULL))
""")


class WrongKey(DomainError):
    """The API key is missing, unknown, expired or revoked; which of these is not told."""

    status = 401
    code = "wrong_key"

    def __init__(self) -> None:
        super().__init__("This needs a valid API key: Authorization: Bearer KEY")


class AlreadyExpired(DomainError):
    """A key that would never work."""

    field = "expires_at"

    def __init__(self) -> None:
        super().__init__("expires_at is over. Choose a later time.")


@dataclass(frozen=True)
class NewApiKey:
    """An API key in the only moment in which it can be read."""

    row: ApiKey
    key: str


async def create_api_key(
    session: AsyncSession,
    name: str,
    scopes: Collection[Scope],
    *,
    expires_at: datetime | None = None,
    by: Actor | None = None,
) -> NewApiKey:
    """Make a key of 256 random bits, of ``by`` or of the command line. Only its digest is stored.

    One that is made with another key works no longer than that one.
    Raises NotAllowed where ``by`` would give what they do not have, AlreadyExpired, LockedDown.
    """
    await require_open(session)
    for scope in scopes:
        if by and not by.may(scope):
            raise NotAllowed(scope)
    owner = await _organizer(session, by)
    # Of a key that is nobody's another would be another person's: it could approve what the first wrote.
    if by and owner is None:
        by.need(Scope.ADMIN)
    if expires_at and expires_at <= datetime.now(UTC):
        raise AlreadyExpired
    above = None if by is None or by.id == owner else await session.get(ApiKey, by.id)
    if above and above.expires_at:
        expires_at = min(above.expires_at, expires_at or above.expires_at)
    key = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(
        name=name,
        digest=_digest(key),
        scopes=ordered(scopes),
        organizer_id=owner,
        made_with=above.id if above else None,
        expires_at=expires_at,
    )
    session.add(row)
    await session.flush()
    who = by.name if by else ON_THE_SERVER
    note_of(session, by, who, "made", "key", row.id, scopes=" ".join(row.scopes))
    return NewApiKey(row, key)


async def _organizer(session: AsyncSession, by: Actor | None) -> int | None:
    """Whose a key is that ``by`` makes; a key of the command line's makes keys of nobody's."""
    if by is None:
        return None
    return by.person if await session.get(Organizer, by.person) else None


async def page_of_keys(
    session: AsyncSession, after: int | None, limit: int, person: int | None = None
) -> tuple[Sequence[ApiKey], int | None]:
    """Keys that have not ended, oldest first; those of one ``person``, or all."""
    query = select(ApiKey).where(_LIVES)
    if person is not None:
        query = query.where(or_(ApiKey.organizer_id == person, ApiKey.id == person))
    return await page_of(session, query, ApiKey.id, after, limit)


async def revoke(session: AsyncSession, key_id: int, by: Actor) -> None:
    """End a key of one's own, or as an admin any, and all that were made with it. Raises NotFound."""
    row = await session.get(ApiKey, key_id, with_for_update={"key_share": True})
    own = row is not None and by.person in (row.organizer_id, row.id)
    if row is None or not (own or by.may(Scope.ADMIN)):
        raise NotFound("key", key_id)
    if row.revoked_at is None:
        row.revoked_at = datetime.now(UTC)
        note(session, by, "revoked", "key", key_id)


async def end_keys_of(session: AsyncSession, organizer_id: int) -> int:
    """End all keys of an organizer; how many."""
    ended = await session.execute(
        update(ApiKey)
        .where(ApiKey.organizer_id == organizer_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


# Once a minute, and never waiting for another request of the same key.
_USED = text("""
    UPDATE api_keys SET used_at = now() WHERE id = (
        SELECT id FROM api_keys
        WHERE id = :id AND (used_at IS NULL OR used_at < now() - interval '1 minute')
        FOR NO KEY UPDATE SKIP LOCKED)
""")


async def key_holder(session: AsyncSession, key: str, where: str | None = None) -> Actor:
    """Who calls with ``key``, from the network ``where``. Raises WrongKey, LockedDown."""
    row, owner, scopes = await _good(session, ApiKey.digest == _digest(key))
    await session.execute(_USED, {"id": row.id})
    return Actor(row.id, owner.id if owner else row.id, row.name, scopes, where)


async def scopes_of_key(session: AsyncSession, key_id: int) -> frozenset[Scope]:
    """What a key may do now. Raises WrongKey, LockedDown."""
    return (await _good(session, ApiKey.id == key_id))[2]


async def _good(
    session: AsyncSession, which: ColumnElement[bool]
) -> tuple[ApiKey, Organizer | None, frozenset[Scope]]:
    query = select(ApiKey, Organizer, IS_OPEN).outerjoin(Organizer, Organizer.id == ApiKey.organizer_id)
    found = (await session.execute(query.where(which, _LIVES))).one_or_none()
    if found is None:
        raise WrongKey
    row, owner, is_open = found[0], found[1], found[2]
    if row.expires_at and row.expires_at <= datetime.now(UTC):
        raise WrongKey
    scopes = frozenset(Scope(scope) for scope in row.scopes)
    if owner is not None:
        if owner.disabled_at:
            raise WrongKey
        scopes &= scopes_of(owner.role, may_read_numbers=owner.may_read_numbers)
    if not is_open:
        raise LockedDown
    return row, owner, scopes


def _digest(key: str) -> bytes:
    # A fast hash is right for 256 random bits: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()
