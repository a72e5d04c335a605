"""The lists that somebody was on when they answered, beside their language: answers are counted without a join.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rsvps", sa.Column("lists", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False)
    )
    op.execute("UPDATE rsvps r SET lists = s.lists FROM subscribers s WHERE s.id = r.subscriber_id")


def downgrade() -> None:
    op.drop_column("rsvps", "lists")
