"""The word tables, one file a language, that a speaker who is no programmer can read and correct.

They are ``locales/<language>/words.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

from alerts.language.languages import Language

Meaning = str  # a key of the tables: leave, help, return, forget, yes, no, maybe, language, question, keep

# Tables of words that are not a whole text's meaning.
HELPERS = frozenset({"filler", "first_yes", "first_no", "alone", "back", "ordinary"})
START, END, GAP = "(start)", "(end)", "..."
MOST_BETWEEN = 3  # words that "..." stands for, at most

Step = frozenset[str] | str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some words in their order. ``steps`` are sets of words, of which any will do, GAP and END."""

    meaning: Meaning
    language: Language
    at_start: bool
    steps: tuple[Step, ...]

    def end(self, tokens: Sequence[str], at: int) -> int:
        """Where the phrase ends in ``tokens`` if it begins at ``at``; 0 if it does not."""
        return _walk(self.steps, tokens, at)


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a text, from the token ``start`` up to ``end``."""

    meaning: Meaning
    language: Language
    start: int
    end: int


@cache
def words() -> Mapping[str, Mapping[Meaning, tuple[Language, ...]]]:
    """word → meaning → the languages in which it means that."""
    found: dict[str, dict[Meaning, tuple[Language, ...]]] = {}
    for language in Language:
        for meaning, entries in language.words["words"].items():
            if meaning not in HELPERS:
                for word in entries:
                    meanings = found.setdefault(word, {})
                    meanings[meaning] = (*meanings.get(meaning, ()), language)
    return found


@cache
def compact_words() -> Mapping[str, str]:
    """word without spaces → word, for those of four letters and more: ``S T O P``, ``TALVEZ``."""
    return {word.replace(" ", ""): word for word in words() if len(word) > 3}


@cache
def helpers(kind: str) -> frozenset[str]:
    """The words of one helper table, of all languages."""
    return frozenset(word for language in Language for word in language.words["words"].get(kind, ()))


@cache
def guest_words(kind: str) -> frozenset[str]:
    """Words that tell guests: ``before``, ``after``, ``us_before``, ``clock``, …"""
    return frozenset(word for language in Language for word in language.words["guests"][kind])


@cache
def numbers() -> Mapping[str, int]:
    """Number words → 1 to 10."""
    return {
        word: value
        for language in Language
        for value, entry in enumerate(language.words["guests"]["numbers"], 1)
        for word in entry.split("/")
    }


@cache
def vocabulary() -> frozenset[str]:
    """Every single word of the tables."""
    found: set[str] = set()
    for language in Language:
        table = language.words
        for kind in ("words", "phrases"):
            for meaning, entries in table[kind].items():
                if meaning != "ordinary":
                    for entry in entries:
                        found.update(entry.replace("/", " ").split())
        found |= signs(language)
    return frozenset(word for word in found if word.isalnum())


@cache
def shorthand() -> Mapping[str, str]:
    """What people write for a word to save letters → the word."""
    return {short: word for language in Language for short, word in language.words["shorthand"].items()}


@cache
def signs(language: Language) -> frozenset[str]:
    """Small words that stand in many a text of this language, and in none of another."""
    return frozenset(language.words["signs"]["words"])


@cache
def reactions() -> tuple[str, ...]:
    """How a text begins that a phone made of a reaction to ours; "..." stands for some letters."""
    return tuple(start for language in Language for start in language.words["reactions"]["starts"])


@cache
def kind_words(kind: str) -> frozenset[str]:
    """Words for a kind of action, in every language."""
    return frozenset(word for language in Language for word in language.words["actions"].get(kind, ()))


@cache
def day_words(weekday: int) -> frozenset[str]:
    """Words for a day of the week, in every language; Monday is 0."""
    return frozenset(word for one in Language for word in one.words["actions"]["days"][weekday].split("/"))


@cache
def choices() -> Mapping[str, int]:
    """What chooses an option: its number; -1 for all of them; 0 for a word that may stand beside."""
    found: dict[str, int] = {}
    for language in Language:
        table = language.words
        found |= dict.fromkeys(table["choice"]["beside"], 0)
        found |= dict.fromkeys(table["choice"]["all"], -1)
        for number, entry in enumerate(table["choice"]["numbers"], 1):
            found |= dict.fromkeys(entry.split("/"), number)
    return found


@cache
def phrases(*meanings: Meaning) -> Mapping[str, tuple[Phrase, ...]]:
    """The phrases with one of ``meanings``, by their first word: a text is asked word by word."""
    index: dict[str, list[Phrase]] = {}
    for language, meaning in product(Language, meanings):
        for written in language.words["phrases"].get(meaning, ()):
            phrase = _parsed(written, meaning, language)
            for first in phrase.steps[0]:
                index.setdefault(first, []).append(phrase)
    return {first: tuple(found) for first, found in index.items()}


def find(index: Mapping[str, tuple[Phrase, ...]], tokens: Sequence[str], start: int = 0) -> list[Found]:
    """The phrases in ``tokens``, from the left, the longest first, none over another.

    So "no puedo" is not also "puedo". ``start`` is where the text begins for "(start)".
    """
    found: list[Found] = []
    free = 0
    for at, token in enumerate(tokens):
        if at < free or token not in index:
            continue
        best = max(
            (
                (phrase.end(tokens, at), phrase)
                for phrase in index[token]
                if at <= start or not phrase.at_start
            ),
            key=lambda pair: pair[0],
            default=None,
        )
        if best and best[0]:
            found.append(Found(best[1].meaning, best[1].language, at, best[0]))
            free = best[0]
    return found


def entries(meaning: Meaning) -> Iterable[tuple[Language, str]]:
    """Every word and phrase with this meaning as it is written in the tables, for the tests."""
    for language in Language:
        table = language.words
        for written in (*table["words"].get(meaning, ()), *table["phrases"].get(meaning, ())):
            yield language, written


def _parsed(written: str, meaning: Meaning, language: Language) -> Phrase:
    parts = written.split()
    at_start = parts[0] == START
    parts = parts[at_start:]
    if not parts or parts[0] in (GAP, END) or START in parts or END in parts[:-1] or parts[-1] == GAP:
        raise ValueError(f"{language}/words.toml: cannot read the phrase {written!r}")
    steps = tuple(part if part in (GAP, END) else frozenset(part.split("/")) for part in parts)
    return Phrase(meaning, language, at_start, steps)


def _walk(steps: tuple[Step, ...], tokens: Sequence[str], at: int) -> int:
    for number, step in enumerate(steps):
        if step == GAP:
            rest = steps[number + 1 :]
            return max((_walk(rest, tokens, at + skipped) for skipped in range(MOST_BETWEEN + 1)), default=0)
        if step == END:
            return at if at == len(tokens) else 0
        if at >= len(tokens) or tokens[at] not in step:
            return 0
        at += 1
    return at
