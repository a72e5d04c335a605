"""Pure: reads a text. Way out first, then the lists' words, then the rest, then a human."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from alerts.language.languages import Language
from alerts.understanding.intents import (
    Answer,
    ChangeLanguage,
    Forget,
    Help,
    Intent,
    Join,
    Leave,
    Message,
    Return,
    Rsvp,
)
from alerts.understanding.normalise import compact, normalise
from alerts.understanding.words import compact_words, phrases, words


@dataclass(frozen=True, slots=True)
class JoinWord:
    """What a join word means."""

    list_id: int
    language: Language


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the writer. Keys of ``join_words`` are normalised."""

    language: Language | None = None
    subscribed: bool = False
    asked: bool = False  # a question whether they will come is open
    join_words: Mapping[str, JoinWord] = field(default_factory=dict)


MOST_GUESTS = 99
SLIP_LETTERS = 5  # a join word this long is known with one letter wrong
# A wording in which somebody else stops, or nobody does.
NOT_A_WAY_OUT = re.compile(
    r"\b(?:we|they|you|wont|will not|never|dont|do not|cant|cannot) (?:\w+ )?stop\b(?! text| send| mess)"
)
GUESTS = re.compile(r"\b(?:\+|plus|mas|con|with|and|y|iyo|la)? ?(\d{1,2})\b")
ANSWERS = {"yes": Answer.YES, "no": Answer.NO, "maybe": Answer.MAYBE}


@cache
def reserved_words() -> frozenset[str]:
    """Words that cannot be join words: they mean something to everybody."""
    return frozenset(words())


def read(text: str, context: Context) -> Intent:
    """What ``text`` means, coming from somebody of whom ``context`` is known. Never raises."""
    said = normalise(text)
    return (
        _leave(said, context)
        or _join(said, context)
        or _single(said, context)
        or _rsvp(said, text, context)
        or Message()
    )


def _leave(said: str, context: Context) -> Leave | None:
    word = _known(said)
    if word is not None and "leave" in words()[word]:
        return Leave(_of(words()[word]["leave"], context))
    if NOT_A_WAY_OUT.search(said):
        return None
    for language, pattern in phrases("leave").items():
        if pattern.search(said):
            return Leave(language)
    return None


def _join(said: str, context: Context) -> Join | None:
    known = context.join_words
    found = known.get(said) or _without_spaces(known).get(compact(said)) if said else None
    if found is None and _known(said) is None:
        found = _slipped(compact(said), _without_spaces(known))
    return Join(found.list_id, found.language) if found else None


def _single(said: str, context: Context) -> Intent | None:
    """A text that is one known word, but for answers."""
    word = _known(said)
    if word is None:
        return None
    meanings = words()[word]
    for meaning, kind in (
        ("help", Help),
        ("return", Return),
        ("forget", Forget),
        ("language", ChangeLanguage),
    ):
        if meaning in meanings:
            return kind(_of(meanings[meaning], context))
    # At the carrier YES is a way back in for whoever had left.
    if "yes" in meanings and not context.subscribed and context.language is not None:
        return Return(_of(meanings["yes"], context))
    return None


def _rsvp(said: str, text: str, context: Context) -> Rsvp | None:
    if not context.asked or "?" in text or "¿" in text:
        return None
    guests = _guests(said)
    bare = GUESTS.sub(" ", said) if guests else said
    bare = " ".join(bare.split())
    word = _known(bare)
    if word is not None:
        return _answer_of(words()[word], guests, context)
    return _answer_in(bare, guests, context)


def _answer_of(meanings: Mapping[str, tuple[Language, ...]], guests: int, context: Context) -> Rsvp | None:
    for meaning, answer in ANSWERS.items():
        if meaning in meanings:
            return Rsvp(answer, guests if answer is Answer.YES else 0, _of(meanings[meaning], context))
    return None


def _answer_in(said: str, guests: int, context: Context) -> Rsvp | None:
    """An answer in somebody's own words: a phrase of one meaning, or an answer that begins the text."""
    found = {
        (meaning, language)
        for meaning in ANSWERS
        for language, pattern in phrases(meaning).items()
        if pattern.search(said)
    }
    meanings = {meaning for meaning, _ in found}
    # "not sure if I can come" has a no in it, and is none.
    meaning = "maybe" if "maybe" in meanings else next(iter(meanings)) if len(meanings) == 1 else None
    asks = any(pattern.search(said) for pattern in phrases("question").values())
    if meaning and not asks:
        languages = tuple(language for one, language in sorted(found) if one == meaning)
        return Rsvp(ANSWERS[meaning], guests if meaning == "yes" else 0, _of(languages, context))
    first, _, rest = said.partition(" ")
    if not asks and not meanings and rest and len(rest.split()) <= 4 and first in words():
        return _answer_of(words()[first], guests, context)
    return None


def _known(said: str) -> str | None:
    """The word of the tables that the whole text is, spaces aside."""
    if said in words():
        return said
    return compact_words().get(compact(said))


def _of(languages: tuple[Language, ...], context: Context) -> Language:
    """The language of a word; one that several share is read in the writer's."""
    return context.language if context.language in languages and context.language else languages[0]


def _without_spaces(join_words: Mapping[str, JoinWord]) -> dict[str, JoinWord]:
    return {compact(word): meant for word, meant in join_words.items()}


def _slipped(said: str, join_words: Mapping[str, JoinWord]) -> JoinWord | None:
    """The only join word that is one typing slip away."""
    near = {
        (meant.list_id, meant.language): meant
        for word, meant in join_words.items()
        if len(word) >= SLIP_LETTERS and abs(len(word) - len(said)) <= 1 and _one_slip(said, word)
    }
    return next(iter(near.values())) if len(near) == 1 else None


def _one_slip(said: str, word: str) -> bool:
    """One letter more, less, other, or two neighbours exchanged."""
    start = next(
        (i for i, (a, b) in enumerate(zip(said, word, strict=False)) if a != b), min(len(said), len(word))
    )
    here, there = said[start:], word[start:]
    swapped = here[1:2] + here[:1] + here[2:]
    return (
        here[1:] == there[1:]
        or here[1:] == there
        or here == there[1:]
        or (len(here) > 1 and swapped == there)
    )


def _guests(said: str) -> int:
    match = GUESTS.search(said)
    return min(int(match[1]), MOST_GUESTS) if match else 0
