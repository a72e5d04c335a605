"""Pure: whether a word is another one with a typing slip."""

from __future__ import annotations

from collections.abc import Collection, Iterator

SHORTEST = 6  # letters of a word that is known with a slip inside


def one_slip(said: str, word: str) -> bool:
    """One letter more, less or other, or two neighbours exchanged. A digit never is: LOCAL1, LOCAL2."""
    if abs(len(said) - len(word)) > 1 or _digits(said) != _digits(word):
        return False
    start = 0
    while start < min(len(said), len(word)) and said[start] == word[start]:
        start += 1
    here, there = said[start:], word[start:]
    if len(said) != len(word):
        return here[1:] == there or here == there[1:]
    return here[1:] == there[1:] or (here[:2] == there[1::-1] and here[2:] == there[2:])


class Slips:
    """Finds the one word of a vocabulary that is a slip away.

    The slip is inside the word: its first letter and its last are right, as an ending that differs
    is another form of a word ("removed") and no slip.
    """

    def __init__(self, vocabulary: Collection[str], known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._near: dict[str, set[str]] = {}
        for word in vocabulary:
            if len(word) >= SHORTEST and word.isalpha():
                for less in (word, *_without_one(word)):
                    self._near.setdefault(less, set()).add(word)

    def mend(self, said: str) -> str:
        """The word meant; ``said`` itself if it is known, too short, or if there are none or several."""
        if len(said) < SHORTEST or said in self._known or not said.isalpha():
            return said
        near = {
            word
            for less in (said, *_without_one(said))
            for word in self._near.get(less, ())
            if word[0] == said[0] and word[-1] == said[-1] and one_slip(said, word)
        }
        return near.pop() if len(near) == 1 else said


def _without_one(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
