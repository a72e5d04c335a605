"""Message parts, as the carriers count them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.segments import GSM7, BodyTooLong, Encoding, composed, costly, in_gsm7, segments

GSM, UCS = Encoding.GSM7, Encoding.UCS2
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", GSM, 0, 1),
        ("x" * 160, GSM, 160, 1),
        ("x" * 161, GSM, 161, 2),
        ("x" * 306, GSM, 306, 2),
        ("x" * 307, GSM, 307, 3),
        ("€" * 80, GSM, 160, 1),
        ("€" * 81, GSM, 162, 2),
        ("x" * 152 + "€" + "x" * 8, GSM, 162, 2),  # the pair does not fit the first part of 153
        ("x" * 152 + "€" * 77, GSM, 306, 3),  # 306 units, but the gap makes it a part more
        ("á" * 70, UCS, 70, 1),
        ("á" * 71, UCS, 71, 2),
        ("á" * 134, UCS, 134, 2),
        ("á" * 135, UCS, 135, 3),
        ("👍" * 35, UCS, 70, 1),
        ("👍" * 36, UCS, 72, 2),
        ("a" * 66 + "👍" * 34, UCS, 134, 3),  # a surrogate pair is never cut in two
        ("mañana ¿qué? ¡Ñü", GSM, 16, 1),
        ("sí", UCS, 2, 1),
        ("it's", GSM, 4, 1),
        ("it’s", UCS, 4, 1),  # noqa: RUF001 - what it is about
        ("5:00\u202fPM", UCS, 7, 1),
    ],
)
def test_parts(text: str, encoding: Encoding, units: int, parts: int) -> None:
    found = segments(text)
    assert (found.encoding, found.units, found.parts) == (encoding, units, parts)


@pytest.mark.parametrize(("text", "length"), [("x" * 1601, 1601), ("👍" * 801, 1602), ("á" * 1601, 1601)])
def test_over_1600_units_is_refused_with_the_count(text: str, length: int) -> None:
    with pytest.raises(BodyTooLong) as caught:
        segments(text)
    assert (caught.value.length, caught.value.limit) == (length, 1600)
    assert segments(text[: 1600 // (length // len(text))]).parts >= 11


@given(TEXT)
def test_a_text_is_gsm_7_exactly_when_no_character_is_costly(text: str) -> None:
    assert (segments(text).encoding is GSM) == (costly(text) == ())


@given(TEXT, TEXT)
def test_more_text_never_takes_fewer_parts(text: str, more: str) -> None:
    assert segments(text + more).parts >= segments(text).parts


@given(TEXT)
def test_a_cheaper_spelling_is_in_the_alphabet_and_never_dearer(text: str) -> None:
    cheaper = in_gsm7(text)
    assert segments(cheaper).encoding is GSM
    assert segments(cheaper).parts <= max(1, segments(text).parts * 3)
    assert all(set(one.cheaper) <= GSM7 for one in costly(text) if one.cheaper)


@pytest.mark.parametrize(
    ("dear", "plain"),
    [
        ("Hẹn gặp ở cổng số 3", "Hen gap o cong so 3"),
        ("Đình công thứ Bảy", "Dình cong thu Bay"),  # ì is a letter of GSM-7
        ("người, ưu, ơ, ỹ", "nguoi, uu, o, y"),
        ("niño, señor, é", "niño, señor, é"),
        ("acción — ¿sí?", "accion - ¿si?"),
        ("nga\u0303", "nga"),  # ngã, its mark typed apart
        ("行こう", ""),
    ],
)
def test_letters_with_marks_have_a_cheaper_spelling_without_them(dear: str, plain: str) -> None:
    assert in_gsm7(dear) == plain


def test_a_letter_and_its_marks_are_one_character_on_the_air() -> None:
    apart = unicodedata.normalize("NFD", "Đình công, người ở cổng số ba")
    assert composed(apart) == "Đình công, người ở cổng số ba"
    assert segments(composed(apart)).units == 29 < segments(apart).units


def test_costly_characters_are_named_where_they_stand() -> None:
    [accent, quote] = costly("acción “")
    assert (accent.character, accent.position, accent.cheaper) == ("ó", 4, "o")
    assert accent.name == "LATIN SMALL LETTER O WITH ACUTE"
    assert (quote.position, quote.cheaper) == (7, '"')


def test_the_alphabet_has_as_many_characters_as_the_standard() -> None:
    # TS 23.038, 6.2.1: 128 codes less the escape; ten in the extension, the page break among them.
    assert len(GSM7) == 127 + 10
