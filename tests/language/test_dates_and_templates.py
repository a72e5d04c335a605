"""Days and times for each reader, and templates with nothing in them that runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.dates import clock_time, day, when
from alerts.language.languages import Language
from alerts.language.segments import Encoding, segments
from alerts.language.templates import UnbalancedBrace, UnknownPlaceholder, fill, placeholders

MOMENT = datetime(2026, 12, 6, 1, 0, tzinfo=UTC)
LA, CHICAGO = "America/Los_Angeles", "America/Chicago"


@pytest.mark.parametrize(
    ("language", "zone", "text"),
    [
        (Language.EN, LA, "Saturday, December 5, 5:00 PM"),
        (Language.EN, CHICAGO, "Saturday, December 5, 7:00 PM"),
        (Language.ES, LA, "sabado 5 de diciembre, 5:00 pm"),
        (Language.SO, CHICAGO, "Sabti, Diseembar 5, 7:00 GD"),
    ],
)
def test_when_as_each_reader_says_it(language: Language, zone: str, text: str) -> None:
    assert when(MOMENT, zone, language) == text
    assert (
        when(MOMENT, zone, language) == f"{day(MOMENT, zone, language)}, {clock_time(MOMENT, zone, language)}"
    )


@given(
    st.integers(0, 8784), st.sampled_from(list(Language)), st.sampled_from([LA, CHICAGO, "America/New_York"])
)
def test_every_hour_of_a_year_is_in_the_letters_of_its_language(
    hour: int, language: Language, zone: str
) -> None:
    text = when(MOMENT + timedelta(hours=hour), zone, language)
    if language.facts["letters"] == Encoding.GSM7:
        assert segments(text).encoding is Encoding.GSM7
    assert "\u202f" not in text
    assert "  " not in text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 3, 8, 9, 30, tzinfo=UTC), "1:30 AM"),
        (datetime(2026, 3, 8, 10, 30, tzinfo=UTC), "3:30 AM"),  # there is no 2:30 on that day
        (datetime(2026, 11, 1, 8, 30, tzinfo=UTC), "1:30 AM"),
        (datetime(2026, 11, 1, 9, 30, tzinfo=UTC), "1:30 AM"),  # and here it comes twice
    ],
)
def test_times_are_right_when_the_clocks_change(moment: datetime, text: str) -> None:
    assert clock_time(moment, LA, Language.EN) == text


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        when(datetime(2026, 12, 6, 1, 0), LA, Language.EN)


def test_placeholders_are_filled_in_each_time() -> None:
    assert fill("{a}-{b}-{a}", {"a": "1", "b": "{a}"}) == "1-{a}-1"
    assert placeholders("{a}-{b}-{a}") == ("a", "b")


@pytest.mark.parametrize("template", ["{wen}", "{When}", "{_}", "{a1}"])
def test_an_unknown_placeholder_is_named_with_those_that_are_known(template: str) -> None:
    with pytest.raises(UnknownPlaceholder) as caught:
        fill(template, {"when": "", "where": ""})
    assert "{" + caught.value.name + "}" == template
    assert "{when}, {where}" in str(caught.value)


@pytest.mark.parametrize(
    ("template", "position"),
    [
        ("50% } off", 4),
        ("{", 0),
        ("{a.b}", 0),
        ("{a!r}", 0),
        ("{0:x}", 0),
        ("{{a}}", 0),
        ("{a} {b", 4),
        ("{}", 0),
    ],
)
def test_a_brace_that_belongs_to_nothing_is_refused_by_its_place(template: str, position: int) -> None:
    with pytest.raises(UnbalancedBrace) as caught:
        fill(template, {"a": "", "b": ""})
    assert caught.value.position == position


@given(st.text(max_size=100))
def test_a_template_is_filled_or_refused_and_never_breaks(template: str) -> None:
    try:
        filled = fill(template, {"when": "now"})
    except (UnknownPlaceholder, UnbalancedBrace):
        return
    assert filled == template.replace("{when}", "now")
