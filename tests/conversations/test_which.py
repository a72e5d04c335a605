"""Which of several actions an answer is for: the table of what is clear, and what has to be asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.actions.models import ActionKind
from alerts.broadcasts.questions import Asked
from alerts.conversations.which import meant
from alerts.understanding.intents import Answer

NOW = datetime(2026, 12, 1, 18, tzinfo=UTC)
YES, NO = Answer.YES, Answer.NO


def asked(
    action: int, minutes_ago: float, answer: Answer | None = None, answered_ago: float | None = None
) -> Asked:
    answered = None if answered_ago is None else NOW - timedelta(minutes=answered_ago)
    return Asked(
        action,
        ActionKind.RALLY,
        {"en": "Rally"},
        NOW + timedelta(days=2),
        "UTC",
        NOW - timedelta(minutes=minutes_ago),
        answer,
        answered,
    )


DAY = 24 * 60.0


@pytest.mark.parametrize(
    ("questions", "named", "answer", "actions"),
    [
        # One question
        ([asked(1, 5)], (), YES, (1,)),
        ([asked(1, 5 * DAY, YES, 4 * DAY)], (), NO, (1,)),
        # The text says which
        ([asked(2, 5), asked(1, 6)], (1,), YES, (1,)),
        ([asked(2, 5), asked(1, 6)], (1, 2), YES, (1, 2)),
        # Two without an answer: the newest only where the other was put long before
        ([asked(2, 5), asked(1, 60)], (), YES, ()),
        ([asked(2, 5), asked(1, 2 * DAY)], (), YES, (2,)),
        # The other is answered
        ([asked(2, 5), asked(1, 60, YES, 50)], (), NO, (2,)),
        ([asked(2, 5), asked(1, 2 * DAY, YES, DAY)], (), YES, (2,)),
        # ... a moment ago, after both were asked, and now the contrary comes: which of the two?
        ([asked(2, 50), asked(1, 60, YES, 3)], (), NO, ()),
        # ... and now the same again: for the one without an answer
        ([asked(2, 50), asked(1, 60, YES, 3)], (), YES, (2,)),
        # A second thought about what was answered just now
        ([asked(2, 50, YES, 3), asked(1, 60)], (), NO, (2,)),
        ([asked(2, 50, YES, 3), asked(1, 60, YES, 300)], (), NO, (2,)),
        ([asked(2, 300, YES, 200), asked(1, 400, NO, 20)], (), YES, (1,)),
        # Both answered, days apart: the newest; both just now: who knows
        ([asked(2, DAY, YES, DAY), asked(1, 4 * DAY, YES, 3 * DAY)], (), NO, (2,)),
        ([asked(2, 50, YES, 3), asked(1, 60, YES, 4)], (), NO, ()),
        ([asked(2, DAY, YES, 700), asked(1, DAY + 9, YES, 800)], (), NO, ()),
    ],
)
def test_an_answer_is_for_the_action_that_a_careful_human_would_take(
    questions: list[Asked], named: tuple[int, ...], answer: Answer, actions: tuple[int, ...]
) -> None:
    assert meant(questions, named, answer, NOW) == actions
