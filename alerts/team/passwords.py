"""Passwords: hashed with argon2id, and held against those that people choose."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from zxcvbn import zxcvbn

from alerts.errors import DomainError

# The second choice of RFC 9106, section 4: 64 MiB, three passes. But one lane: with more, OpenSSL waits for
# ever for threads of its own once several hashes are made at the same time (seen with cryptography 50).
KIBIBYTES, PASSES, LANES = 64 * 1024, 3, 1
SALT, TAG = 16, 32  # octets, the same section
LEAST, MOST = 10, 200  # characters
GOOD_ENOUGH = 3  # of zxcvbn's 0 to 4: more than 10^8 guesses
# Each takes 64 MiB; a crowd at the door must not take all memory, nor every connection to the database.
AT_ONCE = asyncio.Semaphore(4)
MOST_AT_THE_DOOR = 8


class WeakPassword(DomainError):
    """A password that somebody would guess."""

    field = "password"

    def __init__(self, *, short: bool) -> None:
        self.short = short
        super().__init__(
            f"A password has at least {LEAST} characters."
            if short
            else "This password would be guessed. Four or five unrelated words are a good one."
        )


def check(password: str, known: list[str]) -> None:
    """Raise WeakPassword where it is short, common, or made of what is ``known`` of its owner."""
    if not LEAST <= len(password) <= MOST:
        raise WeakPassword(short=len(password) < LEAST)
    parts = [part for one in known for part in (one, *one.replace("@", " ").replace(".", " ").split())]
    if zxcvbn(password[:72], user_inputs=parts)["score"] < GOOD_ENOUGH:  # its time grows with the length
        raise WeakPassword(short=False)


class Crowded(DomainError):
    """Too many people are signing in at this moment."""

    status = 503
    code = "crowded"

    def __init__(self) -> None:
        super().__init__("Too many people are signing in at this moment. Try again in a minute.")


_at_the_door = 0


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    """One of few at a time. Raises Crowded rather than let too many wait."""
    global _at_the_door  # noqa: PLW0603 - one a process
    if _at_the_door >= MOST_AT_THE_DOOR:
        raise Crowded
    _at_the_door += 1
    try:
        async with AT_ONCE:
            yield
    finally:
        _at_the_door -= 1


async def hashed(password: str) -> str:
    """As it is kept: argon2id in the PHC string format. Raises Crowded."""
    async with _turn():
        return await asyncio.to_thread(_hash, password)


async def fits(password: str, known: str | None) -> bool:
    """Whether it is the ``known`` one. Where there is none it takes as long to say no. Raises Crowded."""
    async with _turn():
        right = await asyncio.to_thread(_verify, password, known or _nobodys())
    return right and known is not None


def _hash(password: str) -> str:
    kdf = Argon2id(salt=os.urandom(SALT), length=TAG, iterations=PASSES, lanes=LANES, memory_cost=KIBIBYTES)
    return kdf.derive_phc_encoded(_octets(password))


def _verify(password: str, known: str) -> bool:
    try:
        Argon2id.verify_phc_encoded(_octets(password), known)
    except InvalidKey:
        return False
    return True


def _octets(password: str) -> bytes:
    # The same letters, however a keyboard composes them (NIST SP 800-63B, section 5.1.1.2).
    return unicodedata.normalize("NFKC", password).encode()


@cache
def _nobodys() -> str:
    return _hash(os.urandom(16).hex())
