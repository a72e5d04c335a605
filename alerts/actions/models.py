"""Tables: actions and RSVPs."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Moment, Now, Table


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
    place: Mapped[str] = mapped_column(Text)
    title: Mapped[dict[str, str]] = mapped_column(JSONB)
    details: Mapped[dict[str, str]] = mapped_column(JSONB)
    # Of its time and place: who was told of another one was told what is not true any more.
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    cancelled_at: Mapped[Moment | None]
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
    answered_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint("answer IN ('yes', 'no', 'maybe')", name="answer"),
        CheckConstraint("guests BETWEEN 0 AND 99", name="guests"),
    )
