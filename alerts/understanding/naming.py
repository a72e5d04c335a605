"""Pure: which actions a text names, by a title's words, the kind or the day; and which option it chooses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from alerts.understanding.context import Question
from alerts.understanding.normalise import normalise
from alerts.understanding.spelling import squeezed
from alerts.understanding.words import choices, day_words, helpers, kind_words

LONG = 5  # letters of a name that is known with an ending
SHORTEST = 4  # letters of a title's word that names it; shorter ones stand in any sentence


@lru_cache(maxsize=256)
def names(question: Question) -> frozenset[str]:
    """The words by which a text can name an action."""
    titles = {word for title in question.titles for word in normalise(title).split()}
    found = {word for word in titles if len(word) >= SHORTEST}
    if question.weekday is not None:
        found |= day_words(question.weekday)
    return frozenset(found | kind_words(question.kind))


def named(tokens: Sequence[str], questions: Sequence[Question]) -> tuple[int, ...]:
    """The ids of ``questions`` that ``tokens`` name, in that order; a word that names several names none."""
    if any(choices().get(token) == -1 for token in tokens):
        return tuple(one.action_id for one in reversed(questions))  # "both": the older first
    found: list[int] = []
    for token in tokens:
        meant = [one.action_id for one in questions if _names(token, one)]
        if len(meant) == 1 and meant[0] not in found:
            found += meant
    return tuple(found)


def _names(token: str, question: Question) -> bool:
    """Also stretched ("rallly"), or with an ending, as Somali has them ("jimcaha", "talaadadii")."""
    plain = squeezed(token)
    return any(
        plain == squeezed(name) or (len(name) >= LONG and plain.startswith(squeezed(name)))
        for name in names(question)
    )


def chosen(tokens: Sequence[str], options: Sequence[Question]) -> tuple[int, ...]:
    """The numbers of the ``options`` that ``tokens`` choose, from 1; none where they say something else."""
    meanings = choices()
    if meanings.get(" ".join(tokens)) == -1:
        return tuple(range(1, len(options) + 1))
    rest = [token for token in tokens if meanings.get(token) != 0 and token not in helpers("filler")]
    if not rest:
        return ()
    if all(meanings.get(token) == -1 for token in rest):
        return tuple(range(1, len(options) + 1))
    found: list[int] = []
    for at, word in enumerate(rest):
        if at and word == "one" and meanings.get(rest[at - 1]):
            continue  # "the second one"
        number = int(word) if word.isdecimal() and len(word) < 3 else meanings.get(word)
        if number is None:
            ids = named([word], options)
            number = next((at for at, one in enumerate(options, 1) if one.action_id in ids), None)
        if number is None or not 1 <= number <= len(options):
            return ()
        if number not in found:
            found.append(number)
    return tuple(sorted(found))
