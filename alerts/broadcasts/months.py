"""Deliveries by month: each month's stand in a partition, which goes as a whole when it names nobody.

A partition holds the deliveries of the alerts whose ids were given out in its month. Ids grow, and the
key of one text a person (alert, subscriber) holds across partitions by itself.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime

from psycopg.errors import LockNotAvailable
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.models import NOBODYS
from alerts.broadcasts.states import OPEN
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.team.audit import note

log = logging.getLogger(__name__)

LAST = 2**63 - 1  # MAXVALUE of the open partition
_MONTH = re.compile(r"deliveries_\d{4}_\d{2}")
_BOUNDS = re.compile(r"FROM \('?(-?\d+|MINVALUE)'?\) TO \('?(-?\d+|MAXVALUE)'?\)")

# Nobody who sends waits longer than that for a partition to be made or dropped.
_WITH_PATIENCE = text("SET LOCAL lock_timeout = '500ms'")
_ALONE = text("LOCK TABLE deliveries IN ACCESS EXCLUSIVE MODE")
_PARTITIONS = text("""
    SELECT c.relname, pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'deliveries'::regclass
""")
_BUSY = text("SELECT EXISTS (SELECT FROM alerts WHERE state = 'sending' AND to_subscriber IS NULL)")
_NEXT_ALERT = text("SELECT last_value + is_called::int FROM alerts_id_seq")
# Letters are deleted when they are over; of alerts to many nobody is named any more.
_NAMES_SOMEBODY = text("""
    SELECT EXISTS (SELECT FROM alerts
                   WHERE id >= :first AND id < :behind AND prepared_at IS NOT NULL AND unlinked_at IS NULL)
""")
# Whatever its alert says: a row that names somebody, or may still move. Of an alert that was paused for
# a month the retention job takes the people away before the clock has withdrawn what waited.
_OPEN = ", ".join(f"'{one}'" for one in OPEN)
_OVER = f"subscriber_id >= {NOBODYS} AND state NOT IN ({_OPEN})"
_NOT_OVER = text(f"""
    SELECT EXISTS (SELECT FROM deliveries
                   WHERE alert_id >= :first AND alert_id < :behind AND NOT ({_OVER}))
""")  # noqa: S608 - a number and words of ours
# A callback that came late may have brought the name of a text that is to be erased at the carrier.
_NAMED_LATE = text("""
    INSERT INTO copies (message_sid)
    SELECT DISTINCT sid FROM deliveries, LATERAL (VALUES (message_sid), (returned_sid)) AS one (sid)
    WHERE alert_id >= :first AND alert_id < :behind AND sid IS NOT NULL
    ON CONFLICT DO NOTHING
""")
# Of alerts that were sent after the partition of their id was gone.
_REST_OVER = text(f"""
    SELECT alert_id FROM deliveries_rest GROUP BY alert_id
    HAVING bool_and({_OVER}) AND (SELECT unlinked_at FROM alerts WHERE id = alert_id) IS NOT NULL LIMIT 1
""")  # noqa: S608 - a number and words of ours
_HOLD_REST = text("SELECT FROM deliveries_rest WHERE alert_id = :first FOR UPDATE")
_EMPTY_REST = text("DELETE FROM deliveries_rest WHERE alert_id = :first")
# Autovacuum looks at each partition, never at the whole that they make up.
_LOOKED_AT = text("""
    SELECT last_analyze > now() - interval '1 day' FROM pg_stat_user_tables
    WHERE relid = 'deliveries'::regclass
""")


@dataclass(frozen=True, slots=True)
class Month:
    """A partition: of alerts from ``first`` on, up to but not including ``behind``."""

    name: str
    first: int
    behind: int


async def months(session: AsyncSession) -> list[Month]:
    """All of them, the oldest first. The last takes all ids that are still to come."""
    found = []
    for name, bounds in await session.execute(_PARTITIONS):
        if _MONTH.fullmatch(name) and (bound := _BOUNDS.search(bounds)):
            first, behind = bound.groups()
            found.append(
                Month(
                    name,
                    0 if first == "MINVALUE" else int(first),
                    LAST if behind == "MAXVALUE" else int(behind),
                )
            )
    return sorted(found, key=lambda month: month.first)


async def begin_month(today: date | None = None) -> str | None:
    """Close the partition of a month that is over, and begin another. Its name, where that was done.

    Not in the middle of a send, but on the first day of a month; nor while others use the table: then at
    another time. Clocks that do it at the same moment do it once.
    """
    today = today or datetime.now(UTC).date()
    name = f"deliveries_{today:%Y_%m}"
    async with session_scope() as session:
        if (open_month := (await months(session))[-1].name) >= name:
            return None
        if today.day == 1 and await session.scalar(_BUSY):
            return None
        # Each row is looked at under the lock: in a third of the time where it was read a moment before.
        await session.execute(text(f"SELECT count(changed_at) FROM {open_month}"))  # noqa: S608 - _MONTH
    async with _alone() as alone:
        if alone is None or (last := (await months(alone))[-1]).name >= name:
            return None
        await _close(alone, last, name)
        log.info("a month of deliveries begins: month=%s", name)
        return name


async def _close(session: AsyncSession, last: Month, name: str) -> None:
    """Whatever alert gets an id from now on has its deliveries in the new one: nobody writes meanwhile."""

    async def do(statement: str) -> None:
        await session.execute(text(statement))

    if not await session.scalar(text(f"SELECT EXISTS (SELECT FROM {last.name})")):  # noqa: S608 - _MONTH
        return await do(f"ALTER TABLE {last.name} RENAME TO {name}")
    behind = (await session.execute(_NEXT_ALERT)).scalar_one()
    first = f"({last.first})" if last.first else "(MINVALUE)"
    await do(f"ALTER TABLE deliveries DETACH PARTITION {last.name}")
    # Its rows are looked at once: this makes that look, and ATTACH takes its word.
    at_least = f"alert_id >= {last.first} AND " if last.first else ""
    await do(f"ALTER TABLE {last.name} ADD CONSTRAINT bounds CHECK ({at_least}alert_id < {behind})")
    await do(f"ALTER TABLE deliveries ATTACH PARTITION {last.name} FOR VALUES FROM {first} TO ({behind})")
    await do(f"ALTER TABLE {last.name} DROP CONSTRAINT bounds")
    await do(f"CREATE TABLE {name} PARTITION OF deliveries FOR VALUES FROM ({behind}) TO (MAXVALUE)")
    return None


async def drop_month() -> str | None:
    """Drop the oldest partition that names nobody any more. Its name, where there was one.

    How many of which kind there were stands in ``progress``: every report says what it said before.
    """
    async with session_scope() as session:
        over = [
            month
            for month in (await months(session))[:-1]
            if not await session.scalar(_NAMES_SOMEBODY, _ids(month))
            and not await session.scalar(_NOT_OVER, _ids(month))
        ]
        if not over:
            return None
        if settings().twilio_copies != "keep":
            await session.execute(_NAMED_LATE, _ids(over[0]))
    async with _alone() as alone:
        if alone is None:
            return None
        await alone.execute(text(f"DROP TABLE {over[0].name}"))
        note(alone, None, "dropped", "deliveries", over[0].first, month=over[0].name)
        log.info("a month of deliveries is gone, its counts are kept: month=%s", over[0].name)
        return over[0].name


async def empty_rest() -> int | None:
    """Of one alert in the default partition that names nobody any more, keep the counts only. Its id.

    Row by row, and nobody else waits: these are few, drafts that were sent months after they were written.
    """
    async with session_scope() as session:
        alert_id = await session.scalar(_REST_OVER)
        if alert_id is None:
            return None
        one = _ids(Month("deliveries_rest", alert_id, alert_id + 1))
        await session.execute(_HOLD_REST, {"first": alert_id})
        if await session.scalar(_NOT_OVER, one):  # it moved before we held it
            return None
        if settings().twilio_copies != "keep":
            await session.execute(_NAMED_LATE, one)
        await session.execute(_EMPTY_REST, {"first": alert_id})
        note(session, None, "dropped", "deliveries", alert_id, month="deliveries_rest")
        return int(alert_id)


async def take_stock() -> bool:
    """Once a day let PostgreSQL look at what deliveries of all months are like. Whether it did."""
    async with session_scope() as session:
        if await session.scalar(_LOOKED_AT):
            return False
        await session.execute(_WITH_PATIENCE)
        try:
            async with session.begin_nested():
                await session.execute(text("ANALYZE deliveries"))
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            return False
        return True


def _ids(month: Month) -> dict[str, int]:
    return {"first": month.first, "behind": month.behind}


@asynccontextmanager
async def _alone() -> AsyncIterator[AsyncSession | None]:
    """A session that has the table to itself; None where others are at it."""
    async with session_scope() as session:
        await session.execute(_WITH_PATIENCE)
        try:
            async with session.begin_nested():
                await session.execute(_ALONE)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            yield None
        else:
            yield session
