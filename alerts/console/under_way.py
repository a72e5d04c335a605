"""An alert that goes out, in words: how far it is, how fast, how long still, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_timedelta
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import reports, service
from alerts.broadcasts.forecast import pace
from alerts.broadcasts.models import Alert
from alerts.broadcasts.schemas import ReportOut
from alerts.broadcasts.states import OPEN, AlertState, DeliveryState
from alerts.console.alerts_shown import DELIVERY_STATES
from alerts.console.clocks import clocks_of
from alerts.console.pages import figure
from alerts.console.remedies import Why, trouble_in_words, whys
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.language.segments import segments
from alerts.settings import settings

WENT_WRONG = (DeliveryState.FAILED, DeliveryState.UNDELIVERED, DeliveryState.SKIPPED)


@dataclass(frozen=True)
class UnderWay:
    """``rows``: how many stand where, of all and of each of ``tongues``. ``speed``: and how long still."""

    alert: int
    people: int
    done: int
    speed: str
    trouble: str
    to_do: str
    tongues: list[Language]
    rows: list[tuple[str, list[int]]]
    failed: list[Why]
    skipped: list[Why]


def done_of(report: ReportOut) -> int:
    """Of how many people it is known what became of their text, or the carrier has it."""
    return report.people - sum(report.states[state] for state in OPEN)


async def under_way(
    session: AsyncSession, read: Language, alert: Alert, report: ReportOut, seen_pace: float | None = None
) -> UnderWay:
    """How it stands. ``seen_pace``: texts a second, where somebody has watched for a while."""
    tongues = sorted(report.languages)
    states = [report.states, *(report.languages[one] for one in tongues)]
    trouble, to_do = trouble_in_words(alert.trouble, read) if alert.trouble else ("", "")
    failed, skipped = await _why(session, alert.id, report.states)
    return UnderWay(
        alert.id,
        report.people,
        done_of(report),
        await _speed(session, read, alert, report, seen_pace),
        trouble,
        to_do,
        tongues,
        [
            (tr(read, says), [one.get(state, 0) for one in states])
            for state, says in DELIVERY_STATES.items()
            if report.states.get(state)
        ],
        whys(failed, read),
        whys(skipped, read),
    )


async def _why(
    session: AsyncSession, alert_id: int, states: Mapping[DeliveryState, int]
) -> tuple[Counter[str], Counter[str]]:
    if not any(states[state] for state in WENT_WRONG):
        return Counter(), Counter()
    return await reports.reasons_of(session, alert_id)


async def _speed(
    session: AsyncSession, read: Language, alert: Alert, report: ReportOut, seen_pace: float | None
) -> str:
    waiting = report.states[DeliveryState.WAITING]
    if alert.state != AlertState.SENDING or not waiting:
        return ""
    parked, first = await reports.parked(session, alert.id)
    if first and parked == waiting:
        zone = await service.zone_of(session, alert)
        says = N_("People who sleep now, or for whom the carrier asks to wait: {people}. It goes on {when}.")
        there = (await clocks_of(session)).when(first, zone, read)
        return tr(read, says, people=figure(read, parked), when=there)
    if seen_pace:
        speed = figure(read, round(seen_pace)) if seen_pace >= 1 else "< 1"
        says = N_("{speed} texts a second. About {left} left.")
        return tr(read, says, speed=speed, left=span(read, waiting / seen_pace))
    if seen_pace == 0:
        return tr(read, "Nothing has gone out in the last seconds. It goes on by itself.")
    return tr(
        read,
        "About {left} left.",
        left=span(read, _parts(alert, report) / pace([*settings().rates.values()])),
    )


def _parts(alert: Alert, report: ReportOut) -> int:
    """Message parts that wait still."""
    return sum(
        report.languages[language].get(DeliveryState.WAITING, 0) * segments(body).parts
        for language, body in ((Language(key), body) for key, body in (alert.bodies or {}).items())
        if language in report.languages
    )


def span(read: Language, seconds: float) -> str:
    """So long, in the one unit that matters."""
    return format_timedelta(max(1, round(seconds)), threshold=1.5, locale=read.facts["locale"])


def seconds_until(moment: datetime | None) -> int:
    """Whole seconds, none where it is over."""
    return max(0, round((moment - datetime.now(UTC)).total_seconds())) if moment else 0
