"""The carrier's copies of texts: erased when they are over, as its list is a list of ours.

What could not be erased is tried again for as long as it takes, and can be looked at.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.models import Copy
from alerts.carrier.sending import Carrier
from alerts.carrier.transport import NoAnswer
from alerts.settings import settings
from alerts.storage.engine import session_scope

# Until then a text may still move, and what became of one may have to be looked up.
KEPT = timedelta(hours=24)
ERASED_AT_ONCE = 200
REQUESTS_AT_ONCE = 20  # of an account's few hundred
STINT_SECONDS = 2.0  # then others who wait in the queue have their turn
AGAIN = timedelta(hours=1)  # doubled with each try, to a week at most

log = logging.getLogger(__name__)

# Whose texts may go: the carrier had its last word of them, and we have it (overdue.py); or it does not come.
_OVER = """finished_at < now() - :kept AND copies_erased_at IS NULL
          AND (look_up_at IS NULL OR finished_at < now() - 2 * :kept)"""
# Texts of one alert, moved over to be erased; a text that may still move waits for the next look.
_TAKE_OVER = text(f"""
    WITH alert AS (
        SELECT id FROM alerts
        WHERE {_OVER}
        ORDER BY finished_at LIMIT 1 FOR UPDATE SKIP LOCKED
    ), batch AS (
        SELECT d.id, d.message_sid, d.returned_sid FROM deliveries d
        WHERE d.alert_id = (SELECT id FROM alert)
          AND (d.message_sid IS NOT NULL OR d.returned_sid IS NOT NULL)
        LIMIT :size FOR UPDATE
    ), gone AS (
        UPDATE deliveries d SET message_sid = NULL, returned_sid = NULL FROM batch WHERE d.id = batch.id
    ), listed AS (
        INSERT INTO copies (message_sid)
        SELECT DISTINCT sid FROM batch, LATERAL (VALUES (message_sid), (returned_sid)) AS one (sid)
        WHERE sid IS NOT NULL
        ON CONFLICT DO NOTHING
    ), done AS (
        UPDATE alerts SET copies_erased_at = now()
        WHERE id = (SELECT id FROM alert) AND (SELECT count(*) FROM batch) < :size
    )
    SELECT EXISTS (SELECT FROM alert)
""")  # noqa: S608 - a condition of ours
_DUE = text("SELECT message_sid FROM copies WHERE due_at <= now() ORDER BY due_at LIMIT :size")
_GONE = text("DELETE FROM copies WHERE message_sid = ANY (:sids)")
_REFUSED = text("""
    UPDATE copies SET tries = tries + 1, code = o.code,
                      due_at = now() + least(:again * power(2, tries), interval '7 days')
    FROM json_to_recordset(cast(:refused AS json)) AS o(sid text, code integer)
    WHERE message_sid = o.sid
""")
_OWED = text(f"""
    SELECT EXISTS (SELECT FROM copies WHERE due_at <= now())
        OR EXISTS (SELECT FROM alerts WHERE {_OVER})
""")  # noqa: S608 - the same


async def owed(session: AsyncSession) -> bool:
    """Whether there is a text of ours at the carrier that should not be there."""
    if settings().twilio_copies == "keep":
        return False
    return bool(await session.scalar(_OWED, {"kept": KEPT}))


async def stint(carrier: Carrier) -> bool:
    """Erase for a moment what is due. Whether there is more, and the carrier answers."""
    how = settings().twilio_copies
    if how == "keep":
        return False
    until = time.monotonic() + STINT_SECONDS
    while time.monotonic() < until:
        async with session_scope() as session:
            found = (await session.execute(_TAKE_OVER, {"kept": KEPT, "size": ERASED_AT_ONCE})).scalar_one()
            due = (await session.scalars(_DUE, {"size": ERASED_AT_ONCE})).all()
        if not due:
            if not found:
                return False
            continue
        if not await _erase(carrier, due, how):
            return False
    return True


async def _erase(carrier: Carrier, sids: Sequence[str], how: str) -> bool:
    """Whether the carrier answered for each."""
    slots = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def one(sid: str) -> tuple[str, int | None] | None:
        async with slots:
            try:
                return sid, await carrier.erase(sid, "delete" if how == "delete" else "redact")
            except NoAnswer:
                return None

    answers = [answer for answer in await asyncio.gather(*map(one, sids)) if answer]
    gone = [sid for sid, code in answers if code is None]
    refused = [{"sid": sid, "code": code} for sid, code in answers if code is not None]
    async with session_scope() as session:
        await session.execute(_GONE, {"sids": gone})
        if refused:
            await session.execute(_REFUSED, {"refused": json.dumps(refused), "again": AGAIN})
    if refused:
        log.warning("texts at the carrier could not be erased: texts=%s", len(refused))
    return len(answers) == len(sids)


async def page_of_copies(
    session: AsyncSession, after: str | None, limit: int
) -> tuple[Sequence[Copy], str | None]:
    """Those that are still to be erased, in order of their MessageSid; and the cursor of the next page."""
    query = select(Copy).order_by(Copy.message_sid).limit(limit + 1)
    rows = (await session.scalars(query if after is None else query.where(Copy.message_sid > after))).all()
    return rows[:limit], rows[limit - 1].message_sid if len(rows) > limit else None
