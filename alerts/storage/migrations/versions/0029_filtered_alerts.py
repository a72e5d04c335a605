"""What of an alert the phone companies had filtered when it was last looked at.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("judged_taken", sa.BigInteger(), nullable=True))
    op.add_column("alerts", sa.Column("judged_filtered", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("alerts", "judged_filtered")
    op.drop_column("alerts", "judged_taken")
