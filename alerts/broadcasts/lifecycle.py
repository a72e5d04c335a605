"""An alert on its way: sent, undone, started by the clock, paused, resumed, cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action
from alerts.broadcasts.approval import NeedsApproval, is_approved, needs_approval
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import (
    MissingTexts,
    NobodyThere,
    WrongState,
    action_of,
    bodies_of,
    facts_now,
    get_alert,
    is_worded_from_now,
    people_now,
)
from alerts.broadcasts.states import AlertKind, AlertState
from alerts.broadcasts.timing import TimeIsOver, read_lead, require_to_come
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.actors import Actor
from alerts.team.audit import note
from alerts.team.lockdown import require_open


async def send(session: AsyncSession, alert_id: int, by: Actor | None = None) -> Alert:
    """Start the sending, or set it for its time. Sending twice is sending once.

    What goes to many at once can be undone for some seconds first. Raises NotFound, WrongState,
    MissingTexts, NobodyThere, NeedsApproval, TimeIsOver, ActionCancelled, and whatever ``compose`` raises.
    """
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state in (AlertState.SCHEDULED, AlertState.SENDING, AlertState.SENT):
        return alert
    if alert.state != AlertState.DRAFT:
        raise WrongState(alert_id, alert.state, "sending it")
    await require_open(session)
    now = datetime.now(UTC)
    action = await action_of(session, alert)
    due_at = _due_at(alert, action, now)
    bodies, people = await _ready_to_go(session, alert, action)
    if needs_approval(people):
        due_at = max(due_at, now + timedelta(seconds=settings().recall_seconds))
    set_time(alert, action, due_at)
    alert.worded_from, alert.trouble = facts_now(action), None  # somebody looked at it
    if due_at > now:
        alert.state = AlertState.SCHEDULED
    else:
        _begin(alert, bodies)
    note(session, by, "sent", "alert", alert_id, people=people, due_at=due_at.isoformat())
    await session.flush()
    return alert


def set_time(alert: Alert, action: Action | None, due_at: datetime) -> None:
    """The alert is due then; and where its action is still to come, in time for it or not at all."""
    alert.due_at = due_at
    alert.until = action.starts_at if action and action.starts_at > due_at else None
    alert.action_version = action.version if action else None


def lead_time(alert: Alert, action: Action) -> datetime:
    """When an alert is due that goes out so long before ``action``."""
    assert alert.send_before  # noqa: S101 - asked for only then
    return read_lead(alert.send_before).before(action.starts_at, action.timezone)


async def undo(session: AsyncSession, alert_id: int, by: Actor) -> Alert:
    """Take back what has not begun: it is a draft again, and nobody got anything.

    Raises NotFound, WrongState.
    """
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state == AlertState.DRAFT:
        return alert
    if alert.state != AlertState.SCHEDULED:
        raise WrongState(alert_id, alert.state, "undoing it")
    alert.state = AlertState.DRAFT
    alert.due_at = alert.until = alert.action_version = None
    note(session, by, "undone", "alert", alert_id)
    await session.flush()
    return alert


async def start(session: AsyncSession, alert: Alert) -> None:
    """Begin a scheduled alert, locked by the caller. Raises what ``send`` raises."""
    action = await action_of(session, alert)
    bodies, people = await _ready_to_go(session, alert, action)
    _begin(alert, bodies)
    note(session, None, "started", "alert", alert.id, people=people)
    await session.flush()


async def pause(
    session: AsyncSession, alert_id: int, trouble: str | None = None, by: Actor | None = None
) -> Alert:
    """Claim no more of it for now; ``trouble`` says why, where nobody asked. Raises NotFound, WrongState."""
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state not in (AlertState.SENDING, AlertState.PAUSED):
        raise WrongState(alert_id, alert.state, "pausing it")
    if alert.state != AlertState.PAUSED:
        note(session, by, "paused", "alert", alert_id)
    alert.state = AlertState.PAUSED
    alert.trouble = trouble
    await session.flush()
    return alert


async def resume(session: AsyncSession, alert_id: int, by: Actor | None = None) -> Alert:
    """Go on with a paused alert. Raises NotFound, WrongState, what ``send`` raises."""
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state not in (AlertState.SENDING, AlertState.PAUSED):
        raise WrongState(alert_id, alert.state, "resuming it")
    await require_open(session)
    if alert.bodies is None:  # it was paused because it could not begin
        action = await action_of(session, alert)
        bodies, _ = await _ready_to_go(session, alert, action)
        set_time(alert, action, datetime.now(UTC))
        _begin(alert, bodies)
    if alert.state == AlertState.PAUSED:
        note(session, by, "resumed", "alert", alert_id)
    alert.state = AlertState.SENDING
    alert.trouble = alert.stumble = None
    alert.judged_taken = alert.judged_filtered = None  # whoever goes on with it knows what came of it so far
    alert.stumbles = 0
    await session.flush()
    return alert


async def cancel(session: AsyncSession, alert_id: int, by: Actor | None = None) -> Alert:
    """Send no more of it, ever. What is on its way arrives. Raises NotFound, WrongState.

    From here on nothing is claimed; the clock withdraws what waits, however much that is.
    """
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state in (AlertState.SENT, AlertState.MISSED):
        raise WrongState(alert_id, alert.state, "cancelling it")
    if alert.state != AlertState.CANCELLED:
        note(session, by, "cancelled", "alert", alert_id)
    alert.state = AlertState.CANCELLED
    await session.flush()
    return alert


def _due_at(alert: Alert, action: Action | None, now: datetime) -> datetime:
    if alert.send_before and action:
        due_at = lead_time(alert, action)
        if due_at <= now:
            raise TimeIsOver(due_at)
        return due_at
    if alert.send_at:
        require_to_come(alert.send_at)
        return max(alert.send_at, now)
    return now


async def _ready_to_go(
    session: AsyncSession, alert: Alert, action: Action | None
) -> tuple[dict[Language, str], int]:
    if action and action.cancelled_at and not _says_that_it_is_off(alert, action):
        raise actions.ActionCancelled(action.id)
    bodies = await bodies_of(session, alert)
    people = await people_now(session, alert)
    # Whom a reminder goes to is not known before its time: it has every language from the start.
    if not people and alert.kind != AlertKind.REMINDER:
        raise NobodyThere
    missing = {language: count for language, count in people.items() if language not in bodies}
    if missing:
        raise MissingTexts(missing)
    total = sum(people.values())
    if needs_approval(total) and not is_approved(alert, bodies, action):
        raise NeedsApproval(alert.id, total, settings().approval_above or 0)
    return bodies, total


def _says_that_it_is_off(alert: Alert, action: Action) -> bool:
    """A correction that was worded since it was called off: nothing of an action changes after that."""
    return alert.kind == AlertKind.CORRECTION and is_worded_from_now(alert, action)


def _begin(alert: Alert, bodies: dict[Language, str]) -> None:
    alert.bodies = {str(language): body for language, body in bodies.items()}
    alert.state = AlertState.SENDING
