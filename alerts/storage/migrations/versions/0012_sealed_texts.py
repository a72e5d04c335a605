"""What organizers write is sealed as well: texts of alerts, of templates, of answers; what actions are.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from alerts.storage.sealing import sealer

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Table, its key, column, whether it may be null.
TEXTS = (
    ("actions", "id", "title", False),
    ("actions", "id", "details", False),
    ("alerts", "id", "text", False),
    ("alerts", "id", "bodies", True),
    ("template_versions", "template_id, version", "text", False),
    ("canned_answers", "id", "text", False),
)


KINDS = {sa.LargeBinary: "bytea", sa.Text: "text", postgresql.JSONB: "jsonb"}


def upgrade() -> None:
    for table, key, column, nullable in TEXTS:
        _convert(table, key, column, nullable, sa.LargeBinary(), _sealed(f"{table}.{column}"))
    _convert("actions", "id", "place", False, sa.LargeBinary(), _sealed_text("actions.place"))


def downgrade() -> None:
    jsonb = postgresql.JSONB(astext_type=sa.Text())
    for table, key, column, nullable in TEXTS:
        _convert(table, key, column, nullable, jsonb, _opened(f"{table}.{column}"))
    _convert("actions", "id", "place", False, sa.Text(), _opened_text("actions.place"))


def _sealed(name: str) -> Callable[[Any], Any]:
    return lambda value: sealer().seal_json(name, value)


def _sealed_text(name: str) -> Callable[[Any], Any]:
    return lambda value: sealer().seal_private(name, value)


def _opened(name: str) -> Callable[[Any], Any]:
    return lambda value: json.dumps(sealer().open_json(name, bytes(value)))


def _opened_text(name: str) -> Callable[[Any], Any]:
    return lambda value: sealer().open_private(name, bytes(value))


def _convert(
    table: str, key: str, column: str, nullable: bool, kind: Any, convert: Callable[[Any], Any]
) -> None:
    """The column with what ``convert`` makes of each value. Keys are needed only where there are rows."""
    op.alter_column(table, column, new_column_name=f"{column}_before")
    op.add_column(table, sa.Column(column, kind, nullable=True))
    connection = op.get_bind()
    cast = f"cast(:value AS {KINDS[type(kind)]})"
    where = " AND ".join(f"{name} = :{name}" for name in key.split(", "))
    statement = sa.text(f"UPDATE {table} SET {column} = {cast} WHERE {where}")  # noqa: S608 - names of ours
    rows = connection.execute(sa.text(f"SELECT {key}, {column}_before AS value FROM {table}"))  # noqa: S608
    for row in rows.mappings().all():
        if row["value"] is not None:
            connection.execute(statement, {**row, "value": convert(row["value"])})
    op.drop_column(table, f"{column}_before")
    if not nullable:
        op.alter_column(table, column, nullable=False)
