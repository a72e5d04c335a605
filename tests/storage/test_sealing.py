"""Sealed values open only with their key, in their column, unchanged."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.settings import parse_sealing_keys
from alerts.storage.sealing import SealBroken, Sealer

OLD, NEW = b"o" * 32, b"n" * 32
TEXT = st.text(max_size=200)


@given(TEXT)
def test_what_is_sealed_opens_again(text: str) -> None:
    sealer = Sealer({1: OLD})
    assert sealer.open_findable("a.b", sealer.seal_findable("a.b", text)) == text
    assert sealer.open_private("a.b", sealer.seal_private("a.b", text)) == text


def test_a_findable_value_is_always_the_same_and_a_private_one_never() -> None:
    sealer = Sealer({1: OLD})
    assert sealer.seal_findable("a.b", "+19095550101") == sealer.seal_findable("a.b", "+19095550101")
    assert sealer.seal_private("a.b", "hola") != sealer.seal_private("a.b", "hola")


def test_a_sealed_value_shows_nothing_of_the_text() -> None:
    sealer = Sealer({1: OLD})
    for sealed in (sealer.seal_findable("a.b", "+19095550101"), sealer.seal_private("a.b", "+19095550101")):
        assert b"9095550101" not in sealed


def test_a_value_that_was_moved_to_another_column_does_not_open() -> None:
    sealer = Sealer({1: OLD})
    with pytest.raises(SealBroken):
        sealer.open_findable("c.d", sealer.seal_findable("a.b", "x"))
    with pytest.raises(SealBroken):
        sealer.open_private("c.d", sealer.seal_private("a.b", "x"))


@pytest.mark.parametrize("place", [0, 1, -1])
def test_a_changed_value_does_not_open(place: int) -> None:
    sealer = Sealer({1: OLD})
    for seal, unseal in (
        (sealer.seal_findable, sealer.open_findable),
        (sealer.seal_private, sealer.open_private),
    ):
        sealed = bytearray(seal("a.b", "hola"))
        sealed[place] ^= 1
        with pytest.raises(SealBroken):
            unseal("a.b", bytes(sealed))


@pytest.mark.parametrize("rubbish", [b"", b"\x01", b"\x01short"])
def test_rubbish_does_not_open(rubbish: bytes) -> None:
    for unseal in (Sealer({1: OLD}).open_findable, Sealer({1: OLD}).open_private):
        with pytest.raises(SealBroken):
            unseal("a.b", rubbish)


def test_while_keys_are_changed_the_newest_seals_and_each_opens_and_finds() -> None:
    before, during = Sealer({1: OLD}), Sealer({2: NEW, 1: OLD})
    old_form = before.seal_findable("a.b", "+19095550101")
    assert during.open_findable("a.b", old_form) == "+19095550101"
    assert during.seal_findable("a.b", "+19095550101") != old_form
    assert old_form in during.findable_forms("a.b", "+19095550101")
    assert during.seal_findable("a.b", "+19095550101") in during.findable_forms("a.b", "+19095550101")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "not base64|number"),
        ("1:short", "not base64|octets"),
        ("0:b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=", "number from 1 to 255"),
        ("x:b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=", "number from 1 to 255"),
        ("1:b29v", "has 3 octets"),
        (
            "1:b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=,1:b29vb29vb29vb29vb29vb29vb29vb29vb29vb29vb28=",
            "used twice",
        ),
    ],
)
def test_bad_keys_are_refused_by_place_and_never_repeated(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as caught:
        parse_sealing_keys(text)
    assert not text or text.rpartition(":")[2] not in str(caught.value)
