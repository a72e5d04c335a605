"""What people write as a phone number, and what we make of it."""

from __future__ import annotations

import pytest

from alerts.errors import DomainError
from alerts.subscribers.phones import BadPhoneNumber, NotMobile, mask, parse_phone


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+19095550101", "+19095550101"),
        ("(909) 555-0101", "+19095550101"),
        ("909.555.0101", "+19095550101"),
        (" 1 909 555 0101 ", "+19095550101"),
        ("+1 (952) 555 0102", "+19525550102"),
    ],
)
def test_numbers_as_people_write_them(text: str, number: str) -> None:
    assert parse_phone(text, "US") == number


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", BadPhoneNumber),
        ("hola", BadPhoneNumber),
        ("911", BadPhoneNumber),
        ("909555010", BadPhoneNumber),
        ("+1 909 555 0101 ext. 5", BadPhoneNumber),
        ("+999 123456", BadPhoneNumber),
        ("+1 800 555 0199", NotMobile),  # toll-free
        ("+44 20 7946 0000", NotMobile),  # a London landline
    ],
)
def test_what_is_no_mobile_number_is_refused_by_field_and_not_repeated(
    text: str, error: type[DomainError]
) -> None:
    with pytest.raises(error) as caught:
        parse_phone(text, "US")
    assert caught.value.field == "phone"
    assert not text or text not in str(caught.value)


def test_a_masked_number_shows_two_digits() -> None:
    assert mask("+19095550101") == "•••01"
