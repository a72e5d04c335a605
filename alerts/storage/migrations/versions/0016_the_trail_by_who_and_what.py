"""The audit trail is read by who did something, and to what kind of thing.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("audit_noun_id_idx", "audit", ["noun", "id"])
    op.create_index("audit_actor_id_id_idx", "audit", ["actor_id", "id"])


def downgrade() -> None:
    op.drop_index("audit_actor_id_id_idx", "audit")
    op.drop_index("audit_noun_id_idx", "audit")
