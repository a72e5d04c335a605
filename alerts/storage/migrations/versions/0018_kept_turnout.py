"""Of an action that is long over: answers by list and by hour are kept as numbers, too.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kept_list_answers",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("guests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", "list_id", "answer", name=op.f("kept_list_answers_pkey")),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("kept_list_answers_action_id_fkey")),
    )
    op.create_table(
        "kept_hour_answers",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", "hour", "answer", name=op.f("kept_hour_answers_pkey")),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("kept_hour_answers_action_id_fkey")),
    )


def downgrade() -> None:
    op.drop_table("kept_hour_answers")
    op.drop_table("kept_list_answers")
