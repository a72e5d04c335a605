"""What one subscriber got: their deliveries, while it is known whose they are (retention.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.reasons import in_plain_words
from alerts.broadcasts.states import DeliveryState

LOOKED_THROUGH = 200  # alerts, the newest: there is no index of deliveries by subscriber, as it would be
# written again with every text; of each alert, theirs is one look by key

_RECEIVED = text("""
    SELECT a.id, a.action_id, d.state, d.reason, d.code, d.changed_at
    FROM (SELECT id, action_id FROM alerts WHERE to_subscriber IS NULL ORDER BY id DESC LIMIT :looked) AS a
    CROSS JOIN LATERAL (
        SELECT state, reason, code, changed_at FROM deliveries
        WHERE alert_id = a.id AND subscriber_id = :subscriber LIMIT 1) AS d
    ORDER BY a.id DESC LIMIT :most
""")


@dataclass(frozen=True)
class Received:
    """One alert to one person. ``why``: in plain words, where it did not arrive."""

    alert_id: int
    action_id: int | None
    state: DeliveryState
    why: str | None
    at: datetime


async def received(session: AsyncSession, subscriber_id: int, most: int) -> Sequence[Received]:
    """The last ``most`` alerts to somebody, the newest first; of the newest LOOKED_THROUGH alerts."""
    given = {"subscriber": subscriber_id, "looked": LOOKED_THROUGH, "most": most}
    return [
        Received(
            row.id,
            row.action_id,
            DeliveryState(row.state),
            in_plain_words(row.reason, row.code),
            row.changed_at,
        )
        for row in await session.execute(_RECEIVED, given)
    ]
