"""How everything stands, for ``/metrics``: a few small looks at the rows, however many texts there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.locking import TROUBLE

# Letters are many and small; of those, only what is under way. Both kinds have a small index of their own
# (alerts_to_many_idx, alerts_under_way_idx), and each alert a few rows of progress.
_TEXTS = text("""
    SELECT p.language, p.state, sum(p.deliveries)::bigint
    FROM progress p JOIN alerts a ON a.id = p.alert_id
    WHERE a.to_subscriber IS NULL AND (a.finished_at IS NULL OR a.finished_at > now() - interval '1 day')
       OR a.to_subscriber IS NOT NULL AND a.state = 'sending'
    GROUP BY p.language, p.state
""")
_ALERTS = text("""
    SELECT CASE WHEN state = 'paused' AND trouble <> :locked_down THEN 'in trouble' ELSE state END AS stands,
           count(*) AS number
    FROM alerts WHERE to_subscriber IS NULL GROUP BY stands
""")
# The first that waits of each alert on each sender is its oldest: one row of deliveries_waiting_idx.
_OLDEST_WAITING = text("""
    SELECT coalesce(extract(epoch FROM now() - min(d.changed_at)), 0)::float8
    FROM alerts a CROSS JOIN unnest(cast(:senders AS text[])) AS s(address) CROSS JOIN LATERAL (
        SELECT changed_at FROM deliveries
        WHERE alert_id = a.id AND sender = s.address AND state = 'waiting' AND not_before IS NULL
        ORDER BY id LIMIT 1) AS d
    WHERE a.state = 'sending'
""")
# As many rows as there are in deliveries_under_way_idx.
_UNKNOWN = text("""
    SELECT count(*), coalesce(extract(epoch FROM now() - min(changed_at)), 0)::float8
    FROM deliveries WHERE state = 'unknown'
""")
_LOCKED_DOWN = text("SELECT EXISTS (SELECT FROM lockdowns WHERE ended_at IS NULL)")


@dataclass(frozen=True, slots=True)
class Standing:
    """``texts`` by language and state, of alerts under way or over for less than a day; times in seconds."""

    texts: dict[tuple[str, str], int]
    alerts: dict[str, int]
    oldest_waiting: float
    unknown: int
    oldest_unknown: float
    locked_down: bool


async def standing(session: AsyncSession, senders: Sequence[str]) -> Standing:
    """Now."""
    texts = await session.execute(_TEXTS)
    alerts = await session.execute(_ALERTS, {"locked_down": TROUBLE})
    oldest = await session.scalar(_OLDEST_WAITING, {"senders": list(senders)})
    unknown, oldest_unknown = (await session.execute(_UNKNOWN)).one()
    return Standing(
        {(language, state): number for language, state, number in texts},
        {row.stands: row.number for row in alerts},
        oldest or 0.0,
        unknown,
        oldest_unknown,
        bool(await session.scalar(_LOCKED_DOWN)),
    )
