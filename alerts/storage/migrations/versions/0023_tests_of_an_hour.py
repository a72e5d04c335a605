"""How many tests of alerts somebody had texted within the hour is counted in the audit trail.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("audit_tested_idx", "audit", ["at"], postgresql_where=sa.text("what = 'tested'"))


def downgrade() -> None:
    op.drop_index("audit_tested_idx", "audit")
