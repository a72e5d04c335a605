"""The lists that a worker can join by text, and the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic

from psycopg import AsyncConnection

from alerts.language.languages import Language
from alerts.understanding.reading import JoinWord


@dataclass(frozen=True, slots=True)
class JoinableList:
    """A list as a worker meets it. ``words``: the join word of each language, as it is printed."""

    name: str
    confirms: bool
    words: dict[Language, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Joinable:
    """Every list by its id, the oldest first, and what each join word (normalised) means."""

    lists: Mapping[int, JoinableList]
    words: Mapping[str, JoinWord]

    def word(self, language: Language) -> str | None:
        """The join word that a stranger is told: of the oldest list with one in their language."""
        return next((one.words[language] for one in self.lists.values() if language in one.words), None)


_LISTS = """
    SELECT l.id, l.name, l.confirms, w.language, w.word, w.key
    FROM lists l LEFT JOIN join_words w ON w.list_id = l.id ORDER BY l.id
"""


REMEMBERED_SECONDS = 1.0
_remembered: tuple[float, Joinable] | None = None


async def joinable(connection: AsyncConnection) -> Joinable:
    """All lists and their words: a few rows, remembered for a second. Straight through the driver."""
    global _remembered  # noqa: PLW0603 - one a process
    if _remembered is None or monotonic() - _remembered[0] > REMEMBERED_SECONDS:
        _remembered = (monotonic(), await _read(connection))
    return _remembered[1]


def forget_joinable() -> None:
    """A list was changed by this process; others hear of it within a second."""
    global _remembered  # noqa: PLW0603 - one a process
    _remembered = None


async def _read(connection: AsyncConnection) -> Joinable:
    lists: dict[int, JoinableList] = {}
    words: dict[str, JoinWord] = {}
    for number, name, confirms, language, word, key in await (await connection.execute(_LISTS)).fetchall():
        one = lists.setdefault(number, JoinableList(name, confirms))
        if key is not None:
            one.words[Language(language)] = word
            words[key] = JoinWord(number, Language(language))
    return Joinable(lists, words)
