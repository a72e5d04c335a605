"""What a text can mean."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from alerts.language.languages import Language


class Answer(StrEnum):
    """An answer to an action."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


# In each, ``language`` is that of the words used, where they tell it.


@dataclass(frozen=True, slots=True)
class Join:
    """Put me on this list."""

    kind: ClassVar[str] = "join"
    list_id: int
    language: Language


@dataclass(frozen=True, slots=True)
class Leave:
    """Text me no more."""

    kind: ClassVar[str] = "leave"
    language: Language


@dataclass(frozen=True, slots=True)
class Help:
    """Who are you, and how do I get out of this?"""

    kind: ClassVar[str] = "help"
    language: Language


@dataclass(frozen=True, slots=True)
class Return:
    """I had left: text me again."""

    kind: ClassVar[str] = "return"
    language: Language


@dataclass(frozen=True, slots=True)
class ChangeLanguage:
    """Write to me in this language."""

    kind: ClassVar[str] = "language"
    language: Language


@dataclass(frozen=True, slots=True)
class Rsvp:
    """I will come, with so many guests; or not; or perhaps. ``actions``: those that the text itself names."""

    kind: ClassVar[str] = "rsvp"
    answer: Answer
    guests: int
    language: Language
    actions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer to a numbered question: the options chosen, from 1, none twice."""

    kind: ClassVar[str] = "choice"
    numbers: tuple[int, ...]
    language: Language


@dataclass(frozen=True, slots=True)
class Confirm:
    """Yes, to what we asked to have confirmed: to be put on a list, or to be forgotten."""

    kind: ClassVar[str] = "confirm"
    language: Language


@dataclass(frozen=True, slots=True)
class Doubt:
    """Perhaps a wish to be left alone: told the one-word way out, and kept for a human."""

    kind: ClassVar[str] = "doubt"
    language: Language


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete everything about me."""

    kind: ClassVar[str] = "forget"
    language: Language


@dataclass(frozen=True, slots=True)
class Message:
    """Something for a human to read. ``language``: what it seems to be written in, where its words tell."""

    kind: ClassVar[str] = "message"
    language: Language | None = None


Intent = Join | Leave | Doubt | Help | Return | ChangeLanguage | Rsvp | Choice | Confirm | Forget | Message
