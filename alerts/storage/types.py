"""Column types that no query can forget: sealed numbers and texts, and aware times."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Dialect, LargeBinary, type_coerce
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

from alerts.storage.sealing import sealer


class FindableText(TypeDecorator[str]):
    """A text that is sealed at rest and can be looked up with ``findable(column, text)``."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else sealer().seal_findable(self.column, value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else sealer().open_findable(self.column, bytes(value))


class PrivateText(TypeDecorator[str]):
    """A text that is sealed at rest and cannot be looked up."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__()

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else sealer().seal_private(self.column, value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else sealer().open_private(self.column, bytes(value))


class PrivateJson(TypeDecorator[Any]):
    """Something that JSON can hold, sealed at rest: it cannot be looked up, nor looked into."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__()

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> bytes | None:
        return None if value is None else sealer().seal_json(self.column, value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any | None:
        return None if value is None else sealer().open_json(self.column, bytes(value))


class SealedOctets(LargeBinary):
    """Octets that whoever writes them seals, for ``column`` (``Sealer.seal_octets``)."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__()


class Digest(LargeBinary):
    """What something is recognised by, and cannot be read from (``Sealer.digest``)."""


def findable(column: InstrumentedAttribute[Any], text: str) -> ColumnElement[bool]:
    """``column`` holds ``text``, whichever of the present keys sealed it."""
    kind = column.type
    assert isinstance(kind, FindableText)  # noqa: S101 - a programming error, not an input
    forms: Iterable[bytes] = sealer().findable_forms(kind.column, text)
    return type_coerce(column, LargeBinary).in_(list(forms))


class Instant(TypeDecorator[datetime]):
    """A moment: refuses a naive time, gives back UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without its zone cannot be stored")
        return value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)
