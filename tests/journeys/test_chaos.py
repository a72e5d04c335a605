"""A short run of ``make chaos``: the same code, with fewer people."""

from __future__ import annotations

from tests.chaos.plan import Plan
from tests.chaos.run import play

SHORT = Plan(
    people=600,
    seed=1,
    kills=4,
    flushes=1,
    valkey_restarts=0,
    postgres_restarts=1,
    leave_before=6,
    leave_during=12,
    callback_delay=3.0,
    until=0.4,  # so that all of it meets the first round of claims
)


def test_everything_breaks_and_everyone_gets_exactly_one_text() -> None:
    figures = play(SHORT, print)
    assert figures["people with more than one text"] == figures["others without a text"] == 0
    assert figures["texts taken"] + figures["left during the send, without a text"] == 600 - 6
