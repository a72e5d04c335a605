"""When an alert goes out: by whose clock, how long before, and how late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.broadcasts.timing import BadLead, NoSuchTime, TimeComesTwice, in_utc, read_lead, too_late

PACIFIC = "America/Los_Angeles"
# The clocks go back in the night to Sunday, November 1, 2026, and forward to March 8.
SUNDAY_TEN = datetime(2026, 11, 1, 10, tzinfo=ZoneInfo(PACIFIC))


@pytest.mark.parametrize(
    ("lead", "local"),
    [
        ("P1D", "2026-10-31T10:00:00-07:00"),  # the same time on the clock, though 25 hours before
        ("PT24H", "2026-10-31T11:00:00-07:00"),  # 24 hours before
        ("PT90M", "2026-11-01T08:30:00-08:00"),
        ("P1DT2H30M", "2026-10-31T07:30:00-07:00"),
        ("P7D", "2026-10-25T10:00:00-07:00"),
    ],
)
def test_days_keep_the_clock_and_hours_are_exact(lead: str, local: str) -> None:
    assert read_lead(lead).before(SUNDAY_TEN, PACIFIC).astimezone(ZoneInfo(PACIFIC)).isoformat() == local


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P0D", "1D", "P1H", "PT1D", "-P1D", "P1Y", "P1.5D", "p1d", "P1D "]
)
def test_what_is_no_time_before_is_refused(text: str) -> None:
    with pytest.raises(BadLead):
        read_lead(text)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    st.integers(0, 30),
    st.integers(0, 999),
    st.sampled_from([PACIFIC, "America/Chicago", "Africa/Mogadishu", "UTC"]),
)
def test_a_lead_is_always_before(starts_at: datetime, days: int, minutes: int, zone: str) -> None:
    if days or minutes:
        due_at = read_lead(f"P{days}DT{minutes}M").before(starts_at, zone)
        exact = timedelta(days=days, minutes=minutes)
        assert abs(starts_at - due_at - exact) <= timedelta(hours=1)
        assert due_at < starts_at


@pytest.mark.parametrize(
    ("local", "zone", "utc"),
    [
        ("2026-12-05T09:00:00", PACIFIC, "2026-12-05T17:00:00+00:00"),
        ("2026-07-05T09:00:00", PACIFIC, "2026-07-05T16:00:00+00:00"),
        ("2026-07-05T09:00:00", "America/Phoenix", "2026-07-05T16:00:00+00:00"),
        ("2026-07-05T09:00:00-05:00", PACIFIC, "2026-07-05T14:00:00+00:00"),  # its own offset holds
    ],
)
def test_a_time_without_offset_is_by_the_clocks_of_the_place(local: str, zone: str, utc: str) -> None:
    assert in_utc(datetime.fromisoformat(local), zone).isoformat() == utc


def test_a_time_that_is_skipped_or_comes_twice_is_refused_and_says_the_way_out() -> None:
    with pytest.raises(NoSuchTime, match="put forward"):
        in_utc(datetime(2026, 3, 8, 2, 30), PACIFIC)
    with pytest.raises(TimeComesTwice, match="2026-11-01T01:30:00-07:00 for the first"):
        in_utc(datetime(2026, 11, 1, 1, 30), PACIFIC)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), st.sampled_from([PACIFIC, "Europe/London"]))
def test_what_is_read_is_what_the_clock_there_shows(local: datetime, zone: str) -> None:
    try:
        moment = in_utc(local, zone)
    except (NoSuchTime, TimeComesTwice):
        return
    assert moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == local


NOON = datetime(2026, 12, 5, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("late_by", "until_in", "over"),
    [
        (timedelta(0), timedelta(hours=1), False),
        (timedelta(hours=9), timedelta(seconds=1), False),  # still in time for the action
        (timedelta(minutes=1), timedelta(0), True),
        (timedelta(hours=3), None, False),
        (timedelta(hours=3, seconds=1), None, True),
    ],
)
def test_late_is_better_than_never_only_while_it_makes_sense(
    late_by: timedelta, until_in: timedelta | None, over: bool
) -> None:
    until = None if until_in is None else NOON + until_in
    assert too_late(NOON, NOON - late_by, until) is over


MIDNIGHT = datetime(2026, 12, 5, tzinfo=ZoneInfo(PACIFIC))


@pytest.mark.parametrize(
    ("lead", "due_at", "late_by", "over"),
    [
        ("P1D", MIDNIGHT - timedelta(hours=6), timedelta(hours=3), False),
        ("P1D", MIDNIGHT - timedelta(hours=6), timedelta(hours=3, seconds=1), True),
        ("P1D", MIDNIGHT - timedelta(hours=1), timedelta(minutes=59), False),
        ("P1D", MIDNIGHT - timedelta(hours=1), timedelta(hours=1), True),  # "Tomorrow" is today
        ("P1D", MIDNIGHT - timedelta(hours=8, minutes=30), timedelta(hours=1), False),  # midnight by UTC
        ("PT3H", MIDNIGHT - timedelta(hours=1), timedelta(hours=2), False),
        ("P1DT2H", MIDNIGHT - timedelta(hours=1), timedelta(hours=2), False),
        ("PT3H", MIDNIGHT - timedelta(hours=1), timedelta(hours=4), True),
    ],
)
def test_what_says_tomorrow_goes_out_while_that_is_so(
    lead: str, due_at: datetime, late_by: timedelta, over: bool
) -> None:
    now = due_at + late_by
    ahead = now + timedelta(hours=8)
    assert too_late(now, due_at, ahead, read_lead(lead), PACIFIC) is over
    assert too_late(now, due_at, now, read_lead(lead), PACIFIC)
