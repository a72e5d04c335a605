"""Loops and floods: when the machine falls silent, and when it speaks again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from alerts.conversations.talk import MOST_IN_A_BURST, MOST_REPEATS, MUTE, Menu, Talk, heard, said
from alerts.understanding.intents import Answer

NOW = datetime(2026, 12, 1, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def texts(talk: Talk, count: int, at: datetime, answer: str = "the same") -> tuple[Talk, list[bool]]:
    """So many texts, a second apart: whether each was answered."""
    answered = []
    for number in range(count):
        found = heard(talk, at + number * SECOND)
        talk = found.talk
        given = False
        if not found.muted and not found.flooded:
            talk, given = said(talk, answer, at + number * SECOND)
        answered.append(given)
    return talk, answered


def test_the_same_answer_is_given_a_few_times_and_then_no_more() -> None:
    _, answered = texts(Talk(), MOST_REPEATS + 2, NOW)
    assert answered == [True] * MOST_REPEATS + [False, False]


def test_another_answer_in_between_is_no_loop() -> None:
    talk = Talk()
    for number in range(2 * MOST_REPEATS):
        talk, [answered] = texts(talk, 1, NOW + number * SECOND, answer=f"answer {number % 2}")
        assert answered


def test_after_a_pause_the_same_answer_is_given_again() -> None:
    talk, _ = texts(Talk(), MOST_REPEATS + 1, NOW)
    _, answered = texts(talk, 1, NOW + timedelta(minutes=30))
    assert answered == [True]


def test_a_flood_is_told_once_and_muted_until_it_has_been_quiet_for_an_hour() -> None:
    talk = Talk()
    for number in range(MOST_IN_A_BURST):
        found = heard(talk, NOW + number * SECOND)
        assert (found.flooded, found.muted) == (False, False)
        talk = found.talk
    flood = heard(talk, NOW + 60 * SECOND)
    assert flood.flooded
    later = heard(flood.talk, NOW + timedelta(minutes=50))
    assert later.muted
    assert not later.flooded
    assert heard(later.talk, NOW + timedelta(minutes=70)).muted  # it went on: the hour begins anew
    quiet = heard(later.talk, NOW + timedelta(minutes=50) + MUTE)
    assert (quiet.flooded, quiet.muted) == (False, False)


def test_texts_over_a_long_time_are_no_flood() -> None:
    talk = Talk()
    for number in range(5 * MOST_IN_A_BURST):
        found = heard(talk, NOW + number * timedelta(minutes=1))
        assert (found.flooded, found.muted) == (False, False)
        talk = found.talk


def test_a_menu_is_the_same_after_the_database_and_ends_after_a_day() -> None:
    menu = Menu("which", NOW, (3, 1), Answer.YES, 2)
    assert Menu.from_json(menu.as_json()) == menu
    talk = replace(Talk(), menu=menu)
    assert talk.open_menu(NOW + timedelta(hours=23)) == menu
    assert talk.open_menu(NOW + timedelta(hours=25)) is None
