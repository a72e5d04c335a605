"""Pure: the word of the tables that somebody meant, however it is spelled at five in the morning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from alerts.understanding.slips import Slips
from alerts.understanding.words import helpers, shorthand, vocabulary

REMEMBERED = 8192
SHORTEST_SOUND = 4  # letters of a word that is known by its sound
SHORTEST_RUN = 7  # letters of words that were written without spaces
LONGEST_RUN = 40
MOST_IN_A_RUN = 6
SHORTEST_PIECE = 2
_DOUBLED = re.compile(r"(.)\1+")
_DIGITS = str.maketrans("0134", "oiea")
# Spanish is written as it sounds: kitenme, biernes, resivir, aser.
_SOUNDS = (
    ("qu", "k"), ("ce", "se"), ("ci", "si"), ("c", "k"), ("z", "s"), ("x", "s"), ("v", "b"), ("ll", "y"),
    ("ge", "je"), ("gi", "ji"), ("h", ""), ("ey", "ay"), ("w", "u"),
)  # fmt: skip


@lru_cache(REMEMBERED)
def sound(word: str) -> str:
    """What is the same for words that sound the same in Spanish, and for the spellings of a Somali one."""
    for written, spoken in _SOUNDS:
        word = word.replace(written, spoken)
    return squeezed(word)


def squeezed(word: str) -> str:
    """Without repeated letters: ``yesss``, ``jooooji``."""
    return _DOUBLED.sub(r"\1", word)


def with_letters(word: str) -> str:
    """With the letters that its digits stand for: ``J0IN``."""
    return word.translate(_DIGITS)


@lru_cache(REMEMBERED)
def spelled(word: str) -> tuple[str, ...]:
    """The words of the tables that ``word`` was meant to be; itself where it is known or means none."""
    known = vocabulary()
    if word in shorthand():
        return (shorthand()[word],)
    if word in known or word in helpers("ordinary") or word.isdecimal() or len(word) > LONGEST_RUN:
        return (word,)
    if len(word) >= SHORTEST_SOUND and (alike := _by_sound().get(sound(word))):
        return (alike,)
    if (mended := _slips().mend(word)) != word:
        return (mended,)
    if len(word) >= SHORTEST_RUN and (pieces := _pieces(word, MOST_IN_A_RUN)):
        return pieces
    return (word,)


def mended(tokens: Iterable[str]) -> list[str]:
    """A text's words as they were meant."""
    return [word for token in tokens for word in spelled(token)]


@cache
def _by_sound() -> dict[str, str]:
    """Sound → a word of the tables with it; those that sound the same mean the same there."""
    return {sound(word): word for word in sorted(vocabulary(), reverse=True) if len(word) >= SHORTEST_SOUND}


@cache
def _slips() -> Slips:
    return Slips(vocabulary(), vocabulary() | helpers("ordinary"))


@cache
def _runs() -> frozenset[str]:
    """Words that others are written together with, by sound."""
    return frozenset(sound(word) for word in vocabulary() if len(word) >= SHORTEST_PIECE)


@cache
def _by_any_sound() -> dict[str, str]:
    return {sound(word): word for word in sorted(vocabulary(), key=len, reverse=True)}


def _pieces(word: str, most: int) -> tuple[str, ...] | None:
    """The fewest words of the tables that ``word`` is, written together."""
    heard = sound(word)
    best: list[tuple[str, ...] | None] = [(), *([None] * len(heard))]
    for end in range(SHORTEST_PIECE, len(heard) + 1):
        for start in range(max(0, end - 14), end - SHORTEST_PIECE + 1):
            before = best[start]
            if before is None or heard[start:end] not in _runs() or len(before) >= most:
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = (*before, _by_any_sound()[heard[start:end]])
    found = best[-1]
    # Many short words can be found in anything: those of a real run are long on average.
    return found if found and len(heard) / len(found) >= 3 else None


def repeated(word: str) -> str:
    """``stop`` for ``stopstopstop``."""
    for size in range(2, len(word) // 2 + 1):
        if len(word) % size == 0 and word == word[:size] * (len(word) // size):
            return word[:size]
    return word


def same_letters(said: Sequence[str]) -> str:
    """Words as one, without spaces, doubled letters, and digits for letters."""
    return squeezed(with_letters("".join(said)))
