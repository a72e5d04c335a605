"""Tables: imports of subscribers, what of them is still to be read, and what was refused."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Moment, Now, Table
from alerts.storage.types import Digest, PrivateText, SealedOctets

CHUNKS, REFUSALS = "import_chunks.sealed", "import_refusals.sealed"


class ImportState(StrEnum):
    """Where an import stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    TAKING_BACK = "taking back"
    TAKEN_BACK = "taken back"


class Import(Table):
    """A file of people who consented, and what became of its rows."""

    __tablename__ = "imports"

    id: Mapped[Key]
    state: Mapped[ImportState] = mapped_column(Text, server_default=ImportState.WAITING)
    lists: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    columns: Mapped[dict[str, int]] = mapped_column(JSONB)
    language: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(PrivateText("imports.origin"))  # see ``source``
    clear_source: Mapped[str | None] = mapped_column("source", Text)  # of the release before (unsealed.py)
    consent_date: Mapped[date | None] = mapped_column(Date)
    day_first: Mapped[bool] = mapped_column(Boolean)
    rows: Mapped[int] = mapped_column(Integer)  # of the whole file, without its header
    read: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    taken: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    refused: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))  # by reason
    by: Mapped[int] = mapped_column(BigInteger)  # who (team.actors)
    created_at: Mapped[Now]
    finished_at: Mapped[Moment | None]

    @property
    def source(self) -> str | None:
        """Where people of rows that do not say so consented."""
        return self.clear_source or self.origin

    @source.setter
    def source(self, text: str | None) -> None:
        self.origin = text

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'done', 'taking back', 'taken back')", name="state"),
        Index(
            "imports_owed_idx", "id", postgresql_where=text("state IN ('waiting', 'running', 'taking back')")
        ),
    )


class ImportChunk(Table):
    """Some rows of an import that are still to be read: sealed, and deleted when they are."""

    __tablename__ = "import_chunks"

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    sealed: Mapped[bytes] = mapped_column(SealedOctets(CHUNKS))


class ImportRefusal(Table):
    """A row that was not taken. Its cells are sealed, and erased after a week."""

    __tablename__ = "import_refusals"

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(SealedOctets(REFUSALS))
    # Of the number, where there is one: whoever asks to be forgotten is forgotten here too.
    digest: Mapped[bytes | None] = mapped_column(Digest, index=True)


class ImportPerson(Table):
    """Somebody whom an import met, not made; and of those whom it made, the ones with tags.

    ``tags``: those that they have from imports only. ``language``: what the file says. ``holds``: without
    this import, too, they would be active, as other imports say so and they themselves have not yet.
    """

    __tablename__ = "import_tags"

    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    subscriber_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text))
    language: Mapped[str | None] = mapped_column(Text)
    holds: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))


class ImportAgain(Table):
    """A list that an import gives to somebody who is on it by another import."""

    __tablename__ = "import_again"

    list_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    import_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    at: Mapped[Now]

    __table_args__ = (
        # Whoever is taken off the list is taken off for every import.
        ForeignKeyConstraint(
            ["list_id", "subscriber_id"],
            ["memberships.list_id", "memberships.subscriber_id"],
            ondelete="CASCADE",
        ),
    )
