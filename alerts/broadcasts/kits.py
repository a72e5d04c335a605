"""Action kits: an action and its texts as one JSON file, for coalitions. No number and no list is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action
from alerts.actions.schemas import NewAction, Place
from alerts.broadcasts.audience import Answered, Audience, Key
from alerts.broadcasts.models import Alert
from alerts.broadcasts.schemas import SendBefore, Texts
from alerts.broadcasts.service import create_alert
from alerts.broadcasts.states import AlertKind, AlertState
from alerts.language.languages import Language
from alerts.subscribers.schemas import Closed, Zone
from alerts.team.actors import Actor
from alerts.team.audit import note

_NOT_MEANT = (AlertState.CANCELLED, AlertState.MISSED)


class KitAlert(Closed):
    """A text of the action, in each language; ``answers``: of a reminder, to whom."""

    text: Texts
    asks_rsvp: bool = False
    send_before: SendBefore | None = None
    answers: list[Answered] = []


class Kit(Closed):
    """An action with its texts, as another organization can use it."""

    format: Literal["alerts action kit"] = "alerts action kit"
    version: Literal[1] = 1
    action: NewAction
    alerts: list[KitAlert]


class KitUse(Closed):
    """A kit, and what is different here. ``lists``: whom its calls are for; without them none is drafted."""

    kit: Kit
    lists: list[Key] = []
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    timezone: Zone | None = None
    place: Place | None = None


class KitUsed(BaseModel):
    """What was made of a kit: all of it drafts, nothing goes out by itself."""

    action: int
    alerts: list[int]


@dataclass(frozen=True)
class Made:
    """An action, and the drafts for it."""

    action: Action
    alerts: Sequence[Alert]


async def kit_of(session: AsyncSession, action_id: int) -> Kit:
    """The action and the texts of its calls and reminders. Raises NotFound."""
    action = await actions.get_action(session, action_id)
    query = select(Alert).where(
        Alert.action_id == action_id,
        Alert.to_subscriber.is_(None),
        Alert.kind != AlertKind.CORRECTION,
        Alert.state.not_in(_NOT_MEANT),
    )
    facts = {name: getattr(action, name) for name in NewAction.model_fields}
    return Kit(
        action=NewAction.model_validate(facts),
        alerts=[_kit_alert(alert) for alert in await session.scalars(query.order_by(Alert.id))],
    )


def _kit_alert(alert: Alert) -> KitAlert:
    return KitAlert(
        text={Language(language): text for language, text in alert.text.items()},
        asks_rsvp=alert.asks_rsvp,
        send_before=alert.send_before,
        answers=Audience.model_validate(alert.audience).answers if alert.kind == AlertKind.REMINDER else [],
    )


async def use_kit(session: AsyncSession, use: KitUse, by: Actor) -> Made:
    """Make the action here, and drafts of its texts. Raises NotFound, EndsBeforeStart, and of a text
    what ``create_alert`` raises.
    """
    changed = use.model_dump(include={"starts_at", "ends_at", "timezone", "place"}, exclude_none=True)
    action = await actions.create_action(session, use.kit.action.model_dump() | changed, by)
    note(session, by, "made from a kit", "action", action.id)
    made = [
        await create_alert(session, audience, _facts(action, one), by)
        for one in use.kit.alerts
        if (audience := _audience(action, one, use.lists))
    ]
    return Made(action, made)


def _audience(action: Action, one: KitAlert, lists: Sequence[int]) -> Audience | None:
    if one.answers:
        return Audience(action=action.id, answers=one.answers)
    return Audience(lists=list(lists)) if lists else None


def _facts(action: Action, one: KitAlert) -> dict[str, Any]:
    return {
        "kind": AlertKind.REMINDER if one.answers else AlertKind.CALL,
        "action_id": action.id,
        "text": {str(language): text for language, text in one.text.items()},
        "asks_rsvp": one.asks_rsvp,
        "urgent": False,
        "send_before": one.send_before,
    }
