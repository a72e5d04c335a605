"""What a request with an Idempotency-Key asked is sealed: from its plain hash a number could be guessed.

Rows of before keep theirs for the rest of their day; then they are forgotten.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency", sa.Column("asked", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM idempotency WHERE asked IS NOT NULL")
    op.drop_column("idempotency", "asked")
