"""Twilio's status callbacks: they move deliveries on, late, twice and out of order."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import effects
from alerts.broadcasts.statements import CALLBACK, CALLBACK_STRANGER
from alerts.broadcasts.states import DeliveryState, may_move

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Callback:
    """What Twilio says of one delivery."""

    delivery_id: int
    sid: str
    state: DeliveryState
    code: int | None


async def record_callbacks(session: AsyncSession, callbacks: Sequence[Callback]) -> int:
    """Move each delivery on, where that is forward. How many moved.

    Any number at once: of several for one text only the furthest counts. One for a delivery that
    does not exist, or for another text than was recorded, is logged and changes nothing.
    """
    rows = [
        {"id": one.delivery_id, "sid": one.sid, "state": one.state, "code": one.code}
        for one in _furthest(callbacks)
    ]
    given = {"callbacks": json.dumps(rows)}
    moved = (await session.execute(CALLBACK, given)).all()
    if len(moved) < len(rows):
        for (why,) in await session.execute(CALLBACK_STRANGER, given):
            log.warning("callback ignored: %s", why)
    await effects.follow(session, [effects.Coded(*row[1:]) for row in moved])
    return len(moved)


def _furthest(callbacks: Sequence[Callback]) -> list[Callback]:
    """One callback for each text: a statement must not meet a row twice."""
    furthest: dict[tuple[int, str], Callback] = {}
    for one in callbacks:
        known = furthest.get((one.delivery_id, one.sid))
        if known is None or may_move(known.state, one.state):
            furthest[one.delivery_id, one.sid] = one
    return sorted(furthest.values(), key=lambda one: one.delivery_id)
