"""Pure: what is known of whoever wrote a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from alerts.language.languages import Language


@dataclass(frozen=True, slots=True)
class JoinWord:
    """What a join word means."""

    list_id: int
    language: Language


@dataclass(frozen=True, slots=True)
class Question:
    """An action that the writer was asked about, and by what a text can name it."""

    action_id: int
    titles: tuple[str, ...] = ()  # in every language
    kind: str = ""  # an ActionKind's value
    weekday: int | None = None  # where the action is; Monday is 0


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the writer. Keys of ``join_words`` are normalised."""

    language: Language | None = None
    subscribed: bool = False
    left: bool = False
    confirming: bool = False  # we asked them to answer YES: to a joining, or to being forgotten
    questions: tuple[Question, ...] = ()  # actions they were asked about, the newest first
    options: tuple[Question, ...] = ()  # of the numbered question that we asked last, in its order
    join_words: Mapping[str, JoinWord] = field(default_factory=dict)

    def read_in(self, languages: Sequence[Language]) -> Language:
        """The language of a word; one that several share is read in the writer's."""
        return self.language if self.language and self.language in languages else languages[0]
