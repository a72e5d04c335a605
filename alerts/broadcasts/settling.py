"""Finding out what became of texts that nobody knows about. Never by sending them again blindly."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.batches import LEASE_SECONDS
from alerts.broadcasts.claims import Claimed
from alerts.broadcasts.models import Delivery
from alerts.broadcasts.outcomes import Gone, record
from alerts.broadcasts.statements import EXPIRE_CLAIMS, UNKNOWNS
from alerts.broadcasts.states import DeliveryState
from alerts.carrier.sending import Accepted, Carrier, NotTaken, Outcome
from alerts.carrier.transport import NoAnswer
from alerts.storage.engine import session_scope
from alerts.storage.sealing import SealBroken, sealer

# Younger claims are not asked about: the callback may settle them without a question, and what hangs at
# the carrier when we hang up may still be taken there. Not on its list so late: surely not taken.
SURE_SECONDS = LEASE_SECONDS + 10.0
CLOCK_SKEW = timedelta(minutes=2)  # between the carrier's clock and ours
SETTLED_AT_ONCE = 200
QUESTIONS_AT_ONCE = 50

log = logging.getLogger(__name__)


async def expire_claims(session: AsyncSession, lease_seconds: float = LEASE_SECONDS) -> int:
    """Claims whose worker is gone become ``unknown``. How many."""
    expired = len((await session.execute(EXPIRE_CLAIMS, {"lease": lease_seconds})).all())
    if expired:
        log.warning("claims expired, a worker was lost: deliveries=%s", expired)
    return expired


async def any_unknown(session: AsyncSession) -> bool:
    """Whether there is a delivery that nobody knows about."""
    return bool(await session.scalar(select(exists().where(Delivery.state == DeliveryState.UNKNOWN))))


async def settle(carrier: Carrier, sure_seconds: float = SURE_SECONDS) -> int:
    """Look up ``unknown`` deliveries on the carrier's list. How many were settled.

    Only those that were claimed ``sure_seconds`` ago. One that is on the list is taken over with its
    MessageSid. One that is not was surely never taken: it goes back to waiting. Where the carrier does
    not answer, it stays unknown. One to somebody who was forgotten cannot be looked up, and need not be.
    """
    async with session_scope() as session:
        given = {"sure": sure_seconds, "size": SETTLED_AT_ONCE}
        unknowns = (await session.execute(UNKNOWNS, given)).all()
    slots = asyncio.Semaphore(QUESTIONS_AT_ONCE)
    found = await asyncio.gather(*(_look_up(carrier, row, slots) for row in unknowns))
    settled: list[tuple[Claimed, Outcome | Gone]] = []
    taken: set[str] = set()
    for row, outcome in zip(unknowns, found, strict=True):
        if isinstance(outcome, Accepted):
            # Two alerts of the same words to one person: a text is taken for one of them only, the
            # other is looked up again when that one is written down.
            if outcome.sid in taken:
                continue
            taken.add(outcome.sid)
        if outcome is not None:
            one = Claimed(row.id, row.subscriber_id, row.language, row.attempts, "")
            settled.append((one, outcome))
    if settled:
        await record(settled)
    return len(settled)


async def _look_up(carrier: Carrier, row: Any, slots: asyncio.Semaphore) -> Outcome | Gone | None:
    if row.phone is None:
        return Gone()
    try:
        phone, body = _opened(row)
    except SealBroken:
        log.error("cannot be settled, its seal is broken: delivery=%s", row.id)  # noqa: TRY400 - no trace
        return None
    async with slots:
        try:
            found = await carrier.find(phone, body, row.claimed_at - CLOCK_SKEW, frozenset(row.known))
        except NoAnswer:
            return None
    return Accepted(found.sid, found.status, found.code) if found else NotTaken(timedelta(0))


def _opened(row: Any) -> tuple[str, str]:
    phone = sealer().open_findable("subscribers.phone", row.phone)
    if row.sealed_body is None:
        return phone, row.bodies[row.language]
    return phone, sealer().open_private("alerts.sealed_body", row.sealed_body)
