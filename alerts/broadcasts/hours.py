"""Pure: the hours in which a list's people are texted, by their own clocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# When people are texted. Source: 47 CFR 64.1200(c)(1), 8 a.m. to 9 p.m. at the person's place.
OPENS, CLOSES = time(8), time(21)
# A text takes a while to land: so long before a list closes, the last one leaves for it.
LANDING = timedelta(seconds=60)
NO_LIST = 0  # stands for the list of people who are on none
_A_DAY = timedelta(days=1)
_A_YEAR = 366  # days; hours that a clock change leaves nothing of come back on another day


@dataclass(frozen=True, slots=True)
class Hours:
    """From ``opens`` to ``closes`` in ``zone``; over midnight where it closes first; always where equal."""

    zone: str
    opens: time = OPENS
    closes: time = CLOSES

    def is_open(self, moment: datetime) -> bool:
        """Whether people may be texted at ``moment``."""
        clock = moment.astimezone(ZoneInfo(self.zone)).time()
        if self.opens < self.closes:
            return self.opens <= clock < self.closes
        return self.opens == self.closes or not self.closes <= clock < self.opens

    def next_open(self, moment: datetime) -> datetime | None:
        """When they may be texted again, in UTC; None where they may at ``moment``."""
        return None if self.is_open(moment) else self._next(self.opens, moment, is_open=True)

    def next_closed(self, moment: datetime) -> datetime | None:
        """When they may be texted no more, in UTC; None where it is so at ``moment``, or never."""
        if not self.is_open(moment) or self.opens == self.closes:
            return None
        return self._next(self.closes, moment, is_open=False)

    def contains(self, other: Hours, now: datetime) -> bool:
        """Whether it is open whenever ``other`` is, as the clocks of both places go ``now``."""
        if self.opens == self.closes or other.opens == other.closes:
            return self.opens == self.closes
        (opens, lasts), (opens_there, lasts_there) = self._span(now), other._span(now)
        return (opens_there - opens) % _A_DAY + lasts_there <= lasts

    def _span(self, now: datetime) -> tuple[timedelta, timedelta]:
        """When it opens, by UTC, and for how long."""
        opens, closes = (timedelta(hours=one.hour, minutes=one.minute) for one in (self.opens, self.closes))
        ahead = now.astimezone(ZoneInfo(self.zone)).utcoffset() or timedelta(0)
        return (opens - ahead) % _A_DAY, (closes - opens) % _A_DAY

    def _next(self, clock: time, moment: datetime, *, is_open: bool) -> datetime:
        today = moment.astimezone(ZoneInfo(self.zone)).date()
        for days in range(_A_YEAR):
            for turn in self._at(today + timedelta(days=days), clock):
                if turn > moment and self.is_open(turn) == is_open:
                    return turn
        raise AssertionError(f"{self} never turns")

    def _at(self, day: date, clock: time) -> list[datetime]:
        # Both, where the clock shows it twice; one that is skipped comes out as the moment after.
        local = datetime.combine(day, clock, ZoneInfo(self.zone))
        return sorted({local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)})


AROUND_THE_CLOCK = Hours("UTC", time(0), time(0))


@dataclass(frozen=True, slots=True)
class ListHours:
    """A list, and when its people are texted. ``own``: somebody set these hours for this list."""

    list_id: int
    hours: Hours
    own: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    """A list that speaks for people on it, and from when on they may be texted; None: now."""

    list_id: int
    opens_at: datetime | None


def closed(lists: Iterable[ListHours], now: datetime) -> dict[int, datetime]:
    """The lists whose people must not be texted now, and when they may be again, in UTC."""
    opens = {one.list_id: _opens_at(one.hours, now) for one in lists}
    return {list_id: moment for list_id, moment in opens.items() if moment}


def voices(lists: Iterable[ListHours], named: Collection[int], now: datetime) -> list[Voice]:
    """The lists in the order in which they speak for somebody who is on several: the last one does.

    Hours of its own come before those of everybody, since a person who works nights sleeps by day
    whoever writes; then a list that the audience names; then the one that is stricter from now on. But
    hours that only add to those of a list that is written to say nothing of anybody's sleep: whoever may
    be woken by one list is not woken by another.
    """
    lists = list(lists)
    written_to = [one for one in lists if one.list_id in named] or [one for one in lists if not one.own]

    def own(one: ListHours) -> bool:
        wider = one.list_id not in named and any(one.hours.contains(it.hours, now) for it in written_to)
        return one.own and not wider

    def weight(one: ListHours) -> tuple[bool, bool, bool, datetime, float, int]:
        opens_at = _opens_at(one.hours, now) or now
        closes_at = one.hours.next_closed(opens_at)
        until_then = (closes_at or datetime.max.replace(tzinfo=UTC)) - now
        on_one = one.list_id != NO_LIST
        return on_one, own(one), one.list_id in named, opens_at, -until_then.total_seconds(), one.list_id

    return [Voice(one.list_id, _opens_at(one.hours, now)) for one in sorted(lists, key=weight)]


def voice_of(lists: Collection[int], ordered: Sequence[Voice]) -> Voice:
    """Which of ``ordered``, as ``voices`` gives them, speaks for somebody who is on ``lists``."""
    return next(voice for voice in reversed(ordered) if voice.list_id in (lists or (NO_LIST,)))


def _opens_at(hours: Hours, now: datetime) -> datetime | None:
    # Not in the last moments either: what leaves now would land after them.
    if not hours.is_open(now):
        return hours.next_open(now)
    return hours.next_open(now + LANDING)
