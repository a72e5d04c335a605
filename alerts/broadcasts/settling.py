"""Finding out what became of texts that nobody knows about. Never by sending them again blindly."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, LargeBinary, Text, column, exists, func, or_, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.batches import LEASE_SECONDS
from alerts.broadcasts.claims import Claimed
from alerts.broadcasts.models import Delivery
from alerts.broadcasts.outcomes import Gone, record
from alerts.broadcasts.statements import EXPIRE_CLAIMS
from alerts.broadcasts.states import DeliveryState
from alerts.carrier.sending import Accepted, Carrier, NotTaken, Outcome
from alerts.carrier.transport import NoAnswer
from alerts.storage.engine import autocommit, session_scope
from alerts.storage.sealing import SealBroken, sealer
from alerts.storage.types import Instant

# Younger claims are not asked about: the callback may settle them without a question, and what hangs at
# the carrier when we hang up may still be taken there. Not on its list so late: surely not taken.
SURE_SECONDS = LEASE_SECONDS + 10.0
CLOCK_SKEW = timedelta(minutes=2)  # between the carrier's clock and ours
SETTLED_AT_ONCE = 200
QUESTIONS_AT_ONCE = 50
MOST_UNANSWERED = 10  # of those at once; then the carrier is left alone
AGAIN_SECONDS = 10.0  # one that could not be settled lets the others go first for so long
STINT_SECONDS = 5.0  # then others who wait in the queue have their turn
SETTLING = 7_230_004  # the advisory lock of whoever settles

log = logging.getLogger(__name__)

# Deliveries nobody knows about, long enough for a callback to have come; the oldest first, and those that
# were looked at before and could not be settled behind them: ``not_before`` says until when. ``known`` are
# the person's other texts. Somebody who was forgotten has no phone any more. Each is opened by itself.
_UNKNOWNS = text("""
    WITH batch AS MATERIALIZED (
        SELECT id FROM deliveries
        WHERE state = 'unknown' AND claimed_at < now() - :sure * interval '1 second'
          AND (not_before IS NULL OR not_before <= now())
        ORDER BY not_before NULLS FIRST, changed_at LIMIT :size
        FOR UPDATE SKIP LOCKED
    ), d AS (
        UPDATE deliveries SET not_before = now() + :again * interval '1 second'
        FROM batch WHERE deliveries.id = batch.id
        RETURNING deliveries.id, alert_id, subscriber_id, language, attempts, claimed_at
    )
    SELECT d.id, d.subscriber_id, d.language, d.attempts, d.claimed_at, a.bodies, a.sealed_body, s.phone,
           ARRAY(SELECT one.sid
                 FROM (SELECT id FROM alerts
                       WHERE to_subscriber IS NULL AND prepared_at > d.claimed_at - interval '30 days'
                       UNION ALL
                       SELECT id FROM alerts WHERE to_subscriber = d.subscriber_id) AS b
                 JOIN deliveries o ON o.alert_id = b.id AND o.subscriber_id = d.subscriber_id,
                      LATERAL (VALUES (o.message_sid), (o.returned_sid)) AS one (sid)
                 WHERE one.sid IS NOT NULL) AS known
    FROM d
    JOIN alerts a ON a.id = d.alert_id
    LEFT JOIN subscribers s ON s.id = d.subscriber_id
    ORDER BY d.claimed_at
""").columns(
    column("id", BigInteger),
    column("subscriber_id", BigInteger),
    column("language", Text),
    column("attempts", Integer),
    column("claimed_at", Instant),
    column("bodies", LargeBinary),
    column("sealed_body", LargeBinary),
    column("phone", LargeBinary),
    column("known", ARRAY(Text)),
)


async def expire_claims(session: AsyncSession, lease_seconds: float = LEASE_SECONDS) -> int:
    """Claims whose worker is gone become ``unknown``. How many."""
    expired = len((await session.execute(EXPIRE_CLAIMS, {"lease": lease_seconds})).all())
    if expired:
        log.warning("claims expired, a worker was lost: deliveries=%s", expired)
    return expired


async def any_unknown(session: AsyncSession) -> bool:
    """Whether there is a delivery that nobody knows about, and that was not looked up just now."""
    due = or_(Delivery.not_before.is_(None), Delivery.not_before <= func.now())
    return bool(await session.scalar(select(exists().where(Delivery.state == DeliveryState.UNKNOWN, due))))


async def settle(
    carrier: Carrier, sure_seconds: float = SURE_SECONDS, again_seconds: float = AGAIN_SECONDS
) -> int:
    """Look up ``unknown`` deliveries on the carrier's list, for a moment. How many were settled.

    Only those that were claimed ``sure_seconds`` ago. One that is on the list is taken over with its
    MessageSid. One that is not was surely never taken: it goes back to waiting. Where the carrier does
    not answer, it stays unknown. One to somebody who was forgotten cannot be looked up, and need not be.
    """
    settled = 0
    until = time.monotonic() + STINT_SECONDS
    async with _alone() as alone:
        more = alone
        while more and time.monotonic() < until:
            async with session_scope() as session:
                given = {"sure": sure_seconds, "again": again_seconds, "size": SETTLED_AT_ONCE}
                unknowns = (await session.execute(_UNKNOWNS, given)).all()
            questions = _Questions(carrier)
            outcomes = _each_its_own(unknowns, await asyncio.gather(*map(questions.ask, unknowns)))
            if outcomes:
                await record(outcomes)
            settled += len(outcomes)
            more = len(unknowns) == SETTLED_AT_ONCE and not questions.in_vain
    return settled


@asynccontextmanager
async def _alone() -> AsyncIterator[bool]:
    """Whether nobody else settles now: two who look up the same words could take one text for two.

    A connection holds it and no transaction, as the carrier is asked meanwhile.
    """
    async with autocommit() as connection:
        asked = await connection.execute("SELECT pg_try_advisory_lock(%s)", (SETTLING,))
        [got] = await asked.fetchone() or [False]
        yield got
        if got:  # what breaks in between ends the connection, and the lock with it
            await connection.execute("SELECT pg_advisory_unlock(%s)", (SETTLING,))


def _each_its_own(unknowns: Any, found: list[Outcome | Gone | None]) -> list[tuple[Claimed, Outcome | Gone]]:
    """What was found out. Two alerts of the same words to one person: a text is taken for one of them only,

    the other is looked up again when that one is written down.
    """
    settled: list[tuple[Claimed, Outcome | Gone]] = []
    taken: set[str] = set()
    for row, outcome in zip(unknowns, found, strict=True):
        if outcome is None:
            continue
        if isinstance(outcome, Accepted):
            if outcome.sid in taken:
                continue
            taken.add(outcome.sid)
        settled.append((Claimed(row.id, row.subscriber_id, row.language, row.attempts, ""), outcome))
    return settled


@dataclass(slots=True)
class _Questions:
    """What the carrier is asked about some deliveries, until it has left too much unanswered."""

    carrier: Carrier
    unanswered: int = 0
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(QUESTIONS_AT_ONCE))

    @property
    def in_vain(self) -> bool:
        return self.unanswered >= MOST_UNANSWERED

    async def ask(self, row: Any) -> Outcome | Gone | None:
        """What became of one; None where it cannot be told now."""
        if row.phone is None:
            return Gone()
        try:
            phone, body = _opened(row)
        except SealBroken:
            log.error("cannot be settled, its seal is broken: delivery=%s", row.id)  # noqa: TRY400 - no trace
            return None
        except LookupError:
            log.error("cannot be settled, no text in its language: delivery=%s", row.id)  # noqa: TRY400
            return None
        async with self.slots:
            if self.in_vain:
                return None
            try:
                since = row.claimed_at - CLOCK_SKEW
                found = await self.carrier.find(phone, body, since, frozenset(row.known))
            except NoAnswer:
                self.unanswered += 1
                return None
        return Accepted(found.sid, found.status, found.code) if found else NotTaken(timedelta(0))


def _opened(row: Any) -> tuple[str, str]:
    phone = sealer().open_findable("subscribers.phone", row.phone)
    if row.sealed_body is None:
        return phone, sealer().open_json("alerts.bodies", row.bodies)[row.language]
    return phone, sealer().open_private("alerts.sealed_body", row.sealed_body)
