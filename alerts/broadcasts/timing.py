"""Pure: when an alert goes out: by the clock of a place, and so long before an action."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from alerts.errors import DomainError

# Without an action to be late for, an alert of this morning says nothing true in the evening.
LATE_AT_MOST = timedelta(hours=3)
# A time that was typed is over when it is sent; clocks differ, and people take a moment.
JUST_NOW = timedelta(minutes=5)
_LEAD = re.compile(r"P(?:(?P<days>\d{1,3})D)?(?:T(?:(?P<hours>\d{1,3})H)?(?:(?P<minutes>\d{1,4})M)?)?")


class BadLead(DomainError):
    """What was given is no time before an action."""

    code = "bad_lead"
    field = "send_before"

    def __init__(self) -> None:
        super().__init__(
            "Write how long before the action as P1D (a day, at the same time on the clock), PT24H"
            " (24 hours), PT90M, or P1DT2H."
        )


class TimeIsOver(DomainError):
    """When an alert was to go out has gone by already."""

    code = "time_is_over"

    def __init__(self, due_at: datetime, field: str = "send_before") -> None:
        self.due_at, self.field = due_at, field
        other = "a shorter time" if field == "send_before" else "a later time"
        super().__init__(f"That was at {due_at.isoformat()}, which is over. Choose {other}, or send now.")


class NoSuchTime(DomainError):
    """A time that the clocks skip."""

    code = "no_such_time"
    field = "send_at"

    def __init__(self, local: datetime, zone: str) -> None:
        self.local, self.zone = local, zone
        super().__init__(
            f"The clocks in {zone} are put forward over {local:%Y-%m-%d %H:%M}: there is no such time."
            " Choose another, or write it with its offset."
        )


class TimeComesTwice(DomainError):
    """A time that the clocks show twice."""

    code = "time_comes_twice"
    field = "send_at"

    def __init__(self, local: datetime, zone: str, first: datetime, second: datetime) -> None:
        self.local, self.zone, self.first, self.second = local, zone, first, second
        super().__init__(
            f"The clocks in {zone} are put back: {local:%Y-%m-%d %H:%M} comes twice. Write"
            f" {first.isoformat()} for the first, or {second.isoformat()} for the second."
        )


@dataclass(frozen=True, slots=True)
class Lead:
    """So long before an action. Days keep the time on the clock, hours and minutes are exact.

    As in RFC 5545, section 3.3.6: a day before a rally at ten is at ten, also when the clocks are
    changed in that night.
    """

    days: int
    exact: timedelta

    def before(self, starts_at: datetime, zone: str) -> datetime:
        """That moment, in UTC. A time that the clocks skip is the moment after."""
        there = starts_at.astimezone(ZoneInfo(zone))
        return (there - timedelta(days=self.days)).astimezone(UTC) - self.exact


def read_lead(text: str) -> Lead:
    """``"P1D"``, ``"PT24H"``, ``"P1DT2H30M"``. Raises BadLead, also for no time at all."""
    found = _LEAD.fullmatch(text)
    given = {name: int(value) for name, value in found.groupdict().items() if value} if found else {}
    if not any(given.values()):
        raise BadLead
    exact = timedelta(hours=given.get("hours", 0), minutes=given.get("minutes", 0))
    return Lead(given.get("days", 0), exact)


def in_utc(moment: datetime, zone: str) -> datetime:
    """``moment`` in UTC; where it has no offset, by the clocks of ``zone``.

    Raises NoSuchTime, TimeComesTwice.
    """
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    first, second = (moment.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    if first.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) != moment.replace(fold=0):
        raise NoSuchTime(moment, zone)
    if first.utcoffset() != second.utcoffset():
        raise TimeComesTwice(moment, zone, first, second)
    return first.astimezone(UTC)


def is_over(send_at: datetime, now: datetime) -> bool:
    """Whether a time that was chosen for an alert is over: by more than it takes to press a button."""
    return now - send_at > JUST_NOW


def require_to_come(send_at: datetime) -> None:
    """Raises TimeIsOver where it is not still to come."""
    if is_over(send_at, datetime.now(UTC)):
        raise TimeIsOver(send_at, "send_at")


def too_late(
    now: datetime, due_at: datetime, until: datetime | None, lead: Lead | None = None, zone: str = "UTC"
) -> bool:
    """Whether an alert that should have begun at ``due_at`` makes no sense any more.

    ``until``: when its action begins, of an alert that was to come before it. Others may be some hours late;
    and what goes out a ``lead`` before it says "tomorrow", or "in an hour": some hours, and where the lead
    is in whole days, no longer than its day lasts by the clocks of ``zone``.
    """
    if until and (now >= until or not lead):
        return now >= until
    if now - due_at > LATE_AT_MOST:
        return True
    today, its_day = (moment.astimezone(ZoneInfo(zone)).date() for moment in (now, due_at))
    return bool(lead and lead.days and not lead.exact) and today > its_day
