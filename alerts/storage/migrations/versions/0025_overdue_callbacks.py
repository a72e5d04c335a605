"""When each alert's texts are looked up at the carrier next, as callbacks get lost.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("look_up_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("looked_up_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("looked_up_to", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index(
        "alerts_look_up_idx",
        "alerts",
        ["look_up_at"],
        postgresql_where=sa.text("look_up_at IS NOT NULL"),
    )
    # What was lost until now and the carrier knows still.
    op.execute("""
        UPDATE alerts SET look_up_at = now()
        WHERE prepared_at IS NOT NULL AND copies_erased_at IS NULL AND unlinked_at IS NULL
          AND (finished_at IS NULL OR finished_at > now() - interval '1 day')
    """)


def downgrade() -> None:
    op.drop_index("alerts_look_up_idx", "alerts")
    for name in ("looked_up_to", "looked_up_at", "look_up_at"):
        op.drop_column("alerts", name)
