"""Tables: actions and RSVPs."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Moment, Now, Table
from alerts.storage.types import PrivateJson, PrivateText


class ActionKind(StrEnum):
    """What people are called to."""

    STRIKE = "strike"
    WALKOUT = "walkout"
    RALLY = "rally"
    LOBBY_ACTION = "lobby_action"
    PETITION_DELIVERY = "petition_delivery"
    MEETING = "meeting"


class Action(Table):
    """What people are called to: kind, start, end, time zone, place, and its words by language."""

    __tablename__ = "actions"

    id: Mapped[Key]
    kind: Mapped[ActionKind] = mapped_column(Text)
    starts_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    timezone: Mapped[str] = mapped_column(Text)
    # Sealed: until it is announced, what is planned is nobody else's business.
    place: Mapped[str] = mapped_column(PrivateText("actions.place"))
    title: Mapped[dict[str, str]] = mapped_column(PrivateJson("actions.title"))
    details: Mapped[dict[str, str]] = mapped_column(PrivateJson("actions.details"))
    # Of its time and place: who was told of another one was told what is not true any more.
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    facts_by: Mapped[int | None] = mapped_column(BigInteger)  # who last changed time, place or title
    cancelled_at: Mapped[Moment | None]
    counted_at: Mapped[Moment | None]  # since then its answers are numbers (KeptAnswers)
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint(
            "kind IN ('strike', 'walkout', 'rally', 'lobby_action', 'petition_delivery', 'meeting')",
            name="kind",
        ),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
    )


class Rsvp(Table):
    """A subscriber's present answer to an action."""

    __tablename__ = "rsvps"

    action_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("actions.id"), primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    answer: Mapped[str] = mapped_column(Text)
    guests: Mapped[int] = mapped_column(Integer)
    language: Mapped[str] = mapped_column(Text)  # the subscriber's, when they answered
    lists: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))  # the same
    answered_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("answer IN ('yes', 'no', 'maybe')", name="answer"),
        CheckConstraint("guests BETWEEN 0 AND 99", name="guests"),
    )


class KeptAnswers(Table):
    """How many answered what, of an action that is long over: who it was is forgotten."""

    __tablename__ = "kept_answers"

    action_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("actions.id"), primary_key=True)
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    answer: Mapped[str] = mapped_column(Text, primary_key=True)
    people: Mapped[int] = mapped_column(Integer)
    guests: Mapped[int] = mapped_column(Integer)


class KeptListAnswers(Table):
    """The same by the lists that they were on then: on two one is counted in both. A list may be gone."""

    __tablename__ = "kept_list_answers"

    action_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("actions.id"), primary_key=True)
    list_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    answer: Mapped[str] = mapped_column(Text, primary_key=True)
    people: Mapped[int] = mapped_column(Integer)
    guests: Mapped[int] = mapped_column(Integer)


class KeptHourAnswers(Table):
    """The same by the hour in which they answered."""

    __tablename__ = "kept_hour_answers"

    action_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("actions.id"), primary_key=True)
    hour: Mapped[Moment] = mapped_column(primary_key=True)
    answer: Mapped[str] = mapped_column(Text, primary_key=True)
    people: Mapped[int] = mapped_column(Integer)
