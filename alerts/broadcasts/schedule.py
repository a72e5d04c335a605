"""The clock's duties towards alerts: what is due, what is not true any more, what is owed, what is over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import changes, lifecycle
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import zone_of
from alerts.broadcasts.statements import ADOPT, FINISH, OWED, RELEASE, WITHDRAW_CANCELLED
from alerts.broadcasts.states import AlertKind, AlertState
from alerts.broadcasts.stumbles import set_apart
from alerts.broadcasts.timing import read_lead, too_late
from alerts.errors import DomainError
from alerts.team.audit import note

AT_ONCE = 20_000  # deliveries that one statement withdraws or releases, so that the clock goes on ticking

log = logging.getLogger(__name__)


async def start_due(session: AsyncSession) -> int:
    """Start every scheduled alert whose time has come. How many.

    One that cannot start (a language lost its text, it is too many people for one organizer) is paused,
    and one whose time is over is missed; both say why. One that breaks keeps no other from starting.
    Nothing is sent that an organizer would not want, nothing is dropped in silence.
    """
    await changes.follow(session)  # first: an action may have been moved since
    due = select(Alert.id).where(Alert.state == AlertState.SCHEDULED, Alert.due_at <= func.now())
    # The latest first: of several reminders that were kept from going out, one is enough.
    due = due.order_by(Alert.due_at.desc(), Alert.id).with_for_update(skip_locked=True)
    reminded: set[tuple[int | None, str]] = set()
    started = 0
    for alert_id in (await session.scalars(due)).all():
        async with set_apart(session, alert_id):
            alert = await session.get_one(Alert, alert_id, populate_existing=True)
            started += await _start(session, alert, reminded)
    return started


async def _start(session: AsyncSession, alert: Alert, reminded: set[tuple[int | None, str]]) -> bool:
    assert alert.due_at  # noqa: S101 - a constraint of the table
    if alert.kind == AlertKind.REMINDER:
        whom = alert.action_id, repr(alert.audience)
        if whom in reminded:
            _miss(session, alert, "It was kept from going out until the next reminder was due.")
            return False
        reminded.add(whom)
    lead = read_lead(alert.send_before) if alert.send_before else None
    zone = await zone_of(session, alert)
    if too_late(datetime.now(UTC), alert.due_at, alert.until, lead, zone):
        _miss(session, alert, f"It was due at {alert.due_at.isoformat()}, and was kept from going out.")
        return False
    try:
        await lifecycle.start(session, alert)
    except DomainError as error:
        alert.state = AlertState.PAUSED
        alert.trouble = str(error)
        log.error("alert could not start: alert=%s code=%s", alert.id, error.code)  # noqa: TRY400 - no trace
        return False
    return True


def _miss(session: AsyncSession, alert: Alert, why: str) -> None:
    alert.state = AlertState.MISSED
    alert.trouble = f"{why} Nothing of it was sent."
    note(session, None, "missed", "alert", alert.id)
    log.error("alert missed its time: alert=%s", alert.id)


async def release(session: AsyncSession) -> None:
    """Let go what waited for its time, where that has come: the morning, or what the carrier asked for."""
    await session.execute(RELEASE, {"size": AT_ONCE})


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
    for statement in WITHDRAW_CANCELLED:
        await session.execute(statement, {"size": AT_ONCE})
    await session.execute(FINISH)


async def adopt(session: AsyncSession, senders: Sequence[str]) -> int:
    """Texts that were to go out from an address which is not configured any more get another. How many."""
    adopted: int = (await session.execute(ADOPT, {"senders": list(senders)})).rowcount  # type: ignore[attr-defined]
    if adopted:
        log.warning("a sender is not configured any more, others take over: deliveries=%s", adopted)
    return adopted
