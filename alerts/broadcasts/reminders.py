"""Reminders of an action: alerts that go out so long before it, to whoever answered so until then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts.approval import NeedsApproval
from alerts.broadcasts.audience import Answered, Audience
from alerts.broadcasts.lifecycle import send
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import create_alert
from alerts.broadcasts.states import AlertKind
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.team.actors import Actor


async def remind(
    session: AsyncSession,
    action_id: int,
    before: str,
    answers: Sequence[Answered],
    text: Mapping[Language, str],
    by: Actor,
) -> Alert:
    """Set a reminder of the action, ``before`` it (``timing.read_lead``), to whoever said one of ``answers``.

    Already so many that a second organizer must approve it, it stays a draft until somebody has, and it
    is sent. Raises NotFound, ActionCancelled, MissingLanguages, BadLead, TimeIsOver, and whatever
    ``compose`` raises.
    """
    action = await actions.get_action(session, action_id)
    if action.cancelled_at:
        raise actions.ActionCancelled(action_id)
    facts = {
        "kind": AlertKind.REMINDER,
        "action_id": action_id,
        "text": {str(language): one for language, one in text.items()},
        "asks_rsvp": Answered.SILENT in answers or Answered.MAYBE in answers,
        "urgent": False,
        "send_before": before,
    }
    alert = await create_alert(session, Audience(action=action_id, answers=list(answers)), facts, by)
    try:
        return await send(session, alert.id, by)
    except NeedsApproval:
        return alert


async def page_of_reminders(
    session: AsyncSession, action_id: int, after: int | None, limit: int
) -> tuple[Sequence[Alert], int | None]:
    """The reminders of an action, oldest first, and the cursor of the next page. Raises NotFound."""
    await actions.get_action(session, action_id)
    query = select(Alert).where(Alert.action_id == action_id, Alert.kind == AlertKind.REMINDER)
    return await page_of(session, query, Alert.id, after, limit)
