"""Pure: one form for all the ways in which a phone writes the same words."""

from __future__ import annotations

import unicodedata

# What a picture says. Skin tones and variation selectors say nothing.
PICTURES = {
    "👍": "yes", "👌": "yes", "✅": "yes", "✔": "yes", "☑": "yes", "🙋": "yes", "💯": "yes", "🆗": "yes",
    "+": "plus", "👎": "no", "❌": "no", "✖": "no", "🚫": "no", "🙅": "no", "🤷": "maybe", "🛑": "stop",
}  # fmt: skip

# The glottal stop of Somali, which phones write in many ways, and the apostrophe of "can't": gone.
APOSTROPHES = frozenset("'’‘ʼʻˈʾʿ`´′ʹ＇‛")  # noqa: RUF001 - these are what it is about

# A letter that has no parts to be taken into, and is typed without its stroke.
STROKES = {"đ": "d", "ø": "o", "ł": "l"}

# Accents, enclosing marks, hidden letters such as the zero-width space, controls: none parts a word.
NOTHING = frozenset({"Mn", "Me", "Cf", "Cc"})
MOST_REMEMBERED = 4096  # characters; nobody can fill the memory by sending every one there is


class _Folded(dict[int, str]):
    """What becomes of each character, worked out when it is first seen."""

    def __missing__(self, code: int) -> str:
        folded = _fold(chr(code))
        if len(self) < MOST_REMEMBERED:
            self[code] = folded
        return folded


def normalise(text: str) -> str:
    """Small letters, digits and single spaces: without accents, punctuation, pictures, hidden letters.

    Two texts that a reader takes for the same words have the same form; it is the key of join words.
    """
    return " ".join(text.translate(FOLDED).split())


def compact(normalised: str) -> str:
    """The same without spaces, for ``KUBIIR`` and ``S T O P``."""
    return normalised.replace(" ", "")


def _fold(character: str) -> str:
    if character in PICTURES:
        return f" {PICTURES[character]} "
    if character in APOSTROPHES:
        return ""
    if character.isspace():
        return " "
    return "".join(map(_fold_plain, unicodedata.normalize("NFKD", _small(character))))


def _small(character: str) -> str:
    """Without case, taken apart. Twice, as a letter taken apart can have a case again."""
    once = unicodedata.normalize("NFKD", character).casefold()
    return unicodedata.normalize("NFKD", once).casefold()


def _fold_plain(character: str) -> str:
    if character in APOSTROPHES or unicodedata.category(character) in NOTHING:
        return ""
    if unicodedata.category(character) == "Nd":
        return str(unicodedata.decimal(character))
    return STROKES.get(character, character) if character.isalnum() else " "


FOLDED = _Folded()
