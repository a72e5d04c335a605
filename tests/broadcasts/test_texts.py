"""Whether a text still says what is true when its action has another time or place."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.broadcasts.texts import Facts, compose, may_say_the_old
from alerts.broadcasts.timing import read_lead
from alerts.language.dates import names_a_day
from alerts.language.languages import Language

SATURDAY = datetime(2026, 12, 5, 10, tzinfo=ZoneInfo("America/Los_Angeles"))
THEN = Facts({"en": "Rally"}, SATURDAY, "America/Los_Angeles", "Gate 4")
NEXT_DAY = replace(THEN, starts_at=SATURDAY + timedelta(days=1))
LATER = replace(THEN, starts_at=SATURDAY + timedelta(hours=4))
NEXT_DAY_LATER = replace(THEN, starts_at=SATURDAY + timedelta(days=1, hours=4))
ELSEWHERE = replace(THEN, place="Gate 5")


@pytest.mark.parametrize(
    ("text", "now", "lead", "may"),
    [
        ("{title}: {when}, {where}", NEXT_DAY_LATER, None, False),
        ("Saturday, {time}, {where}", THEN, None, False),
        ("Saturday, {time}, {where}", LATER, None, False),
        ("Saturday, {time}, {where}", NEXT_DAY, None, True),
        ("{day} at 10", LATER, None, True),
        ("{day} at 10", NEXT_DAY, None, False),
        ("{when}, gate 4", ELSEWHERE, None, True),
        ("Strike!", ELSEWHERE, None, True),  # nobody knows whether it needs to be said
        ("Tomorrow, {time}", NEXT_DAY, None, True),
        ("Tomorrow, {time}", NEXT_DAY, "P1D", False),
        ("Tomorrow, {time}", NEXT_DAY_LATER, "P1D", False),
        ("Tomorrow, {time}", NEXT_DAY_LATER, "PT12H", True),  # it goes out on the same day now
        ("Tomorrow", LATER, "P1D", True),  # perhaps it says "in the morning"
        ("Saturday, {time}", NEXT_DAY, "P1D", True),
        ("the 5th, {time}", NEXT_DAY, "P1D", True),
    ],
)
def test_what_was_typed_does_not_follow(text: str, now: Facts, lead: str | None, may: bool) -> None:
    assert may_say_the_old({Language.EN: text}, THEN, now, read_lead(lead) if lead else None) is may
    both = {Language.ES: "{when}, {where}", Language.EN: text}
    assert may_say_the_old(both, THEN, now, read_lead(lead) if lead else None) is may


places = st.lists(st.sampled_from(["{when}", "{day}", "{time}", "{where}", "Saturday", "10"]), max_size=4)


@given(places, st.integers(0, 3), st.integers(0, 3), st.booleans())
def test_what_follows_reads_otherwise_than_before(
    words: list[str], days: int, hours: int, elsewhere: bool
) -> None:
    moved = SATURDAY + timedelta(days=days, hours=hours)
    now = replace(THEN, starts_at=moved, place="Gate 5" if elsewhere else "Gate 4")
    texts = {Language.EN: " ".join(words)}
    if now != THEN and not may_say_the_old(texts, THEN, now):
        assert compose(texts, THEN, "") != compose(texts, now, "")
    assert not may_say_the_old(texts, THEN, THEN)


@pytest.mark.parametrize("kept", [THEN, NEXT_DAY_LATER])
def test_what_is_kept_is_what_it_was(kept: Facts) -> None:
    assert Facts.of_kept(kept.kept()) == kept


@pytest.mark.parametrize(
    ("text", "language", "names"),
    [
        ("Saturday", "en", True),
        ("see you SAT", "en", True),
        ("satisfied", "en", False),
        ("Tomorrow, {time}", "en", False),
        ("gate 4", "en", True),
        ("el sabado", "es", True),
        ("el sábado", "es", True),
        ("Mañana, {time}: {title}, {where}", "es", False),
        ("Sabti", "so", True),
        ("Berri, {time}: {title}, {where}", "so", False),
        ("Diseembar", "so", True),
    ],
)
def test_a_day_that_is_named_is_found(text: str, language: str, names: bool) -> None:
    assert names_a_day(text, Language(language)) is names
