"""Twilio's status callbacks: they move deliveries on, late, twice and out of order."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import effects
from alerts.broadcasts.statements import CALLBACK, CALLBACK_STRANGER
from alerts.broadcasts.states import DeliveryState, may_move
from alerts.carrier.codes import Remedy
from alerts.carrier.codes import code as meaning_of
from alerts.storage.engine import for_the_driver
from alerts.storage.meters import CALLBACK_DELAY, CALLBACKS, DATABASE, count, observe, timed

GIVEN_BACK_SECONDS = 60  # a text that the carrier gave back unsent waits so long

# What says that the text went nowhere, for a reason that passes or can be mended.
_GIVES_BACK = (Remedy.SLOW, Remedy.HOLD, Remedy.PAUSE)
_NOT_SENT = (DeliveryState.UNDELIVERED, DeliveryState.FAILED)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Callback:
    """What Twilio says of one delivery. ``late``: given back unsent, it is not sent again any more."""

    delivery_id: int
    sid: str
    state: DeliveryState
    code: int | None
    late: bool = False


async def record_callbacks(session: AsyncSession, callbacks: Sequence[Callback]) -> None:
    """Move each delivery on, where that is forward, and do what the codes ask for.

    Any number at once: of several for one text only the furthest counts. One for a delivery that
    does not exist, or for another text than was recorded, is logged and changes nothing.
    """
    _count(callbacks)
    await move_on(session, callbacks)


async def move_on(session: AsyncSession, callbacks: Sequence[Callback]) -> None:
    """The same for what Twilio said when it was asked: that it calls by itself is counted, and watched."""
    rows = _rows(callbacks)
    given = {"callbacks": json.dumps(rows)}
    moved = (await session.execute(CALLBACK, given)).all()
    if len(moved) < len(rows):
        _log_strangers((await session.execute(CALLBACK_STRANGER, given)).scalars())
    if given_back := [row.alert_id for row in moved if row.state == DeliveryState.WAITING]:
        await effects.reopen(session, given_back)
    await effects.follow(session, [effects.Coded(row.alert_id, row.subscriber_id, row.code) for row in moved])


async def record_plain_callbacks(connection: AsyncConnection, callbacks: Sequence[Callback]) -> None:
    """The same for callbacks without a code, most of them: nothing follows, so one statement is all.

    ``connection`` commits each statement by itself.
    """
    rows = _rows(callbacks)
    given = {"callbacks": json.dumps(rows)}
    _count(callbacks)
    with timed(DATABASE, "callbacks"):
        moved = await connection.execute(_CALLBACK, given)
    if (one := await moved.fetchone()) and one[5] is not None:  # one of each group is enough to know
        observe(CALLBACK_DELAY, one[5], one[4])
    if moved.rowcount < len(rows):
        _log_strangers(
            why for (why,) in await (await connection.execute(_CALLBACK_STRANGER, given)).fetchall()
        )


def _count(callbacks: Sequence[Callback]) -> None:
    for state, number in Counter(one.state for one in callbacks).items():
        count(CALLBACKS, state.value, by=number)


def _rows(callbacks: Sequence[Callback]) -> list[dict[str, object]]:
    """One for each text, as the statement must not meet a row twice: the furthest, in order of id."""
    furthest: dict[tuple[int, str], Callback] = {}
    for one in callbacks:
        known = furthest.get((one.delivery_id, one.sid))
        if known is None or may_move(known.state, one.state):
            furthest[one.delivery_id, one.sid] = one
    return [
        {"id": one.delivery_id, "sid": one.sid, "code": one.code, **_state(one)}
        for one in sorted(furthest.values(), key=lambda one: one.delivery_id)
    ]


def _state(one: Callback) -> dict[str, object]:
    remedy = meaning_of(one.code).remedy
    if one.code and one.state in _NOT_SENT and remedy in _GIVES_BACK and not one.late:
        broken = remedy is Remedy.PAUSE
        return {"state": DeliveryState.WAITING, "wait": GIVEN_BACK_SECONDS, "broken": broken}
    return {"state": one.state}


def _log_strangers(reasons: Iterable[str]) -> None:
    for why in reasons:
        log.warning("callback ignored: %s", why)


_CALLBACK = for_the_driver(CALLBACK)
_CALLBACK_STRANGER = for_the_driver(CALLBACK_STRANGER)
