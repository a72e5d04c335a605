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
    """I will come, with so many guests; or not; or perhaps."""

    kind: ClassVar[str] = "rsvp"
    answer: Answer
    guests: int
    language: Language


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete everything about me."""

    kind: ClassVar[str] = "forget"
    language: Language


@dataclass(frozen=True, slots=True)
class Message:
    """Something for a human to read."""

    kind: ClassVar[str] = "message"


Intent = Join | Leave | Help | Return | ChangeLanguage | Rsvp | Forget | Message
