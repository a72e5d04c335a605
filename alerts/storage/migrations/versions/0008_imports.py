"""Imports of subscribers: as a whole, and to be taken back as a whole.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OWED = "state IN ('waiting', 'running', 'taking back')"


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("lists", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("consent_date", sa.Date(), nullable=True),
        sa.Column("day_first", sa.Boolean(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("read", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False),
        sa.Column("by", sa.BigInteger(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'taking back', 'taken back')",
            name=op.f("imports_state_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("imports_pkey")),
    )
    op.create_index("imports_owed_idx", "imports", ["id"], postgresql_where=sa.text(OWED))
    _parts("import_chunks", "number", sa.Column("sealed", sa.LargeBinary(), nullable=False))
    _parts(
        "import_refusals",
        "line",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
    )
    op.create_index(op.f("import_refusals_digest_idx"), "import_refusals", ["digest"])
    op.create_table(
        "import_tags",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=False),
        _import_key("import_tags"),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("import_tags_subscriber_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("import_id", "subscriber_id", name=op.f("import_tags_pkey")),
    )
    op.create_index(op.f("import_tags_subscriber_id_idx"), "import_tags", ["subscriber_id"])
    for table in ("subscribers", "memberships"):
        op.add_column(table, sa.Column("import_id", sa.BigInteger(), nullable=True))
        op.create_index(
            f"{table}_import_id_idx", table, ["import_id"], postgresql_where=sa.text("import_id IS NOT NULL")
        )


def _parts(name: str, key: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column(key, sa.Integer(), nullable=False),
        *columns,
        _import_key(name),
        sa.PrimaryKeyConstraint("import_id", key, name=op.f(f"{name}_pkey")),
    )


def _import_key(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["import_id"], ["imports.id"], name=op.f(f"{table}_import_id_fkey"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("subscribers", "memberships"):
        op.drop_column(table, "import_id")
    for table in ("import_tags", "import_refusals", "import_chunks", "imports"):
        op.drop_table(table)
