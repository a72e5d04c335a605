"""Tables: subscribers, lists, their join words, and the append-only proof of consent."""

from __future__ import annotations

from datetime import date, time
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    Time,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from alerts.language.languages import Language
from alerts.storage.tables import Key, Now, Table
from alerts.storage.types import Digest, FindableText, PrivateText

LANGUAGE_CODE = "language ~ '^[a-z]{2,3}$'"  # which there are: Language


class Standing(StrEnum):
    """Whether a subscriber may be texted. Only ``active`` people are."""

    PENDING = "pending"  # wrote to us, or was asked to confirm; has not joined yet
    ACTIVE = "active"
    LEFT = "left"  # said STOP, in any wording or to the carrier
    UNREACHABLE = "unreachable"  # the carrier says that the number cannot get texts


class ConsentKind(StrEnum):
    """What happened to somebody's consent."""

    JOINED = "joined"
    CONFIRMED = "confirmed"
    LEFT = "left"
    RETURNED = "returned"
    LANGUAGE_CHANGED = "language changed"
    FORGOTTEN = "forgotten"
    TAKEN_BACK = "taken back"  # with the import that it came with
    TAKEN_OFF = "taken off"  # one list, by an organizer


class Channel(StrEnum):
    """How it happened."""

    TEXT = "text"
    API = "api"
    WEB = "web"  # the public sign-up page
    CONSOLE = "console"  # an organizer, on our pages
    CARRIER = "carrier"
    IMPORT = "import"


class List(Table):
    """A named group with a join word in each language, a time zone, and hours in which to text.

    Where it ``confirms``, whoever texts a join word is asked for a yes before anything else is sent.
    """

    __tablename__ = "lists"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text, unique=True)
    timezone: Mapped[str] = mapped_column(Text)
    confirms: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    # Its own hours, by the clocks of its zone; without them those of everybody (broadcasts/hours.py).
    opens: Mapped[time | None] = mapped_column(Time)
    closes: Mapped[time | None] = mapped_column(Time)
    created_at: Mapped[Now]

    __table_args__ = (CheckConstraint("(opens IS NULL) = (closes IS NULL)", name="hours"),)


class JoinWord(Table):
    """A word that puts whoever texts it on a list, in the language of the word.

    ``key`` is the word as ``understanding.normalise`` sees it: unique, so that a word means one
    list and one language.
    """

    __tablename__ = "join_words"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    word: Mapped[str] = mapped_column(Text)
    list_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lists.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint(LANGUAGE_CODE, name="language"),
        Index("join_words_list_id_language_key", "list_id", "language", unique=True),
    )


class Subscriber(Table):
    """A phone number that consented, and its language and standing."""

    __tablename__ = "subscribers"

    id: Mapped[Key]
    phone: Mapped[str] = mapped_column(FindableText("subscribers.phone"), unique=True)
    language: Mapped[Language] = mapped_column(Text)
    standing: Mapped[Standing] = mapped_column(Text)
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    # What memberships say, in order, kept by triggers on them (migration 0007): read it, never write it.
    lists: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    # Without which import they would not be here, or not be active. None: they said so themselves, or an
    # organizer says so for them.
    import_id: Mapped[int | None] = mapped_column(BigInteger)
    was_pending: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))  # when it came
    created_at: Mapped[Now]

    __table_args__ = (
        Index("subscribers_lists_tags_idx", "lists", "tags", postgresql_using="gin"),
        Index("subscribers_import_id_idx", "import_id", postgresql_where=text("import_id IS NOT NULL")),
        CheckConstraint(LANGUAGE_CODE, name="language"),
        CheckConstraint("standing IN ('pending', 'active', 'left', 'unreachable')", name="standing"),
    )


class Membership(Table):
    """A subscriber is on a list."""

    __tablename__ = "memberships"

    list_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lists.id", ondelete="CASCADE"), primary_key=True
    )
    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    joined_at: Mapped[Now]
    import_id: Mapped[int | None] = mapped_column(BigInteger)  # which import put them on it, and nobody else

    __table_args__ = (
        Index("memberships_import_id_idx", "import_id", postgresql_where=text("import_id IS NOT NULL")),
    )


class ListDay(Table):
    """By how many those on a list who may be texted became more, or fewer, on a day; by language.

    Triggers on ``subscribers`` write it (migration 0014); there may be several rows of a day.
    """

    __tablename__ = "list_days"

    id: Mapped[Key]
    list_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lists.id", ondelete="CASCADE"))
    day: Mapped[date] = mapped_column(Date)  # by the clocks of the list
    language: Mapped[str] = mapped_column(Text)
    people: Mapped[int] = mapped_column(Integer)

    __table_args__ = (Index("list_days_list_id_day_idx", "list_id", "day"),)


class Census(Table):
    """How many people of one standing and language are on the same lists; several rows of them add up.

    Triggers on ``subscribers`` write it (migration 0019), whatever changes people.
    """

    __tablename__ = "census"

    id: Mapped[Key]
    standing: Mapped[Standing] = mapped_column(Text)
    language: Mapped[Language] = mapped_column(Text)
    lists: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    people: Mapped[int] = mapped_column(BigInteger)


class Invitation(Table):
    """A subscriber was asked to confirm that they want to be on a list, and has not yet."""

    __tablename__ = "invitations"

    list_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("lists.id", ondelete="CASCADE"), primary_key=True
    )
    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    asked_at: Mapped[Now]


class Forgotten(Table):
    """All that is left of somebody who asked to be forgotten: what an old import is recognised by."""

    __tablename__ = "forgotten"

    digest: Mapped[bytes] = mapped_column(Digest, primary_key=True)  # storage.sealing: of the number
    at: Mapped[Now]


class ConsentEvent(Table):
    """One append-only row: what happened to consent, how, when, with which words.

    A trigger refuses every change (migration 0001), but for the deletion of what belongs to somebody
    who asked to be forgotten (0004): this is what a regulator or a carrier asks for.
    """

    __tablename__ = "consent_events"

    id: Mapped[Key]
    # No foreign keys: the proof outlives a list, and a person who is forgotten.
    subscriber_id: Mapped[int] = mapped_column(BigInteger, index=True)
    list_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[ConsentKind] = mapped_column(Text)
    channel: Mapped[Channel] = mapped_column(Text)
    language: Mapped[Language] = mapped_column(Text)
    words: Mapped[str | None] = mapped_column(PrivateText("consent_events.words"))
    origin: Mapped[str | None] = mapped_column(PrivateText("consent_events.origin"))  # see ``source``
    clear_source: Mapped[str | None] = mapped_column("source", Text)  # of the release before (unsealed.py)
    at: Mapped[Now]

    @property
    def source(self) -> str | None:
        """A MessageSid, or what somebody states of where they consented; it may hold a name."""
        return self.clear_source or self.origin

    @source.setter
    def source(self, text: str | None) -> None:
        self.origin = text
