"""Claiming: the deliveries that are ours to send, committed before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import AsyncConnection

from alerts.broadcasts.statements import CLAIM, UNCLAIM
from alerts.broadcasts.states import DeliveryState
from alerts.storage.engine import for_the_driver
from alerts.storage.sealing import SealBroken, sealer

_CLAIM = for_the_driver(CLAIM)
_UNCLAIM = for_the_driver(UNCLAIM)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until the lease ends; without a ``phone`` it was skipped instead."""

    id: int
    subscriber_id: int
    language: str
    attempt: int
    phone: str


async def claim(
    connection: AsyncConnection, alert_id: int, sender: str, most: int, after: int
) -> list[Claimed]:
    """Claim up to ``most`` waiting deliveries of the alert with ids above ``after``, and commit.

    ``connection`` commits each statement by itself: a claim is one journey to the database and back.
    Raises SealBroken where a number does not open; then nothing stays claimed.
    """
    given = {"alert": alert_id, "sender": sender, "size": most, "after": after}
    rows = await (await connection.execute(_CLAIM, given, binary=True)).fetchall()
    unseal = sealer().open_findable
    try:
        return [
            Claimed(
                number,
                subscriber_id,
                language,
                attempt,
                unseal("subscribers.phone", sealed) if state == DeliveryState.SENDING else "",
            )
            for number, subscriber_id, language, attempt, state, sealed in rows
        ]
    except SealBroken:
        await connection.execute(_UNCLAIM, {"deliveries": [row[0] for row in rows]})
        raise
