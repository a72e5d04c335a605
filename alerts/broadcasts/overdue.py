"""Texts of which nobody heard what became: callbacks get lost, and what the carrier knows is asked for.

Also where PostgreSQL or we were away for longer than Twilio tries again. What it says goes the way of a
callback, so that a person who opted out has left, and an alert is over for whoever watches it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.callbacks import Callback, move_on
from alerts.broadcasts.models import QUIET
from alerts.broadcasts.states import CARRIER_STATUS, MOVES, DeliveryState, may_move
from alerts.broadcasts.timing import LATE_AT_MOST
from alerts.carrier.sending import Carrier, Found
from alerts.carrier.transport import NoAnswer
from alerts.storage.engine import DATABASE_AWAY, session_scope

# So long after a text was claimed the carrier has had its last word: it tries for ten hours at most
# (ValidityPeriod, https://www.twilio.com/docs/messaging/api/message-resource). The rest is our own delay.
LAST_WORD = timedelta(hours=12)
SELDOM = timedelta(hours=8)  # an alert is looked at after one hour, two, four, and then each so many
AGAIN = timedelta(minutes=5)  # where the carrier did not answer
TAKEN = timedelta(minutes=2)  # whoever began on an alert and was killed has left it then
TEXTS_AT_ONCE = 100
REQUESTS_AT_ONCE = 10  # of an account's few hundred: what is sent goes first
STINT_SECONDS = 2.0  # then others who wait in the queue have their turn
MOST_CLOSED = 1_000  # alerts of which nothing can move any more, in one statement

_MOVING = ", ".join(f"'{state}'" for state, moves in MOVES.items() if moves)

log = logging.getLogger(__name__)

_OWED = text("SELECT EXISTS (SELECT FROM alerts WHERE look_up_at <= now())")
# Most alerts, and nearly all letters: what is kept of their counts is enough to know.
_NOTHING_MOVES = text(f"""
    UPDATE alerts a SET look_up_at = NULL
    WHERE a.id IN (
            SELECT id FROM alerts
            WHERE look_up_at <= now() AND state IN ('sent', 'cancelled')
            ORDER BY look_up_at LIMIT :size FOR UPDATE SKIP LOCKED)
      AND NOT EXISTS (
            SELECT FROM progress p WHERE p.alert_id = a.id AND p.state IN ({_MOVING})
            GROUP BY p.alert_id HAVING sum(p.deliveries) > 0)
""")  # noqa: S608 - words of ours
_TAKE = text("""
    UPDATE alerts SET look_up_at = now() + :taken
    WHERE id = (SELECT id FROM alerts WHERE look_up_at <= now()
                ORDER BY look_up_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, looked_up_to
""")
# Plan: the unique index of (alert, subscriber), from where the last look ended: no index of its own, which
# would be written twice for each text. Not again what had had its last word when it was looked at. ``late``:
# what says nothing true any more is not sent again, should the carrier have given it back.
_OVERDUE = text("""
    SELECT d.id, d.subscriber_id, d.message_sid, d.state,
           a.until IS NULL AND d.claimed_at < now() - :late AS late
    FROM deliveries d JOIN alerts a ON a.id = d.alert_id
    WHERE d.alert_id = :alert AND d.subscriber_id > :after
      AND d.state IN ('accepted', 'sent') AND d.message_sid IS NOT NULL AND d.changed_at < now() - :quiet
      AND (a.looked_up_at IS NULL OR d.claimed_at > a.looked_up_at - :last_word)
    ORDER BY d.subscriber_id LIMIT :size
""")
_GO_ON = text("UPDATE alerts SET look_up_at = now() + :wait, looked_up_to = :after WHERE id = :alert")
_DONE = text("""
    UPDATE alerts
    SET looked_up_at = now(), looked_up_to = 0,
        look_up_at = CASE
            WHEN state NOT IN ('sent', 'cancelled') OR coalesce(finished_at, prepared_at) > now() - :last_word
            THEN now() + least(:seldom, greatest(:quiet, now() - prepared_at)) END
    WHERE id = :alert
""")


async def owed(session: AsyncSession) -> bool:
    """Whether there is an alert whose texts are to be looked at."""
    return bool(await session.scalar(_OWED))


async def stint(carrier: Carrier) -> bool:
    """Ask for a moment what became of texts. Whether there is more, and the carrier answers."""
    until = time.monotonic() + STINT_SECONDS
    async with session_scope() as session:
        await session.execute(_NOTHING_MOVES, {"size": MOST_CLOSED})
    while time.monotonic() < until:
        async with session_scope() as session:
            taken = (await session.execute(_TAKE, {"taken": TAKEN})).one_or_none()
        if taken is None:
            return False
        if not await _look_up(carrier, taken.id, taken.looked_up_to):
            return False
    return True


async def _look_up(carrier: Carrier, alert_id: int, after: int) -> bool:
    """Ask about some texts of one alert. Whether the carrier answered for each."""
    given = {"alert": alert_id, "after": after, "size": TEXTS_AT_ONCE}
    times = {"quiet": QUIET, "last_word": LAST_WORD, "late": LATE_AT_MOST}
    async with session_scope() as session:
        rows = (await session.execute(_OVERDUE, {**given, **times})).all()
    answers = await _ask(carrier, rows)
    told = [
        Callback(row.id, found.sid, state, found.code, late=row.late)
        for row, found in answers
        if found and (state := CARRIER_STATUS.get(found.status)) and may_move(DeliveryState(row.state), state)
    ]
    if told:
        log.warning("no callback came, looked up: alert=%s deliveries=%s", alert_id, len(told))
        await _record(told)
    answered = len(answers) == len(rows)
    async with session_scope() as session:
        if not answered:
            await session.execute(_GO_ON, {"alert": alert_id, "wait": AGAIN, "after": after})
        elif len(rows) == TEXTS_AT_ONCE:
            wait = {"wait": timedelta(0), "after": rows[-1].subscriber_id}
            await session.execute(_GO_ON, {"alert": alert_id, **wait})
        else:
            done = {"last_word": LAST_WORD, "seldom": SELDOM, "quiet": QUIET}
            await session.execute(_DONE, {"alert": alert_id, **done})
    return answered


async def _ask(carrier: Carrier, rows: Sequence[Any]) -> list[tuple[Any, Found | None]]:
    """What the carrier knows of each; of those after its first silence nothing."""
    slots, silent = asyncio.Semaphore(REQUESTS_AT_ONCE), asyncio.Event()

    async def one(row: Any) -> tuple[Any, Found | None] | None:
        async with slots:
            if silent.is_set():
                return None
            try:
                return row, await carrier.fetch(row.message_sid)
            except NoAnswer:
                silent.set()
                return None

    return [answer for answer in await asyncio.gather(*map(one, rows)) if answer]


async def _record(told: Sequence[Callback]) -> None:
    """As callbacks. One that cannot be written keeps no other from it."""
    try:
        async with session_scope() as session:
            await move_on(session, told)
            return
    except DATABASE_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 - found out one by one
        if len(told) == 1:
            what = told[0].delivery_id, type(error).__name__
            log.error("not recorded: delivery=%s error=%s", *what)  # noqa: TRY400 - no trace
            return
    for one in told:
        await _record([one])
