"""Laws: nobody is texted outside the hours of their list, whatever the zone and its clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.broadcasts.hours import AROUND_THE_CLOCK, LANDING, Hours, ListHours, closed, voices

ZONES = (
    "America/Los_Angeles",
    "America/Chicago",
    "America/New_York",
    "America/Phoenix",  # no change of clocks
    "America/St_Johns",  # half an hour off
    "Australia/Lord_Howe",  # half an hour's change
    "Africa/Mogadishu",
    "Pacific/Apia",  # a day that never was, in 2011
    "Europe/London",
    "UTC",
)
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
hours = st.builds(Hours, st.sampled_from(ZONES), clocks, clocks).filter(
    # As the API asks: around the clock, or at least an hour.
    lambda one: one.opens == one.closes or _minutes(one) >= 60
)
moments = st.datetimes(datetime(2010, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
# Nights in which clocks change: the second Sunday of March and the first of November, and London's.
changes = st.builds(
    lambda day, minutes: datetime.fromisoformat(day + "T00:00+00:00") + timedelta(minutes=minutes),
    st.sampled_from(["2026-03-08", "2026-11-01", "2026-03-29", "2026-10-25", "2026-04-04", "2026-10-03"]),
    st.integers(0, 36 * 60),
)
any_moment = moments | changes


def _minutes(one: Hours) -> int:
    opens, closes = (clock.hour * 60 + clock.minute for clock in (one.opens, one.closes))
    return (closes - opens) % (24 * 60)


def awake(one: Hours, moment: datetime) -> bool:
    """Read off the wall, in minutes: another way than the code's."""
    there = moment.astimezone(ZoneInfo(one.zone))
    minute = there.hour * 60 + there.minute
    opens = one.opens.hour * 60 + one.opens.minute
    return _minutes(one) == 0 or (minute - opens) % (24 * 60) < _minutes(one)


@given(hours, any_moment)
def test_open_is_what_the_clock_on_the_wall_says(one: Hours, moment: datetime) -> None:
    assert one.is_open(moment) == awake(one, moment)


@given(hours, any_moment)
def test_what_is_put_off_goes_when_people_are_awake_and_within_two_days(one: Hours, moment: datetime) -> None:
    opens_at = one.next_open(moment)
    assert (opens_at is None) == awake(one, moment)
    if opens_at:
        assert awake(one, opens_at)
        assert moment < opens_at <= moment + timedelta(hours=49)  # Apia lost a day


@given(hours, any_moment)
def test_a_list_that_is_not_closed_now_is_open_until_the_text_has_landed(
    one: Hours, moment: datetime
) -> None:
    later = closed([ListHours(1, one)], moment)
    if 1 in later:
        assert awake(one, later[1])
        assert later[1] > moment
    else:
        assert awake(one, moment)
        assert awake(one, moment + LANDING)


@given(hours, any_moment)
def test_nothing_is_put_off_for_longer_than_it_must(one: Hours, moment: datetime) -> None:
    opens_at = one.next_open(moment)
    if opens_at and opens_at - moment > timedelta(minutes=90):
        # Up to the hour that a change of clocks skips.
        asleep = [
            moment + share * (opens_at - moment - timedelta(minutes=61)) for share in (0.25, 0.5, 0.75, 1)
        ]
        assert not any(awake(one, at) for at in asleep)


@given(hours, hours, any_moment, st.integers(0, 24 * 60))
def test_hours_that_hold_others_are_open_whenever_those_are(
    one: Hours, other: Hours, now: datetime, minutes: int
) -> None:
    moment = now + timedelta(minutes=minutes)
    zones = [ZoneInfo(it.zone) for it in (one, other)]
    if all(now.astimezone(zone).utcoffset() == moment.astimezone(zone).utcoffset() for zone in zones):
        assert not (one.contains(other, now) and awake(other, moment) and not awake(one, moment))
    assert one.contains(one, now)
    assert AROUND_THE_CLOCK.contains(one, now)


NOON = datetime(2026, 12, 1, 20, tzinfo=UTC)  # in Los Angeles; 14:00 in Chicago
WEST, EAST = Hours("America/Los_Angeles"), Hours("America/Chicago")
NIGHTS = Hours("America/Los_Angeles", time(20), time(6))
NIGHT = NOON - timedelta(hours=10)  # two in Los Angeles
RAPID, LONG = AROUND_THE_CLOCK, Hours("America/Los_Angeles", time(5), time(23))


@pytest.mark.parametrize(
    ("lists", "named", "now", "speaks"),
    [
        ([ListHours(1, WEST), ListHours(2, NIGHTS, own=True)], {1}, NOON, 2),  # the worker sleeps by day
        ([ListHours(1, WEST), ListHours(2, EAST)], {1}, NOON, 1),  # the one that the organizer writes to
        ([ListHours(1, WEST), ListHours(2, EAST)], {1, 2}, NOON, 2),  # it closes first
        ([ListHours(1, WEST), ListHours(2, EAST)], {1, 2}, NOON - timedelta(hours=6), 1),  # it opens last
        # Who may be called at any hour by one list sleeps when another writes; and is called by that one.
        ([ListHours(1, WEST), ListHours(2, RAPID, own=True)], {1}, NIGHT, 1),
        ([ListHours(1, WEST), ListHours(2, LONG, own=True)], {1}, NIGHT, 1),
        ([ListHours(1, WEST), ListHours(2, RAPID, own=True)], {2}, NIGHT, 2),
        ([ListHours(1, WEST), ListHours(2, RAPID, own=True)], set(), NIGHT, 1),  # chosen by a tag
        ([ListHours(1, WEST), ListHours(2, NIGHTS, own=True)], set(), NOON, 2),
        ([ListHours(1, WEST), ListHours(2, NIGHTS, own=True), ListHours(3, RAPID, own=True)], {1}, NOON, 2),
        ([ListHours(1, NIGHTS, own=True), ListHours(2, RAPID, own=True)], {1}, NOON, 1),
    ],
)
def test_of_several_lists_one_speaks(
    lists: list[ListHours], named: set[int], now: datetime, speaks: int
) -> None:
    assert voices(lists, named, now)[-1].list_id == speaks
    assert voices(lists[::-1], named, now)[-1].list_id == speaks
