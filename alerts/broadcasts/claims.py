"""Claiming: the deliveries that are ours to send, committed before anything is sent."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from psycopg import AsyncConnection

from alerts.broadcasts.statements import CLAIM, CLAIM_LETTERS, FAIL_SEALED, UNCLAIM
from alerts.broadcasts.states import DeliveryState
from alerts.storage.engine import for_the_driver
from alerts.storage.meters import DATABASE, timed
from alerts.storage.sealing import SealBroken, sealer

_CLAIM = for_the_driver(CLAIM)
_UNCLAIM = for_the_driver(UNCLAIM)
_CLAIM_LETTERS = for_the_driver(CLAIM_LETTERS)
_FAIL_SEALED = for_the_driver(FAIL_SEALED)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until the lease ends; without a ``phone`` it was skipped or put off."""

    id: int
    subscriber_id: int
    language: str
    attempt: int
    phone: str
    body: str | None = None  # of a letter, with its message parts; an alert has one for each language
    parts: int = 0


async def claim(
    connection: AsyncConnection,
    alert_id: int,
    sender: str,
    most: int,
    after: int,
    closed: Mapping[int, datetime] = MappingProxyType({}),
) -> list[Claimed]:
    """Claim up to ``most`` waiting deliveries of the alert with ids above ``after``, and commit.

    ``closed``: the lists whose people must not be texted now, and when they may be again; theirs are
    put off instead.
    ``connection`` commits each statement by itself: a claim is one journey to the database and back.
    Raises SealBroken where a number does not open; then nothing stays claimed.
    """
    given = {
        "alert": alert_id,
        "sender": sender,
        "size": most,
        "after": after,
        "closed": list(closed),
        "opens_at": list(closed.values()),
    }
    with timed(DATABASE, "claim"):
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


async def claim_letters(connection: AsyncConnection, sender: str, most: int) -> list[Claimed]:
    """Claim up to ``most`` letters that wait on the sender, the oldest, and commit.

    One that does not open has failed: nobody could resume it, and it keeps no other waiting.
    """
    given = {"sender": sender, "size": most}
    rows = await (await connection.execute(_CLAIM_LETTERS, given, binary=True)).fetchall()
    letters, broken = [], []
    for number, subscriber_id, language, attempt, state, sealed_phone, sealed_body, parts in rows:
        phone = body = ""
        try:
            if state == DeliveryState.SENDING:
                phone, body = _opened(sealed_phone, sealed_body)
        except SealBroken:
            broken.append(number)
        letters.append(Claimed(number, subscriber_id, language, attempt, phone, body, parts))
    if broken:
        log.error("letters failed, their seal is broken: deliveries=%s", broken)
        await connection.execute(_FAIL_SEALED, {"deliveries": broken})
    return letters


def _opened(phone: bytes, body: bytes) -> tuple[str, str]:
    return (
        sealer().open_findable("subscribers.phone", phone),
        sealer().open_private("alerts.sealed_body", body),
    )
