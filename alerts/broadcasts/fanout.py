"""The fan-out: write the deliveries, then claim, send, record, until nothing is owed.

Jobs call these functions. Each looks at what the rows still need; none keeps a transaction open
while it talks to the carrier.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import case, func, literal, null, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import effects
from alerts.broadcasts.audience import Audience, people
from alerts.broadcasts.models import Delivery
from alerts.broadcasts.service import get_alert
from alerts.broadcasts.statements import CLAIM, FINISH, RECORD
from alerts.broadcasts.states import CARRIER_STATUS, AlertState, DeliveryState
from alerts.carrier.sending import Accepted, Carrier, NotTaken, Outcome, Refused, Unknown
from alerts.carrier.transport import REQUEST_SECONDS
from alerts.storage.engine import session_scope

BATCH = 200  # texts a claim
IN_FLIGHT = 50  # requests at once
LEASE_SECONDS = 30.0  # after this a claim is nobody's: what it left open is settled
RECORD_AGAIN_AFTER = (0.2, 1.0, 3.0, 5.0)  # seconds; what is lost even so is settled
# No request begins so late that it could still be under way when the lease ends.
SENDING_SECONDS = LEASE_SECONDS - REQUEST_SECONDS - 5.0


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send, until the lease ends."""

    id: int
    subscriber_id: int
    language: str
    attempt: int
    phone: str


async def prepare(session: AsyncSession, alert_id: int) -> int | None:
    """Write one waiting delivery for each person in the audience, in one statement.

    How many; None where that is done already, or not wanted any more.
    """
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state != AlertState.SENDING or alert.prepared_at:
        return None
    everyone = people(Audience.model_validate(alert.audience)).subquery()
    # Who joined since the send was checked, in a language that it has no text in, is left out and counted.
    has_text = everyone.c.language.in_(list(alert.bodies or ()))
    rows = select(
        literal(alert_id),
        everyone.c.id,
        everyone.c.language,
        case((has_text, DeliveryState.WAITING.value), else_=DeliveryState.SKIPPED.value),
        case((has_text, null()), else_="no text in this language"),
    )
    columns = ["alert_id", "subscriber_id", "language", "state", "reason"]
    statement = postgresql.insert(Delivery).from_select(columns, rows)
    await session.execute(statement.on_conflict_do_nothing())
    alert.prepared_at = datetime.now(UTC)
    await session.flush()
    return await session.scalar(select(func.count()).where(Delivery.alert_id == alert_id)) or 0


async def send_batch(alert_id: int, carrier: Carrier) -> int:
    """Claim a batch of the alert's deliveries, send it, record what came of it.

    How many were claimed: 0 means that nothing was owed.
    """
    until = time.monotonic() + SENDING_SECONDS
    async with session_scope() as session:
        claimed, bodies = await _claim(session, alert_id)
    if claimed:
        slots = asyncio.Semaphore(IN_FLIGHT)
        outcomes = await asyncio.gather(*(_send(carrier, one, bodies, slots, until) for one in claimed))
        await record(zip(claimed, outcomes, strict=True))
    async with session_scope() as session:
        await session.execute(FINISH)
    return len(claimed)


async def _claim(session: AsyncSession, alert_id: int) -> tuple[list[Claimed], Mapping[str, str]]:
    """Deliveries that are ours now, and what to send in each language."""
    alert = await get_alert(session, alert_id)
    if alert.state != AlertState.SENDING or not alert.prepared_at or alert.bodies is None:
        return [], {}
    rows = await session.execute(CLAIM, {"alert": alert_id, "size": BATCH})
    claimed = [
        Claimed(row.id, row.subscriber_id, row.language, row.attempts, row.phone)
        for row in rows
        if row.state == DeliveryState.SENDING
    ]
    return claimed, alert.bodies


async def _send(
    carrier: Carrier, one: Claimed, bodies: Mapping[str, str], slots: asyncio.Semaphore, until: float
) -> Outcome:
    """Send one text, or give it back where the lease would not last."""
    async with slots:
        if time.monotonic() > until:
            return NotTaken(timedelta(0))
        try:
            return await carrier.send(one.phone, bodies[one.language], one.id, one.subscriber_id)
        except Exception as error:  # noqa: BLE001 - whatever it was, the request may have left
            log.error("sending failed: delivery=%s error=%s", one.id, type(error).__name__)  # noqa: TRY400
            return Unknown()


async def record(outcomes: Iterable[tuple[Claimed, Outcome]]) -> None:
    """Write down what came of a batch, in one statement, and what follows from its error codes."""
    rows = [{"id": one.id, "attempt": one.attempt, **outcome_as_row(outcome)} for one, outcome in outcomes]
    for pause in RECORD_AGAIN_AFTER:
        try:
            return await _record(rows)
        except OperationalError as error:  # PostgreSQL is away; to record twice is to record once
            log.warning("outcomes not recorded, trying again: error=%s", type(error.orig).__name__)
            await asyncio.sleep(pause)
    return await _record(rows)


async def _record(rows: list[dict[str, object]]) -> None:
    async with session_scope() as session:
        moved = (await session.execute(RECORD, {"outcomes": json.dumps(rows)})).all()
        await effects.follow(session, [effects.Coded(*row[1:]) for row in moved])


def outcome_as_row(outcome: Outcome) -> dict[str, object]:
    """An outcome in the columns of the RECORD statement; ``wait`` in seconds."""
    match outcome:
        case Accepted(sid, status):
            # A status that is new to us is still an acceptance: there is a MessageSid.
            state = CARRIER_STATUS.get(status, DeliveryState.ACCEPTED)
            return {"state": state, "sid": sid}
        case Refused(code):
            return {"state": DeliveryState.FAILED, "code": code}
        case NotTaken(wait, code):
            return {"state": DeliveryState.WAITING, "wait": wait.total_seconds(), "code": code}
        case _:
            return {"state": DeliveryState.UNKNOWN}
