"""Every answer costs what this table says, in letters that do not make it dear."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.actions.models import ActionKind
from alerts.broadcasts.questions import Asked
from alerts.conversations import answers
from alerts.language.languages import Language
from alerts.language.segments import Encoding, costly, segments
from alerts.understanding.intents import Answer
from tests.story import lobby_action

ORGANIZATION = "Warehouse Workers Center"
CONTACT = "Marisol 909 555 0100"
LIST = "Inland Empire"
TITLES = lobby_action()["title"]


def asked(number: int, title: str, day: int) -> Asked:
    """An action of the story."""
    starts = datetime(2026, 12, day, 17, tzinfo=ZoneInfo("America/Los_Angeles"))
    title_everywhere = {str(language): title for language in Language}
    return Asked(number, ActionKind.RALLY, title_everywhere, starts, "America/Los_Angeles", starts)


def every_answer(language: Language) -> dict[str, str]:
    one = asked(1, TITLES.get(language, TITLES["en"]), 5)
    two = [one, asked(2, {"es": "Mitin", "so": "Isu soo bax"}.get(language, "Rally for breaks"), 8)]
    return {
        "joined": answers.joined(language, ORGANIZATION, LIST),
        "already joined": answers.already_joined(language, LIST),
        "confirm joining": answers.confirm_joining(language, ORGANIZATION, LIST),
        "left": answers.left(language, ORGANIZATION),
        "confirm forgetting": answers.confirm_forgetting(language, ORGANIZATION),
        "forgotten": answers.forgotten(language, ORGANIZATION),
        "doubt": answers.doubt(language),
        "flooded": answers.flooded(language),
        "welcome back": answers.welcome_back(language, ORGANIZATION),
        "help": answers.help(language, ORGANIZATION, ""),
        "help with a contact": answers.help(language, ORGANIZATION, CONTACT),
        "language changed": answers.language_changed(language),
        "a person will read": answers.a_person_will_read(language),
        "unknown number": answers.unknown_number(language, ORGANIZATION, "KU BIIR"),
        "unknown number, no list": answers.unknown_number(language, ORGANIZATION, None),
        "yes": answers.rsvp(language, Answer.YES, 0, [one]),
        "yes with guests": answers.rsvp(language, Answer.YES, 12, [one]),
        "no": answers.rsvp(language, Answer.NO, 0, [one]),
        "maybe": answers.rsvp(language, Answer.MAYBE, 0, [one]),
        "yes to two": answers.rsvp(language, Answer.YES, 0, two),
        "no to two": answers.rsvp(language, Answer.NO, 0, two),
        "maybe to two": answers.rsvp(language, Answer.MAYBE, 0, two),
        "which one": answers.which_one(language, [*two, asked(3, two[1].title[language], 9)]),
    }


@pytest.mark.parametrize("language", list(Language))
def test_every_answer_is_as_short_as_its_language_allows(language: Language) -> None:
    """One part of GSM-7 in the three that we speak; ``language.toml`` says it of each."""
    for name, text in every_answer(language).items():
        found = segments(text)
        assert found.parts <= language.facts["answer_parts"], (name, found.units)
        if language.facts["letters"] == Encoding.GSM7:
            assert costly(text) == (), name


@pytest.mark.parametrize("language", [Language.EN, Language.ES, Language.SO])
def test_the_three_are_written_in_one_part_of_gsm_7(language: Language) -> None:
    assert (language.facts["letters"], language.facts["answer_parts"]) == (Encoding.GSM7, 1)


@pytest.mark.parametrize("language", list(Language))
def test_what_a_carrier_asks_for_is_named(language: Language) -> None:
    said = every_answer(language)
    for name in ("joined", "confirm joining", "help", "help with a contact"):
        assert ORGANIZATION in said[name]
        assert "STOP" in said[name]
    assert "HELP" in said["joined"]
    assert "HELP" in said["confirm joining"]
    assert CONTACT in said["help with a contact"]
    assert LIST in said["joined"]
    assert ORGANIZATION in said["left"]
    assert "START" in said["left"]
