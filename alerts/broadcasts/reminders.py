"""Reminders of an action: alerts that go out so long before it, to whoever answered so until then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts.approval import NeedsApproval
from alerts.broadcasts.audience import Answered, Audience
from alerts.broadcasts.lifecycle import cancel, send, undo
from alerts.broadcasts.models import Alert
from alerts.broadcasts.schemas import NewReminder
from alerts.broadcasts.service import WrongState, change_alert, create_alert, get_alert
from alerts.broadcasts.states import AlertKind, AlertState
from alerts.errors import NotFound
from alerts.storage.pages import page_of
from alerts.team.actors import Actor


async def remind(
    session: AsyncSession,
    action_id: int,
    wish: NewReminder,
    words: Mapping[str, object],
    by: Actor,
) -> Alert:
    """Set a reminder of the action: so long before it, to whoever gave one of these answers.

    ``words``: its text, and the template that it was made from (``saved_texts.words_of``).
    Already so many that a second organizer must approve it, it stays a draft until somebody has, and it
    is sent. Raises NotFound, ActionCancelled, MissingLanguages, UrgentWithoutReason, BadLead, TimeIsOver,
    and whatever ``compose`` raises.
    """
    action = await actions.get_action(session, action_id)
    if action.cancelled_at:
        raise actions.ActionCancelled(action_id)
    facts = {
        "kind": AlertKind.REMINDER,
        "action_id": action_id,
        **words,
        **_of_wish(wish),
    }
    alert = await create_alert(session, Audience(action=action_id, answers=wish.answers), facts, by)
    return await _set(session, alert, by)


async def get_reminder(session: AsyncSession, action_id: int, alert_id: int, *, lock: bool = False) -> Alert:
    """One reminder of the action. Raises NotFound."""
    alert = await get_alert(session, alert_id, lock=lock)
    if alert.action_id != action_id or alert.kind != AlertKind.REMINDER:
        raise NotFound("reminder", alert_id)
    return alert


async def change_reminder(
    session: AsyncSession,
    action_id: int,
    alert_id: int,
    wish: NewReminder,
    words: Mapping[str, object],
    by: Actor,
) -> Alert:
    """Another time, other people or another text for a reminder that has not begun, which is set again.

    Raises NotFound, WrongState, and what ``remind`` raises.
    """
    alert = await get_reminder(session, action_id, alert_id, lock=True)
    if alert.state not in (AlertState.SCHEDULED, AlertState.DRAFT):
        raise WrongState(alert_id, alert.state, "changing it")
    await undo(session, alert_id, by)
    facts = {
        "audience": Audience(action=action_id, answers=wish.answers).model_dump(mode="json"),
        **words,
        **_of_wish(wish),
    }
    await change_alert(session, alert_id, facts, by)
    return await _set(session, alert, by)


async def remove_reminder(session: AsyncSession, action_id: int, alert_id: int, by: Actor) -> Alert:
    """Take back a reminder that has not begun. Raises NotFound, WrongState."""
    alert = await get_reminder(session, action_id, alert_id, lock=True)
    if alert.state not in (AlertState.SCHEDULED, AlertState.DRAFT, AlertState.CANCELLED):
        raise WrongState(alert_id, alert.state, "removing it")
    return await cancel(session, alert_id, by)


async def _set(session: AsyncSession, alert: Alert, by: Actor) -> Alert:
    try:
        return await send(session, alert.id, by)
    except NeedsApproval:
        return alert


def _of_wish(wish: NewReminder) -> dict[str, object]:
    return {
        "asks_rsvp": Answered.SILENT in wish.answers or Answered.MAYBE in wish.answers,
        "urgent": wish.urgent,
        "urgent_reason": wish.urgent_reason,
        "send_before": wish.before,
    }


async def page_of_reminders(
    session: AsyncSession, action_id: int, after: int | None, limit: int
) -> tuple[Sequence[Alert], int | None]:
    """The reminders of an action, oldest first, and the cursor of the next page. Raises NotFound."""
    await actions.get_action(session, action_id)
    query = select(Alert).where(Alert.action_id == action_id, Alert.kind == AlertKind.REMINDER)
    return await page_of(session, query, Alert.id, after, limit)
