"""Every answer costs what this table says, in letters that do not make it dear."""

from __future__ import annotations

import pytest

from alerts.conversations import answers
from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.language.segments import Encoding, costly, segments
from alerts.understanding.intents import Answer
from tests.story import lobby_action

ORGANIZATION = "Warehouse Workers Center"
LIST = "Inland Empire"
MOMENT = "2026-12-05T17:00:00-08:00"


def every_answer(language: Language) -> dict[str, str]:
    from datetime import datetime

    moment = when(datetime.fromisoformat(MOMENT), "America/Los_Angeles", language)
    title = lobby_action()["title"][language]
    return {
        "joined": answers.joined(language, ORGANIZATION, LIST),
        "already joined": answers.already_joined(language, LIST),
        "left": answers.left(language, ORGANIZATION),
        "welcome back": answers.welcome_back(language, ORGANIZATION),
        "help": answers.help(language, ORGANIZATION),
        "language changed": answers.language_changed(language),
        "a person will read": answers.a_person_will_read(language),
        "unknown number": answers.unknown_number(language, ORGANIZATION, "KU BIIR"),
        "unknown number, no list": answers.unknown_number(language, ORGANIZATION, None),
        "yes": answers.rsvp(language, Answer.YES, title, moment, 0),
        "yes with guests": answers.rsvp(language, Answer.YES, title, moment, 12),
        "no": answers.rsvp(language, Answer.NO, title, moment, 0),
        "maybe": answers.rsvp(language, Answer.MAYBE, title, moment, 0),
    }


@pytest.mark.parametrize("language", list(Language))
def test_every_answer_is_one_part_of_gsm_7(language: Language) -> None:
    for name, text in every_answer(language).items():
        assert costly(text) == (), name
        found = segments(text)
        assert (found.encoding, found.parts) == (Encoding.GSM7, 1), (name, found.units)


@pytest.mark.parametrize("language", list(Language))
def test_what_a_carrier_asks_for_is_named(language: Language) -> None:
    said = every_answer(language)
    for name in ("joined", "help"):
        assert ORGANIZATION in said[name]
        assert "STOP" in said[name]
    assert "HELP" in said["joined"]
    assert LIST in said["joined"]
    assert ORGANIZATION in said["left"]
    assert "START" in said["left"]
