"""Before an alert goes out: what people will read, and what it takes. A text to try it with: trying.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.models import Action
from alerts.broadcasts.approval import needs_approval, version_of
from alerts.broadcasts.audience import Audience, alike, named_lists
from alerts.broadcasts.forecast import Forecast, Hint, Share, Warned, forecast, warnings
from alerts.broadcasts.hours import AROUND_THE_CLOCK, Hours, Voice, voice_of, voices
from alerts.broadcasts.lifecycle import lead_time
from alerts.broadcasts.models import Alert
from alerts.broadcasts.newcomers import some_are_new
from alerts.broadcasts.nights import nights_of
from alerts.broadcasts.service import action_of, bodies_of, get_alert, may_be_outdated
from alerts.broadcasts.states import AlertState
from alerts.broadcasts.timing import is_over
from alerts.broadcasts.voices import list_hours
from alerts.language.languages import Language
from alerts.language.segments import Segments, costly, segments
from alerts.settings import settings
from alerts.subscribers.models import Standing


@dataclass(frozen=True)
class LanguagePreview:
    """What people of one language will get. ``cheaper``: another spelling for what makes it dear."""

    people: int
    body: str
    segments: Segments
    cheaper: Mapping[str, str | None]


@dataclass(frozen=True)
class Preview:
    """Who will get what. ``missing``: people who read a language that the alert has no text in.

    ``put_off``: people for whom it is night when it begins; ``left_out``: those for whom the morning
    comes after the action has begun. ``version``: what an approval is of.
    """

    alert: Alert
    languages: Mapping[Language, LanguagePreview]
    missing: Mapping[Language, int]
    forecast: Forecast
    put_off: int
    left_out: int
    version: str
    needs_approval: bool
    warnings: Sequence[Warned]


async def preview(session: AsyncSession, alert_id: int) -> Preview:
    """What would happen if it were sent as it stands. Raises NotFound, and whatever ``compose`` raises."""
    alert = await get_alert(session, alert_id)
    bodies = await bodies_of(session, alert)
    action = await action_of(session, alert)
    begins_at = _begins_at(alert, action)
    until = action.starts_at if action and action.starts_at > begins_at else None
    groups = await _groups(session, alert, begins_at)
    people: Counter[Language] = Counter()
    for group in groups:
        people[group.language] += group.people
    languages = {
        language: LanguagePreview(
            people[language],
            body,
            segments(body),
            {one.character: one.cheaper for one in costly(body)},
        )
        for language, body in bodies.items()
    }
    written = [group for group in groups if group.language in bodies]
    shares = [
        Share(group.people * languages[group.language].segments.parts, group.hours) for group in written
    ]
    rates = list(settings().rates.values())
    expected = forecast(shares, rates, settings().price_per_part, begins_at, until)
    asleep = [(group.people, group.opens_at) for group in written if group.opens_at]
    left_out = sum(count for count, opens_at in asleep if until and opens_at >= until)
    put_off = sum(count for count, _ in asleep) - left_out
    found = warnings(
        expected,
        {language: body for language, body in bodies.items() if people[language]},
        put_off=put_off,
        first=await _is_first(session),
        new_people=await some_are_new(session, named_lists(Audience.model_validate(alert.audience))),
    )
    found += _about_its_time(alert, action, begins_at)
    found += [one for one in await nights_of(session, alert) if one not in found]
    return Preview(
        alert,
        languages,
        {language: count for language, count in people.items() if language not in bodies},
        expected,
        put_off,
        left_out,
        version_of(alert, bodies, action),
        needs_approval(people.total()),
        found,
    )


def _begins_at(alert: Alert, action: Action | None) -> datetime:
    wanted = lead_time(alert, action) if alert.send_before and action else alert.send_at
    now = datetime.now(UTC)
    return max(wanted or now, now)


def _about_its_time(alert: Alert, action: Action | None, begins_at: datetime) -> list[Warned]:
    """What is wrong with the time that it goes out at, or with the one that it tells."""
    now = datetime.now(UTC)
    over = (alert.send_at and is_over(alert.send_at, now)) or (
        alert.send_before and action and lead_time(alert, action) <= now
    )
    found = [Warned(Hint.TIME_IS_OVER)] if over and alert.state == AlertState.DRAFT else []
    if action and not action.cancelled_at:
        found += [Warned(Hint.ACTION_BEGUN)] if action.starts_at <= begins_at else []
        found += [Warned(Hint.MAY_SAY_THE_OLD)] if may_be_outdated(alert, action) else []
    return found


@dataclass(frozen=True)
class _Group:
    """People of one language whom one list speaks for. ``opens_at``: where it is night when it begins."""

    language: Language
    people: int
    hours: Hours
    opens_at: datetime | None


async def _groups(session: AsyncSession, alert: Alert, begins_at: datetime) -> list[_Group]:
    """Everyone who may be texted; of an urgent alert, at any hour."""
    audience = Audience.model_validate(alert.audience)
    every_list = await list_hours(session)
    hours = {one.list_id: one.hours for one in every_list}
    ordered = voices(every_list, named_lists(audience), begins_at)
    groups: Counter[tuple[Language, Voice]] = Counter()
    for one in await alike(session, audience):
        if one.standing == Standing.ACTIVE:
            groups[one.language, voice_of(one.lists, ordered)] += one.people
    if alert.urgent:
        return [_Group(language, people, AROUND_THE_CLOCK, None) for (language, _), people in groups.items()]
    return [
        _Group(language, people, hours[voice.list_id], voice.opens_at)
        for (language, voice), people in groups.items()
    ]


async def _is_first(session: AsyncSession) -> bool:
    begun = Alert.state.in_([AlertState.SENDING, AlertState.PAUSED, AlertState.SENT])
    return not await session.scalar(select(exists().where(begun, Alert.to_subscriber.is_(None))))
