"""What can be done with alerts: write, change, look at. How they go out: lifecycle.py."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action
from alerts.broadcasts.audience import Audience, named_lists, people_by_language, require_audience
from alerts.broadcasts.models import Alert, Delivery, Progress
from alerts.broadcasts.states import AlertKind, AlertState, DeliveryState
from alerts.broadcasts.texts import Facts, compose, may_say_the_old
from alerts.broadcasts.timing import in_utc, read_lead, require_to_come
from alerts.errors import Conflict, DomainError, NotFound
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import page_of
from alerts.subscribers.lists import zones_of
from alerts.team.actors import Actor
from alerts.team.audit import differences, note


class NotADraft(Conflict):
    """Only a draft can be changed: what went out cannot be called back by editing it."""

    code = "not_a_draft"

    def __init__(self, alert_id: int, state: AlertState) -> None:
        self.alert_id, self.state = alert_id, state
        super().__init__(f"Alert {alert_id} is {state}. Only a draft can be changed; write a new alert.")


class WrongState(Conflict):
    """What was asked makes no sense in the alert's state."""

    code = "wrong_state"

    def __init__(self, alert_id: int, state: AlertState, wish: str) -> None:
        self.alert_id, self.state, self.wish = alert_id, state, wish
        super().__init__(f"Alert {alert_id} is {state}; {wish} is not possible.")


class NobodyThere(DomainError):
    """An alert whose audience is empty."""

    code = "nobody_there"
    field = "audience"

    def __init__(self) -> None:
        super().__init__(
            "Nobody in this audience can be texted. Choose other lists, or wait for people to join."
        )


class MissingTexts(DomainError):
    """People in the audience read a language that the alert has no text in."""

    code = "missing_texts"
    field = "text"

    def __init__(self, missing: Mapping[Language, int]) -> None:
        self.missing = missing
        counts = ", ".join(f"{language} ({number} people)" for language, number in sorted(missing.items()))
        super().__init__(
            f"There is no text in {counts}. Write it, or leave these languages out of the audience."
        )


class UrgentWithoutReason(DomainError):
    """An alert that would wake people, and does not say why."""

    code = "urgent_without_reason"
    field = "urgent_reason"

    def __init__(self) -> None:
        super().__init__("An urgent alert goes out in quiet hours too. Say why in urgent_reason; it is kept.")


class TwoTimes(DomainError):
    """An alert that is to go out at a time, and so long before its action."""

    code = "two_times"
    field = "send_before"

    def __init__(self) -> None:
        super().__init__("Give send_at, or send_before, not both.")


class BeforeNothing(DomainError):
    """An alert that is to go out before an action, and has none."""

    code = "before_nothing"
    field = "send_before"

    def __init__(self) -> None:
        super().__init__("send_before needs an action to come before.")


class MissingLanguages(DomainError):
    """A reminder that some people could not read: who will get it is not known before its time."""

    code = "missing_languages"
    field = "text"

    def __init__(self, missing: Sequence[Language]) -> None:
        self.missing = missing
        super().__init__(
            f"Who will get a reminder is not known yet: it needs a text in every language. Write it in"
            f" {' and '.join(missing)} too."
        )


class AsksAboutNothing(DomainError):
    """An alert that asks who will come, without an action to come to."""

    code = "asks_about_nothing"
    field = "asks_rsvp"

    def __init__(self) -> None:
        super().__init__("asks_rsvp needs an action to answer to.")


async def create_alert(
    session: AsyncSession, audience: Audience, facts: Mapping[str, Any], by: Actor | None = None
) -> Alert:
    """Write a draft from ``facts``, one for each column.

    Raises NotFound for its action or lists, AsksAboutNothing, UrgentWithoutReason, TwoTimes,
    BeforeNothing, BadLead, NoSuchTime, TimeComesTwice, TimeIsOver, and whatever ``compose`` raises.
    """
    alert = Alert(audience=audience.model_dump(mode="json"), **facts)
    await _check(session, alert)
    if alert.send_at:
        require_to_come(alert.send_at)
    alert.worded_from = facts_now(await action_of(session, alert))
    alert.written_by = by.person if by else None
    session.add(alert)
    await session.flush()
    await session.refresh(alert)
    note(session, by, "written", "alert", alert.id)
    return alert


async def change_alert(
    session: AsyncSession, alert_id: int, facts: Mapping[str, Any], by: Actor | None = None
) -> Alert:
    """Change what ``facts`` holds. Raises NotFound, NotADraft, and what ``create_alert`` raises."""
    alert = await get_alert(session, alert_id, lock=True)
    if alert.state != AlertState.DRAFT:
        raise NotADraft(alert_id, alert.state)
    # One time takes the place of the other.
    given = [name for name in ("send_at", "send_before") if facts.get(name) is not None]
    if len(given) == 1:
        alert.send_at = alert.send_before = None
    before = _told(alert)
    with session.no_autoflush:  # what is refused must not reach the database first
        for name, value in facts.items():
            setattr(alert, name, value)
        await _check(session, alert)
        if facts.get("send_at") and alert.send_at:
            require_to_come(alert.send_at)
    if "text" in facts or "action_id" in facts:
        alert.worded_from, alert.trouble = facts_now(await action_of(session, alert)), None
    alert.written_by = by.person if by else None
    moved = differences(before, _told(alert))
    note(session, by, "changed", "alert", alert_id, fields=", ".join(sorted(facts)), **moved)
    await session.flush()
    return alert


def _told(alert: Alert) -> dict[str, object]:
    """What the trail tells of an alert: for whom, when, how; not its words, which are sealed."""
    return {
        "audience": json.dumps({name: value for name, value in alert.audience.items() if value}),
        "action": alert.action_id,
        "send_at": alert.send_at,
        "send_before": alert.send_before,
        "urgent": alert.urgent,
        "asks_rsvp": alert.asks_rsvp,
    }


async def get_alert(session: AsyncSession, alert_id: int, *, lock: bool = False) -> Alert:
    """The alert. Raises NotFound, for a letter too: those are part of a conversation, and stay there.

    With ``lock``, nobody else changes it before we commit.
    """
    found = await session.get(Alert, alert_id, with_for_update=lock or None)
    if found is None or found.to_subscriber is not None:
        raise NotFound("alert", alert_id)
    return found


async def page_of_alerts(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[Alert], int | None]:
    """Alerts, oldest first, and the cursor of the next page."""
    return await page_of(session, select(Alert).where(Alert.to_subscriber.is_(None)), Alert.id, after, limit)


async def alerts_in(
    session: AsyncSession, state: AlertState, most: int, *, troubled: bool = False
) -> Sequence[Alert]:
    """Alerts in ``state``, the newest first; or those of them that something was wrong with."""
    query = select(Alert).where(Alert.state == state, Alert.to_subscriber.is_(None))
    query = query.where(Alert.trouble.is_not(None)) if troubled else query
    return (await session.scalars(query.order_by(Alert.id.desc()).limit(most))).all()


async def alerts_before(session: AsyncSession, before: int | None, most: int) -> Sequence[Alert]:
    """Alerts to many, the newest first; those older than alert ``before``."""
    query = select(Alert).where(Alert.to_subscriber.is_(None)).order_by(Alert.id.desc()).limit(most)
    return (await session.scalars(query if before is None else query.where(Alert.id < before))).all()


async def alerts_of_action(session: AsyncSession, action_id: int) -> Sequence[Alert]:
    """All alerts of an action, the newest first."""
    query = select(Alert).where(Alert.action_id == action_id, Alert.to_subscriber.is_(None))
    return (await session.scalars(query.order_by(Alert.id.desc()))).all()


async def action_of(session: AsyncSession, alert: Alert) -> Action | None:
    """What it calls to, where it calls to something."""
    return None if alert.action_id is None else await actions.get_action(session, alert.action_id)


async def bodies_of(session: AsyncSession, alert: Alert) -> dict[Language, str]:
    """What goes on the air in each language, from the action as it stands now."""
    action = await action_of(session, alert)
    return compose(_texts_of(alert), _facts_of(action) if action else None, settings().organization_name)


def facts_now(action: Action | None) -> dict[str, Any] | None:
    """What an alert is worded from (``Alert.worded_from``): the action as it is now, with its version."""
    return _facts_of(action).kept() | {"version": action.version} if action else None


def is_worded_from_now(alert: Alert, action: Action) -> bool:
    """Whether the action is of the version that somebody had before them who worded the alert, or sent it."""
    return alert.worded_from is not None and alert.worded_from["version"] == action.version


def has_other_facts(alert: Alert, action: Action) -> bool:
    """Whether time, place or title are others than when somebody last worded the alert, or sent it."""
    then = alert.worded_from
    return then is not None and _facts_of(action).kept() != {k: v for k, v in then.items() if k != "version"}


def may_be_outdated(alert: Alert, action: Action) -> bool:
    """Whether its text may say another time or place than the action has now (``texts.may_say_the_old``)."""
    if alert.worded_from is None:
        return False
    then, now = Facts.of_kept(alert.worded_from), _facts_of(action)
    lead = read_lead(alert.send_before) if alert.send_before else None
    return may_say_the_old(_texts_of(alert), then, now, lead)


def _facts_of(action: Action) -> Facts:
    return Facts(action.title, action.starts_at, action.timezone, action.place)


def _texts_of(alert: Alert) -> dict[Language, str]:
    return {Language(language): text for language, text in alert.text.items()}


async def people_now(session: AsyncSession, alert: Alert) -> dict[Language, int]:
    """How many people of each language the alert would reach now."""
    return await people_by_language(session, Audience.model_validate(alert.audience))


async def report(session: AsyncSession, alert_id: int) -> list[tuple[Language, DeliveryState, int]]:
    """How many deliveries of each language stand where. Raises NotFound.

    From the counts that are kept as deliveries move: however large the alert, a few rows are read.
    """
    await get_alert(session, alert_id)
    query = (
        select(Progress.language, Progress.state, func.sum(Progress.deliveries))
        .where(Progress.alert_id == alert_id)
        .group_by(Progress.language, Progress.state)
        .having(func.sum(Progress.deliveries) != 0)
    )
    return [(Language(row[0]), DeliveryState(row[1]), int(row[2])) for row in await session.execute(query)]


async def page_of_deliveries(
    session: AsyncSession, alert_id: int, after: int | None, limit: int
) -> tuple[Sequence[Delivery], int | None]:
    """Deliveries of an alert by subscriber, and the cursor of the next page. Raises NotFound."""
    await get_alert(session, alert_id)
    query = select(Delivery).where(Delivery.alert_id == alert_id)
    return await page_of(session, query, Delivery.subscriber_id, after, limit)


async def _check(session: AsyncSession, alert: Alert) -> None:
    if alert.asks_rsvp and alert.action_id is None:
        raise AsksAboutNothing
    if alert.urgent and not alert.urgent_reason:
        raise UrgentWithoutReason
    if alert.send_at is not None and alert.send_before is not None:
        raise TwoTimes
    if alert.kind == AlertKind.REMINDER and set(alert.text) != set(Language):
        raise MissingLanguages(sorted(set(Language) - set(alert.text)))
    await require_audience(session, Audience.model_validate(alert.audience))
    await bodies_of(session, alert)
    if alert.send_before is not None:
        if alert.action_id is None:
            raise BeforeNothing
        read_lead(alert.send_before)
    if alert.send_at:
        alert.send_at = in_utc(alert.send_at, await zone_of(session, alert))


async def zone_of(session: AsyncSession, alert: Alert) -> str:
    """By whose clocks its times are meant: those of its action's place, else of its lists.

    DEFAULT_TIMEZONE where lists have different ones, or none is named.
    """
    if alert.action_id is not None:
        return (await actions.get_action(session, alert.action_id)).timezone
    zones = await zones_of(session, named_lists(Audience.model_validate(alert.audience)))
    return zones.pop() if len(zones) == 1 else settings().default_timezone
