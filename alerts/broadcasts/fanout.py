"""From an audience to deliveries: one waiting row for each person, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import Integer, case, cast, func, insert, literal, null, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.audience import Audience, people
from alerts.broadcasts.models import Delivery
from alerts.broadcasts.service import get_alert
from alerts.broadcasts.states import AlertState, DeliveryState

PREPARING = 7_230_003  # the class of advisory locks under which deliveries are written


async def prepare(session: AsyncSession, alert_id: int, senders: Sequence[str]) -> int | None:
    """Write one waiting delivery for each person in the audience, each with one of ``senders``.

    How many; None where that is done already, is being done by somebody else, or not wanted any
    more. A subscriber always gets texts from the same of our addresses. The alert's own row is not
    locked meanwhile, so that pausing or cancelling it need not wait.
    """
    lock = select(func.pg_try_advisory_xact_lock(cast(PREPARING, Integer), cast(alert_id % 2**31, Integer)))
    if not await session.scalar(lock):
        return None
    alert = await get_alert(session, alert_id)
    if alert.state != AlertState.SENDING or alert.prepared_at:
        return None
    everyone = people(Audience.model_validate(alert.audience)).subquery()
    sender = case(dict(enumerate(senders)), value=everyone.c.id % len(senders))
    # Who joined since the send was checked, in a language that it has no text in, is left out and counted.
    has_text = everyone.c.language.in_(list(alert.bodies or ()))
    rows = select(
        literal(alert_id),
        everyone.c.id,
        everyone.c.language,
        sender,
        case((has_text, DeliveryState.WAITING.value), else_=DeliveryState.SKIPPED.value),
        case((has_text, null()), else_="no text in this language"),
    )
    columns = ["alert_id", "subscriber_id", "language", "sender", "state", "reason"]
    # In the order of the index that is written, joined and sorted in memory: a fifth faster.
    await session.execute(text("SET LOCAL work_mem = '64MB'"))
    rows = rows.order_by(everyone.c.id)
    statement = insert(Delivery.__table__).from_select(columns, rows)  # type: ignore[arg-type]
    written = await session.execute(statement, execution_options={"preserve_rowcount": True})
    alert.prepared_at = datetime.now(UTC)
    await session.flush()
    return written.rowcount  # type: ignore[attr-defined,no-any-return]
