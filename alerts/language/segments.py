"""Pure: what a text takes on the air, and which of its characters make it dear.

Source: 3GPP TS 23.038, 6.2.1 (the GSM-7 alphabet and its extension); TS 23.040, 9.2.3.24.1 (the
header of 6 octets that joins the parts of a long text).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from alerts.errors import DomainError

GSM7_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = frozenset("^{}\\[~]|€\f")  # two septets each
GSM7 = GSM7_BASIC | GSM7_EXTENDED

MOST_UNITS = 1600  # UTF-16 units in a body; Twilio's error 21617

# A cheaper spelling that a reader takes for the same, where it is not the letter without its marks.
_CHEAPER: dict[str, str] = {
    "\u00a0": " ",  # no-break space
    "\u202f": " ",  # narrow no-break space: CLDR puts it before AM and PM
    "\u2009": " ",  # thin space
    "\u200b": "",  # zero-width space
    "\ufeff": "",  # byte order mark
    "\t": " ",
    "‘": "'",  # noqa: RUF001 - these are what the table is about
    "’": "'",  # noqa: RUF001
    "ʼ": "'",  # noqa: RUF001
    "`": "'",
    "´": "'",  # noqa: RUF001
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "–": "-",  # noqa: RUF001
    "—": "-",
    "…": "...",
    "•": "-",
    "đ": "d",
    "Đ": "D",
    "ª": "a",
    "º": "o",
}


class Encoding(StrEnum):
    """How a text is written on the air."""

    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


# (units in a text that fits one part, units in each part of a longer one)
CAPACITY = {Encoding.GSM7: (160, 153), Encoding.UCS2: (70, 67)}


class BodyTooLong(DomainError):
    """A text that Twilio refuses."""

    code = "body_too_long"

    def __init__(self, length: int, limit: int = MOST_UNITS) -> None:
        self.length, self.limit = length, limit
        super().__init__(f"The text has {length} characters; {limit} is the most.")


@dataclass(frozen=True, slots=True)
class Segments:
    """``units`` are septets in GSM-7 and UTF-16 units in UCS-2; ``parts`` are what is paid for."""

    encoding: Encoding
    units: int
    parts: int


@dataclass(frozen=True, slots=True)
class CostlyCharacter:
    """A character that puts the whole text in UCS-2; ``cheaper`` is a spelling in GSM-7, if there is one."""

    character: str
    name: str
    position: int
    cheaper: str | None


def segments(text: str) -> Segments:
    """What ``text`` takes on the air. Raises BodyTooLong over 1,600 UTF-16 units."""
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > MOST_UNITS:
        raise BodyTooLong(length)
    used = set(text)
    if used <= GSM7_BASIC:
        return _fill(Encoding.GSM7, len(text), None)
    if used <= GSM7:
        return _fill(Encoding.GSM7, len(text) + sum(character in GSM7_EXTENDED for character in text), text)
    return _fill(Encoding.UCS2, length, text if length > len(text) else None)


def costly(text: str) -> tuple[CostlyCharacter, ...]:
    """The characters of ``text`` that put it in UCS-2, in their order."""
    return tuple(
        CostlyCharacter(character, unicodedata.name(character, "unnamed"), position, cheaper(character))
        for position, character in enumerate(text)
        if character not in GSM7
    )


@cache
def cheaper(character: str) -> str | None:
    """A spelling of ``character`` in GSM-7 that reads as the same. Offered, never taken in silence."""
    if character in _CHEAPER:
        return _CHEAPER[character]
    if unicodedata.combining(character):
        return ""
    base = unicodedata.normalize("NFD", character)[0]
    return base if character not in GSM7 and base in GSM7 else None


def composed(text: str) -> str:
    """``text`` with one character for a letter and its marks: as it looks, in half the units."""
    return unicodedata.normalize("NFC", text)


def in_gsm7(text: str) -> str:
    """``text`` with the cheaper spellings; a character that has none is left out."""
    return "".join(one if one in GSM7 else cheaper(one) or "" for one in text)


def _fill(encoding: Encoding, units: int, doubles: str | None) -> Segments:
    """Parts for ``units``. ``doubles`` is the text where some characters take two units."""
    single, each = CAPACITY[encoding]
    if units <= single:
        return Segments(encoding, units, 1)
    if doubles is None:
        return Segments(encoding, units, -(-units // each))
    return Segments(encoding, units, _parts_of_doubles(encoding, doubles, each))


def _parts_of_doubles(encoding: Encoding, text: str, each: int) -> int:
    """A character of two units is never cut in two: it moves to the next part and leaves a gap."""
    parts, room = 1, each
    for character in text:
        double = character in GSM7_EXTENDED if encoding is Encoding.GSM7 else character > "\uffff"
        width = 2 if double else 1
        if width > room:
            parts, room = parts + 1, each
        room -= width
    return parts
