"""Tables: what workers texted and were answered, their threads, and what organizers wrote."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Date, ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Moment, Now, Table
from alerts.storage.types import FindableText, PrivateJson, PrivateText


class ThreadState(StrEnum):
    """Whose turn it is in a conversation between a subscriber and the organizers."""

    OPEN = "open"  # an organizer's
    WAITING = "waiting"  # the subscriber's
    CLOSED = "closed"  # nobody's


class Reply(Table):
    """A text from a worker: what it meant, and what it was answered.

    The answer is kept so that the same MessageSid, delivered twice by Twilio, gets the same answer
    and changes nothing. Of somebody who asked to be forgotten only the MessageSid of that wish stays.
    """

    __tablename__ = "replies"

    id: Mapped[Key]
    message_sid: Mapped[str] = mapped_column(Text, unique=True)
    subscriber_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    body: Mapped[str | None] = mapped_column(PrivateText("replies.body"))
    media: Mapped[int]  # how many pictures came with it; they are noted, never fetched
    intent: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(PrivateText("replies.answer"))
    received_at: Mapped[Now]
    at_carrier: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))  # has a copy of it

    __table_args__ = (Index("replies_at_carrier_idx", "received_at", postgresql_where=text("at_carrier")),)


class KeptReplies(Table):
    """How many texts of each intent came on a day: what stays of them."""

    __tablename__ = "kept_replies"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    intent: Mapped[str] = mapped_column(Text, primary_key=True)
    texts: Mapped[int] = mapped_column(Integer)


class Thread(Table):
    """Where the talk with one subscriber stands: with people, and with the machine.

    ``state`` is null until there was something for a human to read.
    """

    __tablename__ = "threads"

    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[ThreadState | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(Text)  # what they last wrote to a human in, as it seems
    unread: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    keeper: Mapped[str | None] = mapped_column(FindableText("threads.keeper"))  # see ``taken_by``
    clear_keeper: Mapped[str | None] = mapped_column("taken_by", Text)  # of the release before (unsealed.py)
    assigned_to: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey("organizers.id", ondelete="SET NULL")
    )  # where that is an organizer
    moved_at: Mapped[Now]  # when something for, or by, a human last happened
    promised_at: Mapped[Moment | None]  # they were told that a person will read it
    menu: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the question that a YES or a number answers
    # Against loops and floods: conversations.guard
    burst_at: Mapped[Moment | None]
    burst: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    muted_until: Mapped[Moment | None]
    last_answer: Mapped[int | None] = mapped_column(BigInteger)
    last_answers: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    blocked: Mapped[bool] = mapped_column(
        Boolean, server_default=text("false")
    )  # at the carrier, by its words

    __table_args__ = (
        CheckConstraint("state IN ('open', 'waiting', 'closed')", name="state"),
        Index("threads_inbox_idx", "state", "moved_at", postgresql_where=text("state IS NOT NULL")),
        Index(
            "threads_assigned_to_idx",
            "assigned_to",
            "moved_at",
            postgresql_where=text("assigned_to IS NOT NULL"),
        ),
    )

    @property
    def taken_by(self) -> str | None:
        """The name of whoever looks after it."""
        return self.clear_keeper or self.keeper

    @taken_by.setter
    def taken_by(self, name: str | None) -> None:
        self.keeper, self.clear_keeper = name, None


class Message(Table):
    """What an organizer wrote to one subscriber; ``alert_id`` is the text that carries it."""

    __tablename__ = "messages"

    id: Mapped[Key]
    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), index=True
    )
    alert_id: Mapped[int] = mapped_column(BigInteger)
    signed: Mapped[str | None] = mapped_column(PrivateText("messages.signed"))  # see ``author``
    clear_author: Mapped[str] = mapped_column("author", Text, default="")  # of the release before
    body: Mapped[str] = mapped_column(PrivateText("messages.body"))
    written_at: Mapped[Now]

    @property
    def author(self) -> str:
        """The name of the organizer, or of the program."""
        return self.clear_author or self.signed or ""

    @author.setter
    def author(self, name: str) -> None:
        self.signed = name


class CannedAnswer(Table):
    """An answer that organizers give often, in each language."""

    __tablename__ = "canned_answers"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text, unique=True)
    text: Mapped[dict[str, str]] = mapped_column(PrivateJson("canned_answers.text"))
