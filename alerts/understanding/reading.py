"""Pure: reads a text. Way out first, then the lists' words, then the rest, then a human."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from alerts.language.languages import Language
from alerts.understanding.context import Context, JoinWord, Question
from alerts.understanding.guests import MOST_GUESTS, named_guests, take_guests
from alerts.understanding.intents import (
    Answer,
    ChangeLanguage,
    Choice,
    Confirm,
    Doubt,
    Forget,
    Help,
    Intent,
    Join,
    Leave,
    Message,
    Return,
    Rsvp,
)
from alerts.understanding.naming import chosen, named
from alerts.understanding.normalise import PICTURES, compact, normalise
from alerts.understanding.slips import one_slip
from alerts.understanding.spelling import mended, repeated, same_letters, with_letters
from alerts.understanding.words import (
    GAP,
    Found,
    Meaning,
    compact_words,
    find,
    helpers,
    phrases,
    reactions,
    signs,
    words,
)

__all__ = ["MOST_GUESTS", "Context", "JoinWord", "Question", "read", "reserved_words"]


SLIP_LETTERS = 5  # a join word this long is known with one letter wrong
MOST_FILLER = 4  # words in the longest courtesy
LONGEST_WORD = 12  # words in a text that can still be one known word and courtesies
LONGEST_ANSWER = 45  # words; "I will come" in a longer text is part of a story
LONGEST_BRINGING = 8  # words; "llevo a 2 compas" says that its writer comes
LONGEST_FIRST = 12  # words in an answer that begins with its yes

ANSWERS: dict[Meaning, Answer] = {"yes": Answer.YES, "no": Answer.NO, "maybe": Answer.MAYBE}
# A text that is one known word, in this order where the word means several things.
SINGLE: dict[Meaning, type[Help | Return | Forget | ChangeLanguage]] = {
    "help": Help,
    "return": Return,
    "forget": Forget,
    "language": ChangeLanguage,
}
SENTENCE = re.compile(r"[.!;,:\n…]+")
LONGEST_MENDED = 80  # words
STRETCHED = re.compile(r"([a-z])\1{2,}")


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in all the forms in which it is looked at."""

    raw: str
    tokens: list[str]  # all of it, normalised
    bare: list[str]  # without the courtesies around it
    word: str | None  # the word of the tables that it is


@cache
def _tapback() -> re.Pattern[str]:
    """What a phone makes of a reaction to a text of ours: it quotes it."""
    starts = "|".join(re.escape(start).replace(re.escape(GAP), ".{1,40}") for start in reactions())
    return re.compile(rf"\s*(?:{starts})\S*\s*[“\"«]")


@cache
def reserved_words() -> frozenset[str]:
    """Normalised words that cannot be join words: they mean something to everybody."""
    return frozenset(words()) | frozenset(compact_words())


def read(text: str, context: Context) -> Intent:
    """What ``text`` means, coming from somebody of whom ``context`` is known. Never raises.

    The intent's language is that of the words; one that languages share is read in the writer's.
    """
    if _tapback().match(text):
        return Message()
    tokens = normalise(text).split()
    if len(tokens) <= LONGEST_MENDED:
        tokens = mended(tokens)
    bare = _without_courtesies(tokens)
    seen = _Text(text, tokens, bare, _known(bare))
    return (
        _leave(seen, context)
        or _join(seen, context)
        or _confirm(seen, context)
        or _choose(seen, context)
        or _ask(seen, context)
        or _answer(seen, context)
        or _doubt(seen)
        or Message(_guess(tokens))
    )


def _leave(seen: _Text, context: Context) -> Leave | None:
    """Any reasonable wording is a way out: 47 CFR 64.1200(a)(10)."""
    if seen.word and "leave" in words()[seen.word]:
        return Leave(_of(words()[seen.word]["leave"], context))
    if len(seen.bare) > 1 and all("leave" in words().get(token, {}) for token in seen.bare):
        return Leave(_of(words()[seen.bare[0]]["leave"], context))  # "jooji" and a stop sign
    for found in find(phrases("leave", "keep"), seen.bare):
        if found.meaning == "leave":
            return Leave(found.language)
    sentences = [normalise(one) for one in SENTENCE.split(seen.raw)] if SENTENCE.search(seen.raw) else []
    said = [one for one in sentences if one]
    if len(said) > 1 and said[-1] in helpers("alone"):  # "Wrong number. Stop."
        return Leave(_of(words()[said[-1]]["leave"], context))
    return None


def _join(seen: _Text, context: Context) -> Join | None:
    known = context.join_words
    if not known or not seen.tokens:
        return None
    said, bare = " ".join(seen.tokens), " ".join(seen.bare)
    found = known.get(said) or known.get(bare)
    if found is None and seen.word is None and len(bare) <= max(map(len, known)) * 2 + 1:
        plain = normalise(seen.raw).split()
        found = _alike([plain, _without_courtesies(plain)], known)
    if found is None and not context.subscribed:
        clause = normalise(SENTENCE.split(seen.raw, maxsplit=1)[0]).split()
        found = known.get(" ".join(_without_courtesies(clause)))  # "JOIN please, a friend told me"
    return Join(found.list_id, found.language) if found else None


def _ask(seen: _Text, context: Context) -> Intent | None:  # noqa: PLR0911 - one for each meaning
    """Help, a way back, another language, to be forgotten."""
    if seen.word:
        meanings = words()[seen.word]
        # At the carrier YES is a way back in for whoever had left.
        if context.left and seen.word in helpers("back"):
            return Return(_of(meanings.get("return", meanings.get("yes", ())), context))
        for meaning, kind in SINGLE.items():
            if meaning in meanings:
                return kind(_of(meanings[meaning], context))
        return None
    for found in find(phrases("forget", "language", "return"), seen.tokens):
        if found.meaning == "forget":
            return Forget(found.language)
        if found.meaning == "language":
            return ChangeLanguage(found.language)
        if context.left:
            return Return(found.language)
    return None


def _confirm(seen: _Text, context: Context) -> Confirm | None:
    """Yes, to what we asked to have confirmed; also by saying it: "yes, erase it"."""
    if not context.confirming or _asks(seen.raw):
        return None
    first = seen.tokens[0] if seen.tokens else ""
    if "yes" in words().get(first, {}) and find(phrases("forget"), seen.tokens):
        return Confirm(_of(words()[first]["yes"], context))
    answer = _rsvp(seen, replace(context, questions=(Question(0),)))
    yes = isinstance(answer, Rsvp) and answer.answer is Answer.YES
    return Confirm(answer.language) if isinstance(answer, Rsvp) and yes else None


def _choose(seen: _Text, context: Context) -> Choice | None:
    """A number, or a name, that answers the numbered question."""
    if not context.options or _asks(seen.raw):
        return None
    numbers = chosen(seen.bare, context.options)
    return Choice(numbers, context.language or Language.EN) if numbers else None


def _answer(seen: _Text, context: Context) -> Rsvp | None:
    """An answer to an action that they were asked about, and which of them it names."""
    if not context.questions:
        return None
    answer = _rsvp(seen, context)
    if isinstance(answer, Message):
        return None
    return (
        replace(answer, actions=named(seen.tokens, context.questions))
        if len(context.questions) > 1
        else answer
    )


def _doubt(seen: _Text) -> Doubt | None:
    found = find(phrases("doubt"), seen.tokens)
    return Doubt(found[0].language) if found else None


def _guess(tokens: Sequence[str]) -> Language | None:
    """What a text seems to be written in, by its smallest words."""
    counts = {language: sum(token in signs(language) for token in tokens) for language in Language}
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] and list(counts.values()).count(counts[best]) == 1 else None


def _asks(raw: str) -> bool:
    return "?" in raw or "¿" in raw or "？" in raw  # noqa: RUF001 - full-width


def _rsvp(seen: _Text, context: Context) -> Rsvp | Message:  # noqa: PLR0911 - a list of rules
    """An answer, if one is asked for; else a message for a human."""
    if not context.questions or not 0 < len(seen.tokens) <= LONGEST_ANSWER:
        return Message()
    if _asks(seen.raw):
        return Message()
    rest, guests = take_guests(seen.bare)
    guests = min(guests + named_guests(rest if guests else seen.tokens), MOST_GUESTS)
    word = _known(_without_courtesies(rest))
    if word:
        return _answer_of(word, guests, seen, context)
    start = len(rest) - len(_without_leading(rest))
    found = find(phrases("yes", "no", "maybe", "question"), rest, start)
    meanings = {one.meaning for one in found}
    first = _first_word(seen, rest)
    if "question" in meanings:
        return Message()
    if "maybe" in meanings:
        return _answer_found("maybe", found, 0, context)
    if len(meanings) == 1:
        meaning = meanings.pop()
        if first and meaning not in words()[first] and "maybe" not in words()[first]:
            return Message()  # says one thing and then the other
        return _answer_found(meaning, found, guests, context)
    if not meanings and first and len(rest) <= LONGEST_FIRST:
        return _answer_of(first, guests, seen, context)
    if not meanings and guests and len(seen.tokens) <= LONGEST_BRINGING:
        return Rsvp(Answer.YES, guests, context.language or Language.EN)
    return Message()


def _first_word(seen: _Text, rest: Sequence[str]) -> str | None:
    """The answer that a longer text begins with: "yes my sister too", "No, I have the children"."""
    if rest and rest[0] in helpers("first_yes") | helpers("first_no"):
        return rest[0] if rest[0] in words() else None
    sentence = SENTENCE.split(seen.raw, maxsplit=1)
    word = _known(_without_courtesies(normalise(sentence[0]).split())) if len(sentence) > 1 else None
    return word if word and ANSWERS.keys() & words()[word].keys() else None


def _answer_of(word: str, guests: int, seen: _Text, context: Context) -> Rsvp | Message:
    for meaning, answer in ANSWERS.items():
        if meaning in words()[word]:
            pictured = any(picture in seen.raw for picture in PICTURES)
            languages = tuple(Language) if pictured else words()[word][meaning]
            return Rsvp(answer, guests if answer is Answer.YES else 0, _of(languages, context))
    return Message()


def _answer_found(meaning: Meaning, found: Sequence[Found], guests: int, context: Context) -> Rsvp:
    languages = tuple(dict.fromkeys(one.language for one in found if one.meaning == meaning))
    return Rsvp(ANSWERS[meaning], guests if meaning == "yes" else 0, _of(languages, context))


def _of(languages: Sequence[Language], context: Context) -> Language:
    """The language of a word; one that several share is read in the writer's."""
    return context.language if context.language in languages and context.language else languages[0]


def _known(tokens: Sequence[str]) -> str | None:  # noqa: C901, PLR0911 - ways to write a word
    """The word of the tables that ``tokens`` are: spaces, repeats and stretched letters aside."""
    if not 0 < len(tokens) <= LONGEST_WORD:
        return None
    said = " ".join(tokens)
    if said in words():
        return said
    together = compact(said)
    if together in compact_words() and (len(tokens) == 1 or len(together) == len(tokens) or len(tokens) < 4):
        return compact_words()[together]
    if len(tokens) > 1 and len(set(tokens)) == 1:
        return _known(tokens[:1])
    if len(tokens) == 1:
        for other in (repeated(together), with_letters(together)):
            if other != together and other in words():
                return other
    if STRETCHED.search(said):  # siiii, yesss, haaaaa
        for letters in (r"\1", r"\1\1"):
            short = STRETCHED.sub(letters, said)
            if short in words():
                return short
    return None


def _without_courtesies(tokens: Sequence[str]) -> list[str]:
    """Without "please" and "buenos dias" at either end, as long as something is left."""
    rest = _without_leading(tokens)
    while size := _courtesy(rest, at_end=True):
        rest = rest[:-size]
    return rest


def _without_leading(tokens: Sequence[str]) -> list[str]:
    rest = list(tokens)
    while size := _courtesy(rest, at_end=False):
        rest = rest[size:]
    return rest


def _courtesy(tokens: Sequence[str], *, at_end: bool) -> int:
    """How many words of ``tokens`` at one end are the longest courtesy there; 0 if it would leave none."""
    for size in range(min(MOST_FILLER, len(tokens) - 1), 0, -1):
        if " ".join(tokens[-size:] if at_end else tokens[:size]) in helpers("filler"):
            return size
    return 0


def _alike(forms: Sequence[Sequence[str]], join_words: Mapping[str, JoinWord]) -> JoinWord | None:
    """The join word that is written together, stretched, with digits for letters, or one slip away."""
    together = {same_letters(word.split()): meant for word, meant in join_words.items()}
    for form in forms:
        exact = {compact(word): meant for word, meant in join_words.items()}
        if found := exact.get("".join(form)) or together.get(same_letters(form)):
            return found
    return next(filter(None, (_slipped("".join(form), join_words) for form in forms)), None)


def _slipped(said: str, join_words: Mapping[str, JoinWord]) -> JoinWord | None:
    """The only join word that is one typing slip away."""
    if said in helpers("ordinary"):
        return None
    near = {
        (meant.list_id, meant.language): meant
        for word, meant in ((compact(word), meant) for word, meant in join_words.items())
        if one_slip(said, word)
        and (len(word) >= SLIP_LETTERS or (len(word) == SLIP_LETTERS - 1 and _framed(said, word)))
    }
    return next(iter(near.values())) if len(near) == 1 else None


def _framed(said: str, word: str) -> bool:
    """In a short word a slip is inside it."""
    return said[:1] == word[:1] and said[-1:] == word[-1:]
