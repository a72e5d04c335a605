"""Pure: one form for all the ways in which a phone writes the same words."""

from __future__ import annotations

import re
import unicodedata

# What a picture says. Skin tones and variation selectors are dropped before.
PICTURES = {
    "👍": " yes ", "👌": " yes ", "✅": " yes ", "✔": " yes ", "☑": " yes ", "🙋": " yes ", "💯": " yes ",
    "👎": " no ", "❌": " no ", "✖": " no ", "🚫": " no ", "🛑": " stop ",
}  # fmt: skip
PICTURE = re.compile("|".join(PICTURES))

# The glottal stop of Somali, which phones write in many ways, and the apostrophe of "can't": gone.
APOSTROPHES = dict.fromkeys(map(ord, "'’‘ʼʻ`´′ʹ＇"))  # noqa: RUF001 - these are what it is about
NOT_A_WORD = re.compile(r"[\W_]+")
PLAIN = re.compile(r"[a-z0-9 ]*")


def normalise(text: str) -> str:
    """Small letters, digits and single spaces: without accents, punctuation, pictures, hidden letters."""
    lowered = text.casefold().strip()
    if PLAIN.fullmatch(lowered):
        return " ".join(lowered.split())
    shown = PICTURE.sub(lambda match: PICTURES[match[0]], lowered).translate(APOSTROPHES)
    taken_apart = unicodedata.normalize("NFKD", shown).translate(APOSTROPHES).casefold()
    # Mn are accents, Cf hidden letters, such as the zero-width space: neither parts a word.
    letters = (
        letter
        for letter in taken_apart
        if unicodedata.category(letter) not in ("Mn", "Cf", "Cc") or letter in "\n\t\r"
    )
    return NOT_A_WORD.sub(" ", "".join(letters)).strip()


def compact(normalised: str) -> str:
    """The same without spaces, for ``KUBIIR`` and ``S T O P``."""
    return normalised.replace(" ", "")
