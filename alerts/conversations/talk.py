"""Pure: where the talk between the machine and one worker stands, and when the machine falls silent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Literal

from alerts.conversations.models import ThreadState
from alerts.language.languages import Language
from alerts.understanding.intents import Answer

MENU_OPEN = timedelta(hours=24)  # a YES or a number after this answers something else
PROMISE_AGAIN = timedelta(hours=24)
BURST = timedelta(minutes=10)
MOST_IN_A_BURST = 20  # texts in it; nobody types as many
MUTE = timedelta(hours=1)
MOST_REPEATS = 3  # of one answer, each within BURST of the one before: then two machines are talking


@dataclass(frozen=True, slots=True)
class Menu:
    """The question that we asked last: whether to forget them, or which of ``options`` an answer is for."""

    kind: Literal["forget", "which"]
    asked_at: datetime
    options: tuple[int, ...] = ()  # actions, in the order in which they were numbered
    answer: Answer | None = None
    guests: int = 0

    def as_json(self) -> dict[str, Any]:
        """As it stands in the database."""
        return {
            "kind": self.kind,
            "asked_at": self.asked_at.isoformat(),
            "options": self.options,
            "answer": self.answer,
            "guests": self.guests,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Menu:
        """From what ``as_json`` gave."""
        return cls(
            found["kind"],
            datetime.fromisoformat(found["asked_at"]),
            tuple(found["options"]),
            Answer(found["answer"]) if found["answer"] else None,
            found["guests"],
        )


@dataclass(frozen=True, slots=True)
class Talk:
    """What of earlier texts matters for the next one (``models.Thread``)."""

    state: ThreadState | None = None
    language: Language | None = None
    unread: int = 0
    moved_at: datetime | None = None
    promised_at: datetime | None = None
    menu: Menu | None = None
    burst_at: datetime | None = None
    burst: int = 0
    muted_until: datetime | None = None
    last_answer: int | None = None
    last_answers: int = 0
    blocked: bool = False  # they texted one of the carrier's own words: it lets nothing through

    def open_menu(self, now: datetime) -> Menu | None:
        """The menu, while it is fresh."""
        return self.menu if self.menu and now - self.menu.asked_at < MENU_OPEN else None

    def promised(self, now: datetime) -> bool:
        """Whether they were told within a day that a person will read what they write."""
        return self.promised_at is not None and now - self.promised_at < PROMISE_AGAIN

    def for_a_human(self, language: Language | None, now: datetime) -> Talk:
        """Something came that an organizer should read."""
        return replace(
            self,
            state=ThreadState.OPEN,
            language=language or self.language,
            unread=self.unread + 1,
            moved_at=now,
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """A text was counted. ``flooded``: with this one it is too many; ``muted``: nothing is answered."""

    talk: Talk
    flooded: bool
    muted: bool


def heard(talk: Talk, now: datetime) -> Heard:
    """Count a text. One too many within BURST mutes the number for MUTE, from its last text on."""
    if talk.muted_until and now < talk.muted_until:
        return Heard(replace(talk, muted_until=now + MUTE), flooded=False, muted=True)
    fresh = talk.burst_at is None or now - talk.burst_at > BURST
    counted = replace(talk, burst_at=now if fresh else talk.burst_at, burst=1 if fresh else talk.burst + 1)
    if counted.burst <= MOST_IN_A_BURST:
        return Heard(counted, flooded=False, muted=False)
    return Heard(replace(counted, muted_until=now + MUTE, burst=0, burst_at=None), flooded=True, muted=False)


def said(talk: Talk, answer: str, now: datetime) -> tuple[Talk, bool]:
    """Whether to give ``answer``, and the talk after that. The same one again and again is a loop."""
    number = int.from_bytes(blake2b(answer.encode(), digest_size=8).digest(), "big", signed=True)
    going_on = talk.burst_at is not None and now - talk.burst_at <= BURST
    again = talk.last_answers + 1 if number == talk.last_answer and going_on and talk.burst > 1 else 1
    return replace(talk, last_answer=number, last_answers=again), again <= MOST_REPEATS
