"""What is being sent: an alert, texts of it that were claimed together, and one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from alerts.broadcasts.claims import Claimed
from alerts.broadcasts.statements import STOPPED
from alerts.carrier.pacing import Rank
from alerts.carrier.sending import NotWanted
from alerts.carrier.transport import REQUEST_SECONDS
from alerts.storage.engine import session_scope

LETTERS = 0  # stands for all letters where others have the id of an alert
LEASE_SECONDS = 30.0  # after this a claim is nobody's: what it left open is settled
# No request begins so late that it could still be under way when the lease ends.
SENDING_SECONDS = LEASE_SECONDS - REQUEST_SECONDS - 5.0
LOOK_AGAIN_SECONDS = 0.25  # a text that was claimed longer ago is looked at again before it goes


@dataclass(frozen=True, slots=True)
class UnderWay:
    """An alert that is being sent. ``parts``: message parts of its text, by language.

    Or the letters that wait on ``sender``, all together: each brings its own text when it is claimed.
    """

    id: int
    rank: Rank
    bodies: Mapping[str, str]
    parts: Mapping[str, int]
    unwritten: bool
    sender: str | None = None
    stumbled: bool = False  # a worker failed over it, and none has got further since

    @property
    def most_parts(self) -> int:
        """Of its longest text."""
        return max(self.parts.values(), default=1)

    def goes_from(self, sender: str) -> bool:
        """Whether texts of it may wait on ``sender``."""
        return self.sender in (None, sender)

    def text_for(self, one: Claimed) -> tuple[str, int]:
        """What this person gets, and its message parts."""
        if one.body is not None:
            return one.body, one.parts
        return self.bodies[one.language], self.parts[one.language]


class Batch:
    """Texts that were claimed together, until they are sent. ``unsent``: which, and in which attempt."""

    def __init__(self, now: float) -> None:
        """``now``: of the loop's clock, before they were claimed. The lease began no sooner."""
        self.claimed_at = self.looked_at = now
        self.unsent: dict[int, int] = {}
        self._stopped: dict[int, bool] = {}  # whom not to text any more, and whether they left
        self._looking = asyncio.Lock()

    async def look_again(
        self, delivery_id: int, began: float, closed: Mapping[int, datetime]
    ) -> NotWanted | None:
        """Whether a text is not to be sent after all; asked where it could not go soon after its claim.

        For all of the batch in one look, so that waiting texts do not make each other wait. ``began``: when
        its turn came. PostgreSQL may take long to answer: whether the lease still holds is asked last.
        """
        async with self._looking:
            if began - self.looked_at > LOOK_AGAIN_SECONDS and not self._is_too_late():
                looked_at = asyncio.get_running_loop().time()
                given = {
                    "deliveries": list(self.unsent),
                    "attempts": list(self.unsent.values()),
                    "closed": list(closed),
                }
                async with session_scope() as session:
                    rows = await session.execute(STOPPED, given)
                    self._stopped.update((row.id, row.left) for row in rows)
                self.looked_at = looked_at
        if self._is_too_late():
            return NotWanted(left=False)
        left = self._stopped.get(delivery_id)
        return None if left is None else NotWanted(left)

    def _is_too_late(self) -> bool:
        return asyncio.get_running_loop().time() - self.claimed_at > SENDING_SECONDS


class Text(NamedTuple):
    """A text that is ours to send."""

    sender: str
    alert: UnderWay
    one: Claimed
    batch: Batch
