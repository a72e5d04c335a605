"""Pure: whether a word is another one with a typing slip."""

from __future__ import annotations


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


def _digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())
