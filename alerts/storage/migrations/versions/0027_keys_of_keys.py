"""A key knows with which other it was made: it ends with that one.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("made_with", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("api_keys", "made_with")
