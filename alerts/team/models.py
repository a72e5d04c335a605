"""Tables: API keys."""

from __future__ import annotations

from sqlalchemy import Boolean, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from alerts.storage.tables import Key, Moment, Now, Table


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
