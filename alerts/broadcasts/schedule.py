"""The clock's duties towards alerts: what is due, what is owed, what is over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import send
from alerts.broadcasts.statements import ADOPT, FINISH, OWED, WITHDRAW_CANCELLED
from alerts.broadcasts.states import AlertState
from alerts.errors import DomainError

WITHDRAWN_AT_ONCE = 20_000

log = logging.getLogger(__name__)


async def start_due(session: AsyncSession) -> int:
    """Start every scheduled alert whose time has come. How many.

    One that cannot start (its action was cancelled, a language lost its text) is paused, and says
    why: nothing is sent that an organizer would not want, nothing is dropped in silence.
    """
    due = select(Alert).where(Alert.state == AlertState.SCHEDULED, Alert.send_at <= func.now())
    started = 0
    for alert in await session.scalars(due.with_for_update(skip_locked=True)):
        try:
            await send(session, alert.id)
            started += 1
        except DomainError as error:
            alert.state = AlertState.PAUSED
            alert.trouble = str(error)
            log.error("alert could not start: alert=%s code=%s", alert.id, error.code)  # noqa: TRY400 - no trace
    return started


@dataclass(frozen=True)
class Owed:
    """What workers must do for an alert: write its deliveries, or send ``texts`` that are due."""

    alert_id: int
    unwritten: bool
    texts: int


async def owed(session: AsyncSession, most: int) -> list[Owed]:
    """What is owed for each alert under way, urgent ones first; ``texts`` are counted up to ``most``."""
    found = [Owed(*row) for row in await session.execute(OWED, {"most": most})]
    return [one for one in found if one.unwritten or one.texts]


async def finish(session: AsyncSession) -> None:
    """Close the alerts of which nothing is open, and withdraw what a cancelled one still had."""
    await session.execute(WITHDRAW_CANCELLED, {"size": WITHDRAWN_AT_ONCE})
    await session.execute(FINISH)


async def adopt(session: AsyncSession, senders: Sequence[str]) -> int:
    """Texts that were to go out from an address which is not configured any more get another. How many."""
    adopted: int = (await session.execute(ADOPT, {"senders": list(senders)})).rowcount  # type: ignore[attr-defined]
    if adopted:
        log.warning("a sender is not configured any more, others take over: deliveries=%s", adopted)
    return adopted
