"""Answers of many workers at once, written in one statement."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from alerts.language.languages import Language
from alerts.understanding.intents import Answer


@dataclass(frozen=True, slots=True)
class Given:
    """What a subscriber answered to an action, in the language that they read then."""

    action_id: int
    subscriber_id: int
    answer: Answer
    guests: int
    language: Language


WRITE_ANSWERS: LiteralString = """
    INSERT INTO rsvps (action_id, subscriber_id, answer, guests, language, lists)
    SELECT o.*, (SELECT s.lists FROM subscribers s WHERE s.id = o.subscriber_id)
    FROM json_to_recordset(%(answers)s::json)
        AS o(action_id bigint, subscriber_id bigint, answer text, guests integer, language text)
    ON CONFLICT (action_id, subscriber_id) DO UPDATE
    SET answer = excluded.answer, guests = excluded.guests, language = excluded.language,
        lists = excluded.lists, answered_at = now()
"""
"""Writes down, or changes, what ``answers_as_json`` holds. To be part of a statement that writes more."""


def answers_as_json(given: Iterable[Given]) -> str:
    """What people answered, at most one answer of a person to an action, for WRITE_ANSWERS."""
    return json.dumps(
        [
            {
                "action_id": one.action_id,
                "subscriber_id": one.subscriber_id,
                "answer": one.answer,
                "guests": one.guests,
                "language": one.language,
            }
            for one in given
        ]
    )
