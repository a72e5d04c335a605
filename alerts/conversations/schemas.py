"""The API's shapes of conversations and canned answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from alerts.broadcasts.schemas import Price
from alerts.broadcasts.states import DeliveryState
from alerts.conversations.models import ThreadState
from alerts.language.languages import Language
from alerts.subscribers.models import Standing
from alerts.subscribers.schemas import Closed

# Twilio takes 1,600 characters; a longer answer is a telephone call.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1600)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class ConversationOut(BaseModel):
    """A conversation; ``id`` is its subscriber's. ``wrote_in``: the language that their last text shows."""

    id: int
    phone: str
    language: Language
    wrote_in: Language | None
    standing: Standing
    state: ThreadState
    unread: int
    taken_by: str | None
    assigned_to: int | None  # the organizer who looks after it, where it is one
    moved_at: datetime


class ConversationPage(BaseModel):
    """``items``, and what to send as ``after`` for those that follow; null at the end."""

    items: list[ConversationOut]
    next: str | None


class SaidOut(BaseModel):
    """One text of a conversation. ``by``: ``worker``, ``machine``, ``alert``, or an organizer's name."""

    at: datetime
    by: str
    text: str
    intent: str | None
    media: int
    state: DeliveryState | None
    alert: int | None  # which alert it is


class ThreadOut(ConversationOut):
    """A conversation with its last texts, the oldest first."""

    texts: list[SaidOut]


class NewMessage(Closed):
    """An answer: ``text``, or the id of a ``canned`` answer that goes out in the person's language."""

    text: Text | None = None
    canned: Annotated[int, Field(ge=1, lt=2**63)] | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) == (self.canned is None):
            raise ValueError("send either text or canned")
        return self


class Taking(Closed):
    """Who looks after a conversation; null gives it back."""

    name: Name | None


class Assigning(Closed):
    """The organizer who looks after a conversation; null gives it back."""

    organizer: Annotated[int, Field(ge=1, lt=2**63)] | None


class MeasuredOut(BaseModel):
    """What an answer takes on the air. ``cheaper``: characters that make it dear, and another spelling."""

    text: str
    encoding: str
    parts: int
    price: Price | None
    cheaper: dict[str, str | None]


class NewCannedAnswer(Closed):
    """An answer that is given often, in the languages that it exists in."""

    name: Name
    text: Annotated[dict[Language, Text], Field(min_length=1)]


class CannedAnswerChange(Closed):
    """What to change of a canned answer; what is left out stays."""

    name: Name | None = None
    text: Annotated[dict[Language, Text], Field(min_length=1)] | None = None


class CannedAnswerOut(BaseModel):
    """A canned answer."""

    id: int
    name: str
    text: dict[Language, str]
