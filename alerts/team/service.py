"""API keys: made, shown once, checked."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError
from alerts.team.models import ApiKey

PREFIX = "alerts_"  # lets secret scanners find a key that somebody published


class WrongKey(DomainError):
    """The API key is missing, unknown, expired or revoked; which of these is not told."""

    status = 401
    code = "wrong_key"

    def __init__(self) -> None:
        super().__init__("This needs a valid API key: Authorization: Bearer KEY")


@dataclass(frozen=True)
class NewApiKey:
    """An API key in the only moment in which it can be read."""

    id: int
    key: str


async def create_api_key(session: AsyncSession, name: str, *, may_read_numbers: bool = False) -> NewApiKey:
    """Make a key of 256 random bits. Only its digest is stored."""
    key = PREFIX + secrets.token_urlsafe(32)
    row = ApiKey(name=name, digest=_digest(key), may_read_numbers=may_read_numbers)
    session.add(row)
    await session.flush()
    return NewApiKey(row.id, key)


async def key_holder(session: AsyncSession, key: str) -> ApiKey:
    """Whose ``key`` it is. Raises WrongKey."""
    row = await session.scalar(select(ApiKey).where(ApiKey.digest == _digest(key)))
    if row is None or row.revoked_at or (row.expires_at and row.expires_at <= datetime.now(UTC)):
        raise WrongKey
    return row


def _digest(key: str) -> bytes:
    # A fast hash is right for 256 random bits: there is nothing to guess.
    return hashlib.sha256(key.encode()).digest()
