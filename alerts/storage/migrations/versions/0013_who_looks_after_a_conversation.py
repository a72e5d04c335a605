"""Which organizer looks after a conversation.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("threads", sa.Column("assigned_to", sa.BigInteger(), nullable=True))
    op.create_foreign_key(
        "threads_assigned_to_fkey", "threads", "organizers", ["assigned_to"], ["id"], ondelete="SET NULL"
    )
    op.create_index(
        "threads_assigned_to_idx",
        "threads",
        ["assigned_to", "moved_at"],
        postgresql_where=sa.text("assigned_to IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_column("threads", "assigned_to")
