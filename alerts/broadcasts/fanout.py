"""From an audience to deliveries: one row for each person who is meant, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, case, cast, false, func, insert, literal, null, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from alerts.broadcasts.audience import Audience, named_lists
from alerts.broadcasts.hours import voices
from alerts.broadcasts.models import QUIET, Alert, Delivery
from alerts.broadcasts.reasons import Reason
from alerts.broadcasts.service import get_alert
from alerts.broadcasts.states import AlertState, DeliveryState
from alerts.broadcasts.voices import list_hours, with_voices
from alerts.storage.types import Instant
from alerts.subscribers.models import Standing

PREPARING = 7_230_003  # the class of advisory locks under which deliveries are written


async def prepare(session: AsyncSession, alert_id: int, senders: Sequence[str]) -> int | None:
    """Write one delivery for each person in the audience, each with one of ``senders``.

    It waits; for the morning where it is night; or it is skipped, and says why. How many are written;
    None where that is done already, is being done by somebody else, or not wanted any more. A
    subscriber always gets texts from the same of our addresses. The alert's own row is not locked
    meanwhile, so that pausing or cancelling it need not wait.
    """
    lock = select(func.pg_try_advisory_xact_lock(cast(PREPARING, Integer), cast(alert_id % 2**31, Integer)))
    if not await session.scalar(lock):
        return None
    alert = await get_alert(session, alert_id)
    if alert.state != AlertState.SENDING or alert.prepared_at:
        return None
    now = datetime.now(UTC)
    audience = Audience.model_validate(alert.audience)
    ordered = voices(await list_hours(session), named_lists(audience), now)
    # In the order of the index that is written, joined and sorted in memory: a fifth faster.
    everyone = with_voices(audience, ordered).subquery("meant")
    asleep = false() if alert.urgent else everyone.c.opens_at.is_not(None)
    skipped = _skipped(alert, everyone.c, asleep)
    rows = select(
        literal(alert_id),
        everyone.c.id,
        everyone.c.language,
        case(dict(enumerate(senders)), value=everyone.c.id % len(senders)),
        case((skipped.is_(None), DeliveryState.WAITING.value), else_=DeliveryState.SKIPPED.value),
        skipped,
        case((asleep & skipped.is_(None), everyone.c.opens_at), else_=cast(null(), Instant)),
        func.nullif(everyone.c.list_id, 0),
    )
    columns = ["alert_id", "subscriber_id", "language", "sender", "state", "reason", "not_before", "list_id"]
    await session.execute(text("SET LOCAL work_mem = '64MB'"))
    statement = insert(Delivery.__table__).from_select(columns, rows)  # type: ignore[arg-type]
    written = await session.execute(statement, execution_options={"preserve_rowcount": True})
    alert.prepared_at = datetime.now(UTC)
    alert.look_up_at = alert.prepared_at + QUIET
    alert.stumble, alert.stumbles = None, 0  # whatever it was, it is over
    await session.flush()
    return written.rowcount  # type: ignore[attr-defined,no-any-return]


def _skipped(
    alert: Alert, who: ReadOnlyColumnCollection[str, Any], asleep: ColumnElement[bool]
) -> ColumnElement[str | None]:
    # Who joined since the send was checked, in a language that it has no text in, is counted too.
    without_text = who.language.not_in(list(alert.bodies or ()))
    past_it = asleep & (who.opens_at >= alert.until) if alert.until else false()
    return case(
        (who.standing != Standing.ACTIVE, who.standing),
        (without_text, Reason.NO_TEXT.value),
        (past_it, Reason.ASLEEP.value),
        else_=null(),
    )
