"""Which alerts one person was told: what a text of theirs may be an answer to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.models import Alert, Delivery
from alerts.broadcasts.states import MAY_HAVE_ARRIVED, DeliveryState

LATEST = 100  # alerts that are looked through


@dataclass(frozen=True, slots=True)
class Told:
    """An alert as one person got it."""

    alert_id: int
    at: datetime
    body: str
    state: DeliveryState


async def alerts_to(session: AsyncSession, subscriber_id: int, most: int) -> Sequence[Told]:
    """The last ``most`` of the newest alerts that may have reached somebody, the newest first.

    Deliveries have no index by person (see their table): the newest alerts to many are walked back, and
    in each of them the person's delivery is found by its key.
    """
    latest = (
        select(Alert.id, Alert.bodies)
        .where(Alert.to_subscriber.is_(None), Alert.bodies.is_not(None))
        .order_by(Alert.id.desc())
        .limit(LATEST)
        .subquery()
    )
    theirs = (
        select(latest.c.id, latest.c.bodies, Delivery.language, Delivery.claimed_at, Delivery.state)
        .join(Delivery, Delivery.alert_id == latest.c.id)
        .where(
            Delivery.subscriber_id == subscriber_id,
            Delivery.state.in_(MAY_HAVE_ARRIVED),
            Delivery.claimed_at.is_not(None),
        )
        .order_by(Delivery.claimed_at.desc())
        .limit(most)
    )
    return [
        Told(row.id, row.claimed_at, row.bodies[row.language], DeliveryState(row.state))
        for row in await session.execute(theirs)
    ]
