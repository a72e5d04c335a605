"""A form of the pages that is sent twice is done once: what it was answered is known.

Revision ID: 0024
Revises: 0023
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presses",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.BigInteger(), nullable=True),
        sa.Column("leads_to", sa.Text(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["organizer_sessions.id"],
            name=op.f("presses_session_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("presses_pkey")),
    )
    op.create_index(op.f("presses_session_id_idx"), "presses", ["session_id"])
    op.create_index(op.f("presses_created_at_idx"), "presses", ["created_at"])


def downgrade() -> None:
    op.drop_table("presses")
