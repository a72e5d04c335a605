"""When answers came: a picture, and the figures it is drawn from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from markupsafe import Markup

from alerts.actions.turnout import OfHour
from alerts.console.alerts_shown import ANSWERS
from alerts.console.pages import figure
from alerts.console.pictures import lines
from alerts.language.catalogs import tr
from alerts.language.dates import clock_time, short_day
from alerts.language.languages import Language
from alerts.understanding.intents import Answer

FEW_HOURS = timedelta(hours=36)  # so long answers are shown by the hour, then by the day


@dataclass(frozen=True)
class Over:
    """When answers came: a picture, and its figures: for each time the sums until then."""

    picture: Markup
    says: Sequence[str]
    rows: Sequence[tuple[str, Sequence[int]]]


def over_time(found: Sequence[OfHour], zone: str, read: Language) -> Over | None:
    """Answers by the clocks of ``zone``; None where all came at the same time."""
    if not found:
        return None
    by_hour = found[-1].hour - found[0].hour < FEW_HOURS
    times = _moments(found[0].hour, found[-1].hour, ZoneInfo(zone), by_hour=by_hour)
    if len(times) < 2:
        return None
    names = [_named(moment, zone, read, by_hour=by_hour) for moment in times]
    sums = [_sums(found, answer, times) for answer in ANSWERS]
    highest = figure(read, max(max(row) for row in sums))
    picture = lines(
        tr(read, "Answers over time; the table below has the figures"),
        names,
        [(tr(read, says), row) for says, row in zip(ANSWERS.values(), sums, strict=True)],
        highest,
    )
    says = [tr(read, one) for one in ANSWERS.values()]
    return Over(picture, says, [(name, row) for name, *row in zip(names, *sums, strict=True)])


def _moments(first: datetime, last: datetime, zone: ZoneInfo, *, by_hour: bool) -> list[datetime]:
    """Each hour, or each day by the clocks of ``zone``, from that of ``first`` to that of ``last``."""
    if by_hour:
        return [first + timedelta(hours=one) for one in range(int((last - first) / timedelta(hours=1)) + 1)]
    begins, ends = (moment.astimezone(zone).replace(hour=0, minute=0) for moment in (first, last))
    return [begins + timedelta(days=one) for one in range((ends.date() - begins.date()).days + 1)]


def _named(moment: datetime, zone: str, read: Language, *, by_hour: bool) -> str:
    return clock_time(moment, zone, read) if by_hour else short_day(moment, zone, read)


def _sums(found: Iterable[OfHour], answer: Answer, times: Sequence[datetime]) -> list[int]:
    """How many had given ``answer`` by the end of each of ``times``."""
    given = [0] * len(times)
    for one in found:
        if one.answer == answer:
            place = max(number for number, moment in enumerate(times) if moment <= one.hour)
            given[place] += one.people
    return list(accumulate(given))
