"""What of an alert the phone companies had filtered when it was last looked at.

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
    op.add_column("alerts", sa.Column("judged_taken", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("judged_filtered", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("alerts", "judged_filtered")
    op.drop_column("alerts", "judged_taken")
