"""Pages: actions: those to come, a month of them, and those that are over."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, get_day_names
from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service
from alerts.actions.models import Action
from alerts.console.alerts_shown import heading
from alerts.console.clocks import clocks_of
from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.fields import NotFilledIn
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.language.catalogs import N_, tr
from alerts.language.dates import clock_time
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.access import MOST_IDS, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/actions", include_in_schema=False, route_class=FormRoute)
MOST = 50
A_DAY = timedelta(days=1)
FIRST_YEAR, LAST_YEAR = 2000, 2100
TABS = {
    "/actions": N_("To come"),
    "/actions/calendar": N_("Calendar"),
    "/actions/past": N_("Over, or called off"),
}


@dataclass(frozen=True)
class Day:
    """One day of a month's table. ``actions``: id, when it begins on this day, and what it is called."""

    date: date
    within: bool
    name: str
    is_today: bool
    actions: Sequence[tuple[int, str, str]]


@router.get("")
async def coming(session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """What is still to come, or going on, the next first."""
    read = language_of(reader, language)
    found = await service.coming_actions(session, MOST)
    return await _list(session, reader, read, "/actions", found, None)


@router.get("/past")
async def past(
    session: Session,
    reader: Viewer,
    before: Annotated[int | None, Query(ge=1, lt=MOST_IDS)] = None,
    language: Chosen = None,
) -> Response:
    """What is over or was called off, the latest first."""
    found, following = await service.past_actions(session, MOST, before)
    return await _list(session, reader, language_of(reader, language), "/actions/past", found, following)


async def _list(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    path: str,
    found: Sequence[Action],
    following: int | None,
) -> Response:
    clocks = await clocks_of(session)
    return page(
        "actions.html",
        read,
        path,
        reader=reader,
        title=tr(read, "Actions"),
        tabs=_tabs(read),
        rows=[(one.id, heading(one, read), clocks.when(one.starts_at, one.timezone, read)) for one in found],
        following=following,
        may_write=reader.actor.may(Scope.WRITE),
    )


def _tabs(read: Language) -> list[tuple[str, str]]:
    return [(to, tr(read, says)) for to, says in TABS.items()]


@router.get("/calendar")
async def month_page(session: Session, reader: Viewer, month: str = "", language: Chosen = None) -> Response:
    """A month; on a phone, its days with something on them, below each other."""
    read = language_of(reader, language)
    first = _first_day(month)
    locale = Locale.parse(read.facts["locale"])
    weeks = Calendar(locale.first_week_day).monthdatescalendar(first.year, first.month)
    begins, ends = _midnight(weeks[0][0]) - A_DAY, _midnight(weeks[-1][-1]) + 2 * A_DAY
    on_days = _by_day(await service.actions_between(session, begins, ends), read)
    names = get_day_names("abbreviated", "stand-alone", locale)
    return page(
        "calendar.html",
        read,
        "/actions/calendar",
        reader=reader,
        title=format_date(first, "LLLL y", locale),
        tabs=_tabs(read),
        week=[names[day.weekday()] for day in weeks[0]],
        weeks=[[_day(day, first, on_days, read) for day in week] for week in weeks],
        before=f"{_month_of(first - A_DAY):%Y-%m}",
        after=f"{_month_of(first + 32 * A_DAY):%Y-%m}",
        now=f"{_today():%Y-%m}",
        is_empty=not any(day in on_days for week in weeks for day in week if day.month == first.month),
        may_write=reader.actor.may(Scope.WRITE),
    )


def _first_day(month: str) -> date:
    """The first day of ``2026-12``, or of this month. Raises NotFilledIn."""
    if not month:
        return _month_of(_today())
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise NotFilledIn(("month",)) from None
    if not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise NotFilledIn(("month",))
    return first


def _month_of(day: date) -> date:
    return day.replace(day=1)


def _today() -> date:
    return datetime.now(ZoneInfo(settings().default_timezone)).date()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _by_day(found: Sequence[Action], read: Language) -> dict[date, list[tuple[int, str, str]]]:
    """Actions by the days that they are on, by the clocks of their place."""
    days: dict[date, list[tuple[int, str, str]]] = {}
    for action in found:
        zone = ZoneInfo(action.timezone)
        begins = action.starts_at.astimezone(zone).date()
        last = (action.ends_at - timedelta(microseconds=1)).astimezone(zone).date()
        for number in range((last - begins).days + 1):
            at = clock_time(action.starts_at, action.timezone, read) if number == 0 else ""
            days.setdefault(begins + number * A_DAY, []).append((action.id, at, heading(action, read)))
    return days


def _day(day: date, first: date, on_days: dict[date, list[tuple[int, str, str]]], read: Language) -> Day:
    name = format_date(day, "EEEE d", read.facts["locale"])
    return Day(day, day.month == first.month, name, day == _today(), on_days.get(day, ()))
