"""What an action was when an alert's text was worded, and who changed it since: a typed time does not follow.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", sa.Column("worded_from", sa.LargeBinary()))
    op.add_column("actions", sa.Column("facts_by", sa.BigInteger()))


def downgrade() -> None:
    op.drop_column("actions", "facts_by")
    op.drop_column("alerts", "worded_from")
