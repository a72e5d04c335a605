"""What stays of texts from workers: how many came, and what they were about. The words do not.

Also whoever never confirmed, and the carrier's copies of what workers texted.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from psycopg import AsyncConnection
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import letters, months
from alerts.broadcasts import retention as alerts
from alerts.broadcasts.copies import KEPT
from alerts.settings import settings
from alerts.storage.engine import autocommit, session_scope
from alerts.subscribers import people

CONFIRMED_WITHIN = timedelta(days=7)
AT_ONCE = 5_000  # texts, or people, a tick

log = logging.getLogger(__name__)

# Nobody answered for so long: there is nothing more to be done.
_CLOSE = text("""
    UPDATE threads SET state = 'closed', moved_at = now()
    WHERE state = 'waiting' AND moved_at < now() - :kept
""")
# Texts of whom no conversation is open, or was closed lately. Their number stays, by day and intent.
_FORGET = text("""
    WITH old AS (
        SELECT r.id FROM replies r LEFT JOIN threads t ON t.subscriber_id = r.subscriber_id
        WHERE r.received_at < now() - :kept AND NOT r.at_carrier
          AND (t.state IS NULL OR t.state = 'closed' AND t.moved_at < now() - :kept)
        LIMIT :size FOR UPDATE OF r SKIP LOCKED
    ), gone AS (
        DELETE FROM replies WHERE id IN (SELECT id FROM old) RETURNING received_at, intent
    )
    INSERT INTO kept_replies (day, intent, texts)
    SELECT received_at::date, intent, count(*) FROM gone GROUP BY 1, 2
    ON CONFLICT (day, intent) DO UPDATE SET texts = kept_replies.texts + excluded.texts
""")
_FORGET_MESSAGES = text("""
    DELETE FROM messages m USING threads t
    WHERE t.subscriber_id = m.subscriber_id AND t.state = 'closed' AND t.moved_at < now() - :kept
""")
# What keeps loops and blocks in check stays; that there was a conversation does not.
_FORGET_THREADS = text("""
    UPDATE threads
    SET state = NULL, language = NULL, keeper = NULL, taken_by = NULL, assigned_to = NULL, unread = 0,
        promised_at = NULL, menu = NULL
    WHERE state = 'closed' AND moved_at < now() - :kept
""")
_TAKE_OVER = text("""
    WITH batch AS (
        UPDATE replies SET at_carrier = false WHERE id IN (
            SELECT id FROM replies WHERE at_carrier AND received_at < now() - :kept
            LIMIT :size FOR UPDATE SKIP LOCKED)
        RETURNING message_sid
    )
    INSERT INTO copies (message_sid) SELECT message_sid FROM batch WHERE :erase ON CONFLICT DO NOTHING
""")
# Who was asked, or wrote to us, and never joined anything; nobody talks with them, and they are silent.
_NEVER_CONFIRMED = """
    SELECT s.id FROM subscribers s
    WHERE s.standing = 'pending' AND s.created_at < now() - %(within)s
      AND NOT EXISTS (SELECT FROM memberships m WHERE m.subscriber_id = s.id)
      AND NOT EXISTS (SELECT FROM invitations i
                      WHERE i.subscriber_id = s.id AND i.asked_at > now() - %(within)s)
      AND NOT EXISTS (SELECT FROM replies r
                      WHERE r.subscriber_id = s.id AND r.received_at > now() - %(within)s)
      AND NOT EXISTS (SELECT FROM threads t
                      WHERE t.subscriber_id = s.id AND (t.state IN ('open', 'waiting') OR t.blocked))
    LIMIT %(size)s FOR UPDATE OF s SKIP LOCKED
"""


async def stint() -> bool:
    """Forget some of what is kept no longer, of alerts and of conversations. Whether there is more."""
    async with session_scope() as session:
        more = await alerts.forget_people(session)
    more = bool(await months.drop_month()) or bool(await months.empty_rest()) or more
    await months.take_stock()
    async with session_scope() as session:
        await forget_texts(session)
    async with autocommit() as connection:
        return await forget_unconfirmed(connection) == AT_ONCE or more


async def forget_texts(session: AsyncSession) -> None:
    """One step of it, and of having them erased at the carrier."""
    given = {"kept": timedelta(days=settings().keep_conversations_days)}
    erase = settings().twilio_copies != "keep"
    await session.execute(_TAKE_OVER, {"kept": KEPT, "size": AT_ONCE, "erase": erase})
    await session.execute(_CLOSE, given)
    await session.execute(_FORGET, given | {"size": AT_ONCE})
    await session.execute(_FORGET_MESSAGES, given)
    await session.execute(_FORGET_THREADS, given)


async def forget_unconfirmed(connection: AsyncConnection) -> int:
    """Erase whoever did not confirm within a week, as if they had never written. How many.

    Straight through the driver; in a transaction of its own.
    """
    async with connection.transaction():
        given = {"within": CONFIRMED_WITHIN, "size": AT_ONCE}
        rows = await (await connection.execute(_NEVER_CONFIRMED, given)).fetchall()
        ids = [row[0] for row in rows]
        if ids:
            await letters.forget(connection, ids)
            await people.erase(connection, ids)
            log.info("people who never confirmed are gone: people=%s", len(ids))
    return len(ids)
