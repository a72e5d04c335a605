"""Before an alert goes out: what people will read, what it takes, and a text to try it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts.audience import Audience, people_by_language
from alerts.broadcasts.forecast import Forecast, Warned, forecast, warnings
from alerts.broadcasts.letters import text_one
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import bodies_of, get_alert
from alerts.broadcasts.states import AlertState
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.language.segments import Segments, costly, segments
from alerts.settings import settings
from alerts.subscribers import lists
from alerts.subscribers import service as subscribers
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
    """Who will get what. ``missing``: people who read a language that the alert has no text in."""

    languages: Mapping[Language, LanguagePreview]
    missing: Mapping[Language, int]
    forecast: Forecast
    warnings: Sequence[Warned]


async def preview(session: AsyncSession, alert_id: int) -> Preview:
    """What would happen if it were sent as it stands. Raises NotFound, and whatever ``compose`` raises."""
    alert = await get_alert(session, alert_id)
    bodies = await bodies_of(session, alert)
    audience = Audience.model_validate(alert.audience)
    people = await people_by_language(session, audience)
    languages = {
        language: LanguagePreview(
            people.get(language, 0),
            body,
            segments(body),
            {one.character: one.cheaper for one in costly(body)},
        )
        for language, body in bodies.items()
    }
    parts = sum(one.people * one.segments.parts for one in languages.values())
    begins_at = max(alert.send_at or datetime.now(UTC), datetime.now(UTC))
    expected = forecast(parts, list(settings().rates.values()), settings().price_per_part, begins_at)
    action = await actions.get_action(session, alert.action_id) if alert.action_id else None
    found = warnings(
        expected,
        {language: body for language, body in bodies.items() if people.get(language)},
        starts_at=action.starts_at if action else None,
        zones=await lists.zones_of(session, audience.lists) or {settings().default_timezone},
        urgent=alert.urgent,
        first=await _is_first(session),
    )
    missing = {language: count for language, count in people.items() if language not in bodies}
    return Preview(languages, missing, expected, found)


async def _is_first(session: AsyncSession) -> bool:
    begun = Alert.state.in_([AlertState.SENDING, AlertState.PAUSED, AlertState.SENT])
    return not await session.scalar(select(exists().where(begun, Alert.to_subscriber.is_(None))))


async def test_send(
    session: AsyncSession, alert_id: int, phone: str, languages: Sequence[Language]
) -> list[Language]:
    """Text the alert, marked as a test, to ``phone`` (E.164), in ``languages`` or all that it has.

    It goes out as a letter does, and no report counts it. Raises NotFound, HasLeft, and whatever
    ``compose`` and ``text_one`` raise.
    """
    alert = await get_alert(session, alert_id)
    bodies = await bodies_of(session, alert)
    wanted = [language for language in bodies if not languages or language in languages]
    who = await subscribers.take_up(session, phone, wanted[0] if wanted else Language.EN)
    if who.standing == Standing.LEFT:
        raise subscribers.HasLeft
    for language in wanted:
        body = tr(language, "TEST: {text}", text=bodies[language])
        await text_one(session, who.id, language, body, settings().senders, to_pending=True)
    return wanted
