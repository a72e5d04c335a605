"""The pace of each of our senders, in message parts a second, shared by all workers through Redis.

A token bucket in one atomic script (``pacing.lua``, which states its contract). What Redis loses is
not missed: a bucket that is not there starts with one text in it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from redis.asyncio import Redis

from alerts.errors import DomainError
from alerts.settings import settings

SCRIPT = (Path(__file__).parent / "pacing.lua").read_text()


class UnknownSender(DomainError):
    """An address that no rate is known for, because it is not one of our senders."""

    code = "unknown_sender"

    def __init__(self, sender: str) -> None:
        self.sender = sender
        super().__init__(f"{sender} is not one of our senders. Add it to TWILIO_FROM_NUMBERS.")


class Rank(IntEnum):
    """Whose turn it is on a sender: a lower rank gets nothing while a higher one wants more."""

    REPLY = 0
    URGENT = 1
    ALERT = 2
    REMINDER = 3


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave to send ``parts`` now; ask ``again`` after so many seconds, 0 for at once."""

    parts: int
    again: float


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a sender goes: ``share`` of its rate, and for how many seconds it is ``held``."""

    rate: float
    share: float
    held: float


def label_of(sender: str) -> str:
    """A sender in metrics: its place in the settings and its last two characters."""
    senders = settings().senders
    place = senders.index(sender) + 1 if sender in senders else 0
    return f"{place}-{sender[-2:]}"


class Pacer:
    """Gives leave to send. Raises UnknownSender, and what Redis raises when it is away."""

    def __init__(self, redis: Redis, rates: Mapping[str, float]) -> None:
        self._script = redis.register_script(SCRIPT)
        self._rates = rates

    async def take(self, sender: str, rank: Rank, least: int, most: int) -> Grant:
        """Leave for up to ``most`` parts, but for none where it would be fewer than ``least``.

        ``least`` is what one text takes, so that a long text on a slow sender is sent as soon as
        enough has come together.
        """
        parts, wait = await self._ask("take", sender, int(rank), least, most)
        # Spread, so that workers who were sent away do not come back at the same moment.
        return Grant(parts, wait / 1000 * random.uniform(0.8, 1.2))  # noqa: S311 - not a secret

    async def give_back(self, sender: str, parts: int, sated: Rank | None = None) -> None:
        """``parts`` were granted and are not used. A rank that is ``sated`` wants no more for now."""
        await self._ask("give", sender, parts, -1 if sated is None else int(sated))

    async def spend(self, sender: str, parts: int) -> None:
        """``parts`` go out without leave, as an answer does: what comes after them waits for them."""
        await self._ask("spend", sender, parts)

    async def slow_down(self, sender: str, refused: int) -> float:
        """The carrier asked for patience with ``refused`` parts. The share of the rate from now on.

        A second's texts all refused lower it to about a seventh, one in twenty to about nine tenths;
        it is never below a twentieth and recovers by itself, a tenth a second.
        """
        [share] = await self._ask("slow", sender, refused)
        return share / 1000

    async def hold(self, sender: str, seconds: float) -> None:
        """No leave at all for so long."""
        await self._ask("hold", sender, round(seconds * 1000))

    async def state(self, sender: str) -> Pace:
        """How fast a sender goes now."""
        share, held = await self._ask("state", sender)
        return Pace(self._rate(sender), share / 1000, held / 1000)

    def _rate(self, sender: str) -> float:
        try:
            return self._rates[sender]
        except KeyError:
            raise UnknownSender(sender) from None

    async def _ask(self, what: str, sender: str, *given: int) -> list[int]:
        answer: list[int] = await self._script(
            keys=[f"pace:{{{sender}}}"], args=[what, self._rate(sender), *given]
        )
        return answer
