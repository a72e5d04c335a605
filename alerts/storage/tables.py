"""What every table of ours shares."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, Identity, MetaData, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

from alerts.storage.types import Instant

# Named by rule, so that a migration can always name what it changes.
NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(table_name)s_%(constraint_name)s_check",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class Table(DeclarativeBase):
    """One table; ``Table.metadata`` knows all of those that were imported."""

    metadata = MetaData(naming_convention=NAMES)


Key = Annotated[int, mapped_column(BigInteger, Identity(), primary_key=True)]
Moment = Annotated[datetime, mapped_column(Instant)]
Now = Annotated[datetime, mapped_column(Instant, server_default=func.now())]
