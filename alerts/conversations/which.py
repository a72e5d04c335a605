"""Pure: which of several actions an answer is for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.broadcasts.questions import Asked
from alerts.understanding.intents import Answer

# The newest question is meant if the one before it was put so much earlier ...
APART = timedelta(hours=12)
# ... and for so long after an answer another one corrects it.
SECOND_THOUGHT = timedelta(hours=1)


def meant(questions: Sequence[Asked], named: Sequence[int], answer: Answer, now: datetime) -> tuple[int, ...]:
    """The actions that an answer is for; none where a careful human would ask.

    ``questions`` come newest first, ``named`` are those that the text itself names.
    """
    if named:
        return tuple(named)
    newest = questions[0]
    if len(questions) == 1:
        return (newest.action_id,)
    just_now = [
        one
        for one in questions
        if one.answered_at and one.answered_at > newest.asked_at and now - one.answered_at < SECOND_THOUGHT
    ]
    if newest.answer is None:
        silent = [one for one in questions if one.answer is None]
        clear = len(silent) == 1 or newest.asked_at - silent[1].asked_at > APART
        corrects = any(one.answer != answer for one in just_now)
        return (newest.action_id,) if clear and not corrects else ()
    if len(just_now) == 1:
        return (just_now[0].action_id,)
    return (newest.action_id,) if newest.asked_at - questions[1].asked_at > APART else ()
