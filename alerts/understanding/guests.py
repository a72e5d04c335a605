"""Pure: how many people somebody brings along."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.understanding.words import guest_words, numbers, words

MOST_GUESTS = 99
SHORT_ANSWER = 2  # words before a bare number: "yes 2", "si voy 2"
WORDS_ASIDE = 3  # words in the longest entry of the tables of guests


def take_guests(tokens: Sequence[str]) -> tuple[list[str], int]:
    """``tokens`` without the words that count guests, and their number, at most 99.

    A number counts if a word before or after it says so, or if it ends a short answer ("yes 2").
    "at 6" and "6 pm" are times, and stay.
    """
    for at, token in enumerate(tokens):
        number = _number(token)
        if number is None:
            continue
        ours = _before(tokens, at, "us_before") or _after(tokens, at, "us_after")
        if (
            not ours
            and not _before(tokens, at, "more")
            and at + 1 < len(tokens)
            and tokens[at + 1] in guest_words("clock")
        ):
            continue
        before = _before(tokens, at, "before")
        after = _after(tokens, at, "after")
        bare = token.isdigit() and 0 < at <= SHORT_ANSWER and at == len(tokens) - 1 and _answers(tokens[:at])
        if ours or before or after or bare:
            number = max(number - 1, 0) if ours else number
            begin = at - (_before(tokens, at, "us_before") if ours else before)
            end = at + 1 + (_after(tokens, at, "us_after") if ours else after)
            return [*tokens[:begin], *tokens[end:]], min(number, MOST_GUESTS)
    return list(tokens), 0


def _number(token: str) -> int | None:
    if token.isdigit() and token.isascii():
        return int(token) if len(token) <= len(str(MOST_GUESTS)) else None
    return numbers().get(token)


def _before(tokens: Sequence[str], at: int, kind: str) -> int:
    """How many words right before ``at`` say that a number of guests follows."""
    sizes = range(min(WORDS_ASIDE, at), 0, -1)
    return next((n for n in sizes if " ".join(tokens[at - n : at]) in guest_words(kind)), 0)


def _after(tokens: Sequence[str], at: int, kind: str) -> int:
    sizes = range(min(WORDS_ASIDE, len(tokens) - at - 1), 0, -1)
    return next((n for n in sizes if " ".join(tokens[at + 1 : at + 1 + n]) in guest_words(kind)), 0)


def _answers(tokens: Sequence[str]) -> bool:
    return "yes" in words().get(" ".join(tokens), {})


def named_guests(tokens: Sequence[str]) -> int:
    """How many are named without a number: "me, my husband and my mom"."""
    joins, mine, kin = guest_words("joins"), guest_words("mine"), guest_words("kin")
    count, at = 0, 0
    while at < len(tokens):
        joined = at == 0 or tokens[at - 1] in joins or " ".join(tokens[max(0, at - 2) : at]) in joins
        after_one = count > 0 or (at > 0 and tokens[at - 1] in guest_words("selves"))
        named = tokens[at] in mine and at + 1 < len(tokens) and not tokens[at + 1].isdigit()
        if (named and (joined or after_one) and at > 0) or (tokens[at] in kin and (joined or after_one)):
            count, at = count + 1, at + 1 + named
        else:
            at += 1
    return min(count, MOST_GUESTS)
