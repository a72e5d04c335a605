"""The table of moves, read from outside: what the carrier says late never undoes what it said last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.broadcasts.callbacks import Callback, _rows
from alerts.broadcasts.states import CARRIER_STATUS, MOVES, OPEN, DeliveryState, may_move

S = DeliveryState
FINAL = (S.DELIVERED, S.UNDELIVERED, S.FAILED, S.SKIPPED, S.CANCELLED)

CARRIER_STATES = st.sampled_from([S.ACCEPTED, S.SENT, S.DELIVERED, S.UNDELIVERED, S.FAILED])


def test_every_state_stands_in_the_table() -> None:
    assert set(MOVES) == set(DeliveryState)


@pytest.mark.parametrize("state", FINAL)
def test_nothing_leaves_a_final_state(state: DeliveryState) -> None:
    assert MOVES[state] == ()


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        (S.WAITING, S.SENDING, True),
        (S.WAITING, S.DELIVERED, True),  # a callback proves that the carrier has it
        (S.SENDING, S.WAITING, True),  # the carrier surely did not take it
        (S.SENDING, S.UNKNOWN, True),
        (S.UNKNOWN, S.SENT, True),
        (S.ACCEPTED, S.DELIVERED, True),
        (S.ACCEPTED, S.WAITING, False),  # that would be a second text
        (S.ACCEPTED, S.UNKNOWN, False),
        (S.ACCEPTED, S.SENDING, False),
        (S.SENT, S.ACCEPTED, False),
        (S.SENT, S.WAITING, False),
        (S.DELIVERED, S.SENT, False),
        (S.DELIVERED, S.FAILED, False),
        (S.CANCELLED, S.WAITING, False),
    ],
)
def test_moves(old: DeliveryState, new: DeliveryState, allowed: bool) -> None:
    assert may_move(old, new) is allowed


def test_what_the_carrier_took_never_waits_again() -> None:
    for state in (S.ACCEPTED, S.SENT, *FINAL):
        assert not set(MOVES[state]) & set(OPEN)


@given(st.lists(CARRIER_STATES, max_size=12))
def test_in_whatever_order_callbacks_come_a_state_never_moves_backward(states: list[DeliveryState]) -> None:
    rank = {S.SENDING: 0, S.ACCEPTED: 1, S.SENT: 2, S.DELIVERED: 3, S.UNDELIVERED: 3, S.FAILED: 3}
    now = S.SENDING
    for state in states:
        then, now = now, state if may_move(now, state) else now
        assert rank[now] >= rank[then]


@given(st.lists(CARRIER_STATES, min_size=1, max_size=12))
def test_of_several_callbacks_in_a_group_the_furthest_counts(states: list[DeliveryState]) -> None:
    one_by_one = S.SENDING
    for state in states:
        one_by_one = state if may_move(one_by_one, state) else one_by_one
    [kept] = _rows([Callback(1, "SM1", state, None) for state in states])
    assert kept["state"] == one_by_one


def test_every_word_of_twilio_for_an_outbound_text_has_a_state() -> None:
    words = "accepted scheduled queued sending sent delivered read undelivered failed canceled"
    assert set(CARRIER_STATUS) == set(words.split())
