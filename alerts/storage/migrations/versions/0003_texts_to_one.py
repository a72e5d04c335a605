"""Texts to one person, with a sealed body: alerts of their own kind.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

LETTERS = "SELECT id FROM alerts WHERE to_subscriber IS NOT NULL"


def upgrade() -> None:
    # No foreign key: whoever is forgotten takes their letters along (broadcasts.letters.forget).
    op.add_column("alerts", sa.Column("to_subscriber", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("sealed_body", sa.LargeBinary(), nullable=True))
    op.add_column("alerts", sa.Column("parts", sa.Integer(), nullable=True))
    op.add_column(
        "alerts", sa.Column("to_pending", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_check_constraint(
        op.f("alerts_letter_check"), "alerts", "num_nulls(to_subscriber, sealed_body, parts) IN (0, 3)"
    )
    op.create_index(
        op.f("alerts_to_subscriber_idx"),
        "alerts",
        ["to_subscriber"],
        postgresql_where=sa.text("to_subscriber IS NOT NULL"),
    )
    # There will be many more letters than calls to many.
    op.create_index("alerts_to_many_idx", "alerts", ["id"], postgresql_where=sa.text("to_subscriber IS NULL"))


def downgrade() -> None:
    for table in ("deliveries", "progress"):
        op.execute(f"DELETE FROM {table} WHERE alert_id IN ({LETTERS})")  # noqa: S608 - ours
    op.execute("DELETE FROM alerts WHERE to_subscriber IS NOT NULL")
    op.drop_index("alerts_to_many_idx", "alerts")
    op.drop_index("alerts_to_subscriber_idx", "alerts")
    op.drop_constraint("alerts_letter_check", "alerts")
    for column in ("to_pending", "parts", "sealed_body", "to_subscriber"):
        op.drop_column("alerts", column)
