"""Tables: API keys, what they were answered, and the audit trail."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Moment, Now, Table
from alerts.storage.types import PrivateText


class ApiKey(Table):
    """A program's right to use the API. The key itself is shown once and never stored."""

    __tablename__ = "api_keys"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # SHA-256 of the key
    may_read_numbers: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[Now]
    expires_at: Mapped[Moment | None]
    revoked_at: Mapped[Moment | None]


class Idempotency(Table):
    """A POST that came with an ``Idempotency-Key``, and what it was answered."""

    __tablename__ = "idempotency"

    api_key_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("api_keys.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    request: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256 of path, query and body
    # Set when the transaction that answers commits.
    status: Mapped[int | None] = mapped_column(Integer)
    answer: Mapped[str | None] = mapped_column(PrivateText("idempotency.answer"))
    created_at: Mapped[Now] = mapped_column(index=True)


class AuditEntry(Table):
    """Who did what to which thing, and when. Append-only: a trigger refuses every change (0006)."""

    __tablename__ = "audit"

    id: Mapped[Key]
    at: Mapped[Now]
    api_key_id: Mapped[int | None] = mapped_column(BigInteger)  # None: the clock
    who: Mapped[str] = mapped_column(Text)  # the key's name then
    what: Mapped[str] = mapped_column(Text)
    noun: Mapped[str] = mapped_column(Text)
    number: Mapped[int] = mapped_column(BigInteger)  # the id of the thing
    facts: Mapped[dict[str, str | int | None]] = mapped_column(JSONB)

    __table_args__ = (Index("audit_noun_number_idx", "noun", "number"),)
