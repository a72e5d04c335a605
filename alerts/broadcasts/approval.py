"""A second pair of eyes before many are texted: what exactly was approved, and by whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.models import Action
from alerts.broadcasts.audience import Audience, are_more_than
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import (
    WrongState,
    action_of,
    bodies_of,
    get_alert,
    has_other_facts,
    people_now,
)
from alerts.broadcasts.states import AlertState
from alerts.errors import Conflict, DomainError
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.actors import Actor
from alerts.team.audit import note

SHOWN = 16  # hexadecimal digits of a version: enough that no two drafts are taken for each other


class Approval(Enum):
    """Where the approval of an alert that has not begun stands; ``GIVEN``: to exactly what it is now."""

    NOT_NEEDED = "not needed"
    AWAITED = "awaited"
    GIVEN = "given"


class NeedsApproval(Conflict):
    """More people than one organizer may text alone."""

    code = "needs_approval"

    def __init__(self, alert_id: int, people: int, above: int) -> None:
        self.alert_id, self.people, self.above = alert_id, people, above
        super().__init__(
            f"Alert {alert_id} goes to {people} people. Above {above} a second organizer approves exactly"
            " this text, audience and time first; a change since voids what was approved."
        )


class OwnAlert(DomainError):
    """Whoever wrote an alert, or changed what it tells, cannot approve it."""

    status = 403
    code = "own_alert"

    def __init__(self, alert_id: int) -> None:
        self.alert_id = alert_id
        super().__init__(
            f"You wrote alert {alert_id}, changed it last, or changed its action since. Somebody else"
            " approves it."
        )


class ChangedMeanwhile(Conflict):
    """What was to be approved is not what the alert is now."""

    code = "changed_meanwhile"
    field = "version"

    def __init__(self, alert_id: int, version: str) -> None:
        self.alert_id, self.version = alert_id, version
        super().__init__(
            f"Alert {alert_id} is not what you saw: it is version {version} now. Look at it again."
        )


def version_of(alert: Alert, bodies: Mapping[Language, str], action: Action | None) -> str:
    """A digest of what people will read, who they are and when: with any change it is another one.

    ``action``: its own. With another version of it the alert goes out at another time, or may say what is
    not true any more, or it was called off.
    """
    what = [
        alert.kind,
        alert.audience,
        {str(language): body for language, body in bodies.items()},
        alert.action_id,
        alert.asks_rsvp,
        alert.urgent,
        alert.urgent_reason,
        alert.send_at.astimezone(UTC).isoformat() if alert.send_at else None,
        alert.send_before,
        *([action.version] if action else ()),
    ]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:SHOWN]


def needs_approval(people: int) -> bool:
    """Whether so many are more than one organizer may text alone."""
    above = settings().approval_above
    return above is not None and people > above


def is_approved(alert: Alert, bodies: Mapping[Language, str], action: Action | None) -> bool:
    """Whether exactly this was approved."""
    return alert.approved_version == version_of(alert, bodies, action)


async def is_own(session: AsyncSession, alert: Alert, by: Actor) -> bool:
    """Whether they wrote it, changed it last, or were the last to change what its action says since then."""
    action = await action_of(session, alert)
    changed_it = action is not None and action.facts_by == by.person and has_other_facts(alert, action)
    return alert.written_by == by.person or changed_it


def can_be_approved(alert: Alert) -> bool:
    """Whether it has not begun, and still may."""
    not_begun = alert.state == AlertState.PAUSED and alert.bodies is None
    return alert.state in (AlertState.DRAFT, AlertState.SCHEDULED) or not_begun


async def approval_of(session: AsyncSession, alert: Alert, known: dict[str, bool] | None = None) -> Approval:
    """Where its approval stands. It takes one if it would go to more than one organizer may text alone.

    ``known``: which audiences are so many; of several alerts, one audience is then counted once.
    """
    above = settings().approval_above
    if above is None or not can_be_approved(alert):
        return Approval.NOT_NEEDED
    try:
        bodies = await bodies_of(session, alert)
    except DomainError:  # its action lost the title that its text names: nobody can approve that
        return Approval.NOT_NEEDED
    if is_approved(alert, bodies, await action_of(session, alert)):
        return Approval.GIVEN
    known, key = {} if known is None else known, json.dumps(alert.audience, sort_keys=True)
    if key not in known:
        known[key] = await are_more_than(session, Audience.model_validate(alert.audience), above)
    return Approval.AWAITED if known[key] else Approval.NOT_NEEDED


async def approve(session: AsyncSession, alert_id: int, by: Actor, version: str) -> Alert:
    """Approve exactly the ``version`` that was seen. Approving twice is approving once.

    Raises NotFound, WrongState, OwnAlert, ChangedMeanwhile, and whatever ``compose`` raises.
    """
    alert = await get_alert(session, alert_id, lock=True)
    if not can_be_approved(alert):
        raise WrongState(alert_id, alert.state, "approving it")
    if await is_own(session, alert, by):
        raise OwnAlert(alert_id)
    current = version_of(alert, await bodies_of(session, alert), await action_of(session, alert))
    if version != current:
        raise ChangedMeanwhile(alert_id, current)
    if alert.approved_version != current:
        alert.approved_by, alert.approved_at, alert.approved_version = by.person, datetime.now(UTC), current
        people = sum((await people_now(session, alert)).values())
        note(session, by, "approved", "alert", alert_id, version=current, people=people)
    await session.flush()
    return alert
