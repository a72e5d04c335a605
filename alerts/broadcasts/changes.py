"""When an action gets another time or place, or is called off: what follows for its alerts.

The rows tell: an alert carries the version of the action whose time and place its people are told.
Where the action has another one, what waits is not sent any more (workers look twice a second), the
clock withdraws or moves it, and whoever was told the old can be told the new.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action
from alerts.broadcasts.audience import Audience, people_by_language
from alerts.broadcasts.lifecycle import lead_time, set_time
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import create_alert, may_be_outdated
from alerts.broadcasts.statements import STALE
from alerts.broadcasts.states import AlertKind, AlertState
from alerts.broadcasts.stumbles import set_apart
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.team.actors import Actor
from alerts.team.audit import note

log = logging.getLogger(__name__)

CHANGED = N_("CHANGED: {title} is now {when}, {where}. - {organization}")
CALLED_OFF = N_("CALLED OFF: {title} ({when}) will not take place. - {organization}")


class NobodyWasTold(DomainError):
    """A correction of what nobody was told."""

    code = "nobody_was_told"

    def __init__(self, action_id: int) -> None:
        self.action_id = action_id
        super().__init__(
            f"Nobody was told another time or place of action {action_id}, so there is nothing to correct."
        )


async def follow(session: AsyncSession, action_id: int | None = None) -> None:
    """Withdraw or move the alerts of actions that changed; of one action, or of all.

    One that breaks stops no other.
    """
    for alert_id in (await session.scalars(STALE, {"action": action_id})).all():
        async with set_apart(session, alert_id):
            alert = await session.get_one(Alert, alert_id, with_for_update=True, populate_existing=True)
            assert alert.action_id is not None  # noqa: S101 - it is stale by its action
            action = await actions.get_action(session, alert.action_id)
            if alert.action_version != action.version:  # nobody was quicker than us
                _follow_one(session, alert, action)
    await session.flush()


def _follow_one(session: AsyncSession, alert: Alert, action: Action) -> None:
    if action.cancelled_at or alert.bodies is not None:
        alert.state = AlertState.CANCELLED
        what = "was called off" if action.cancelled_at else "has another time or place now"
        alert.trouble = f"Its action {what}: what had not been sent yet was withdrawn."
        note(session, None, "withdrawn", "alert", alert.id, action=action.id)
    elif may_be_outdated(alert, action):
        _put_back(session, alert, action)
    elif alert.state == AlertState.SCHEDULED:
        _move(session, alert, action)
    else:  # paused before it began: its text will be made of what is true then
        alert.action_version = action.version


def _put_back(session: AsyncSession, alert: Alert, action: Action) -> None:
    """What was typed does not follow. It is a draft again: somebody puts it right, or sends it as it is."""
    alert.state = AlertState.DRAFT
    alert.due_at = alert.until = alert.action_version = None
    alert.trouble = "Its action changed, and its text may say the old time or place. Nothing of it was sent."
    note(session, None, "put back", "alert", alert.id, action=action.id)
    log.error("alert may say what is not true any more, and is a draft again: alert=%s", alert.id)


def _move(session: AsyncSession, alert: Alert, action: Action) -> None:
    assert alert.due_at  # noqa: S101 - a constraint of the table
    comes_before = alert.until is not None
    due_at = lead_time(alert, action) if alert.send_before else alert.due_at
    over = due_at <= datetime.now(UTC) if alert.send_before else False
    set_time(alert, action, due_at)
    if over or (comes_before and alert.until is None):
        alert.state = AlertState.MISSED
        alert.trouble = "Its action was moved, and its time was over then. Nothing of it was sent."
        note(session, None, "missed", "alert", alert.id, action=action.id)
    elif alert.send_before:
        note(session, None, "moved", "alert", alert.id, action=action.id, due_at=due_at.isoformat())


async def who_was_told(session: AsyncSession, action_id: int) -> dict[Language, int]:
    """How many of each language were told of the action, and not since it changed. Raises NotFound."""
    action = await actions.get_action(session, action_id)
    if action.version == 1:  # there is nothing old, and nobody's deliveries need to be looked through
        return {}
    return await people_by_language(session, Audience(told_old=action_id))


def words(action: Action) -> dict[Language, str]:
    """What to tell them, as a template, in each language that the action has a title in."""
    message = CALLED_OFF if action.cancelled_at else CHANGED
    fields = {name: f"{{{name}}}" for name in ("title", "when", "where", "organization")}
    languages = sorted(Language(one) for one in action.title)
    return {language: tr(language, message, **fields) for language in languages}


async def correct(
    session: AsyncSession, action_id: int, by: Actor, other_words: Mapping[str, object] | None = None
) -> Alert:
    """Draft the correction to exactly those who were told the old; what waits with it is withdrawn first.

    ``other_words``: its text in place of ``words``, and the template that it was made from
    (``saved_texts.words_of``). Raises NotFound, NobodyWasTold, and what ``compose`` raises.
    """
    action = await actions.get_action(session, action_id, lock=True)
    await follow(session, action_id)
    if not await who_was_told(session, action_id):
        raise NobodyWasTold(action_id)
    facts = {
        "kind": AlertKind.CORRECTION,
        "action_id": action_id,
        **(other_words or {"text": words(action)}),
        "asks_rsvp": False,
        "urgent": False,
    }
    return await create_alert(session, Audience(told_old=action_id), facts, by)
