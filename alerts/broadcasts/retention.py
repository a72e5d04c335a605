"""What stays of an alert that is long over: its counts. Who got it is forgotten.

A delivery keeps its language, list, state and reason, so that every report adds up as before. What
only its people could tell (when they answered, whether they left because of it) is counted first.
"""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import retention as actions
from alerts.broadcasts import reports
from alerts.broadcasts.models import NOBODYS, Alert
from alerts.broadcasts.reports import Report
from alerts.broadcasts.states import AlertState
from alerts.settings import settings
from alerts.team.audit import note

AT_ONCE = 20_000  # deliveries in one transaction

# Whoever paused one until now will not resume it.
ENDED = (AlertState.SENT, AlertState.CANCELLED, AlertState.PAUSED)

log = logging.getLogger(__name__)

# Alerts about no action, by when they were over; those about one go with it.
_ALONE = text("""
    SELECT id FROM alerts
    WHERE to_subscriber IS NULL AND action_id IS NULL AND kept IS NULL
      AND state IN ('sent', 'cancelled', 'paused')
      AND coalesce(finished_at, prepared_at, created_at) < now() - :kept
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
""")
_OF_ACTION = select(Alert).where(Alert.to_subscriber.is_(None), Alert.kept.is_(None), Alert.state.in_(ENDED))
# Of an action whose people were counted before, and that somebody sent another alert about.
_LATE = text("""
    SELECT a.action_id FROM alerts a JOIN actions c ON c.id = a.action_id
    WHERE a.to_subscriber IS NULL AND a.kept IS NULL AND c.counted_at IS NOT NULL
      AND a.state IN ('sent', 'cancelled', 'paused')
      AND coalesce(a.finished_at, a.prepared_at, a.created_at) < now() - :kept
    LIMIT 1
""")
# A delivery's own id is no other delivery's: the key still holds.
_UNLINK = text("""
    WITH alert AS (
        SELECT id FROM alerts WHERE kept IS NOT NULL AND unlinked_at IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED
    ), batch AS (
        SELECT id, message_sid, returned_sid FROM deliveries
        WHERE alert_id = (SELECT id FROM alert) AND subscriber_id < :nobodys
        LIMIT :size FOR UPDATE
    ), cut AS (
        UPDATE deliveries d SET subscriber_id = :nobodys + d.id, message_sid = NULL, returned_sid = NULL
        FROM batch WHERE d.id = batch.id
    ), listed AS (
        INSERT INTO copies (message_sid)
        SELECT DISTINCT sid FROM batch, LATERAL (VALUES (message_sid), (returned_sid)) AS one (sid)
        WHERE sid IS NOT NULL AND :erase
        ON CONFLICT DO NOTHING
    ), done AS (
        UPDATE alerts SET unlinked_at = now()
        WHERE id = (SELECT id FROM alert) AND (SELECT count(*) FROM batch) < :size
    )
    SELECT EXISTS (SELECT FROM alert)
""")
# Letters have their own time: what they said stands in the conversation, where there is one.
_LETTERS = text("""
    SELECT id FROM alerts
    WHERE to_subscriber IS NOT NULL AND state <> 'sending' AND finished_at < now() - :kept
      AND (copies_erased_at IS NOT NULL OR :copies = 'keep')
    ORDER BY id LIMIT 1000
""")


async def forget_people(session: AsyncSession) -> bool:
    """One step of it: an action or an alert that is long over, and some deliveries. Whether there is more."""
    kept = timedelta(days=settings().keep_deliveries_days)
    action_id = await actions.one_that_is_over(session, kept)
    if action_id is None:
        action_id = await session.scalar(_LATE, {"kept": kept})
    alone = None if action_id else await session.scalar(_ALONE, {"kept": kept})
    if action_id is not None:
        of_action = await session.scalars(_OF_ACTION.where(Alert.action_id == action_id))
        await _keep_counts(session, list(of_action))
        await actions.count_answers(session, action_id)
        log.info("answers are counted, and nobody's any more: action=%s", action_id)
    elif alone is not None:
        await _keep_counts(session, [await session.get_one(Alert, alone)])
    given = {"size": AT_ONCE, "nobodys": NOBODYS, "erase": settings().twilio_copies != "keep"}
    cut: bool = (await session.execute(_UNLINK, given)).scalar_one()
    await _forget_letters(session, kept)
    return cut or action_id is not None or alone is not None


async def _keep_counts(session: AsyncSession, alerts: list[Alert]) -> None:
    """Write down of each alert, and of them together with the first, what their people tell now."""
    if not alerts:
        return
    for alert in alerts:
        if alert.state == AlertState.PAUSED:
            alert.state = AlertState.CANCELLED
            note(session, None, "cancelled", "alert", alert.id)
        alert.kept = _told(await reports.of_alert(session, alert.id))
    together = _told(await reports.of_alerts(session, alerts))
    first = alerts[0]
    first.kept = {**(first.kept or {}), "together": together}
    await session.flush()


def _told(report: Report) -> dict[str, Any]:
    answers = [{**asdict(one), "hour": one.hour.isoformat()} for one in report.answers]
    return {"answers": answers, "left": report.left}


async def _forget_letters(session: AsyncSession, kept: timedelta) -> None:
    given = {"kept": kept, "copies": settings().twilio_copies}
    ids = (await session.scalars(_LETTERS, given)).all()
    for statement in ("DELETE FROM deliveries WHERE alert_id", "DELETE FROM progress WHERE alert_id",
                      "DELETE FROM alerts WHERE id"):  # fmt: skip
        if ids:
            await session.execute(text(f"{statement} = ANY (:ids)"), {"ids": list(ids)})
