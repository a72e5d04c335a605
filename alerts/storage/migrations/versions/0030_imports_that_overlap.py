"""What an import gives to people who have it from another import already: to be taken back without a trace.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_again",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", "import_id", name=op.f("import_again_pkey")),
        sa.ForeignKeyConstraint(
            ["list_id", "subscriber_id"],
            ["memberships.list_id", "memberships.subscriber_id"],
            name=op.f("import_again_list_id_subscriber_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("import_again_import_id_fkey"), ondelete="CASCADE"
        ),
    )
    op.create_index(op.f("import_again_import_id_idx"), "import_again", ["import_id"])
    op.add_column("import_tags", sa.Column("language", sa.Text(), nullable=True))
    op.add_column("import_tags", sa.Column("holds", sa.Boolean(), server_default="true", nullable=False))
    op.add_column(
        "subscribers", sa.Column("was_pending", sa.Boolean(), server_default="false", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("subscribers", "was_pending")
    op.drop_column("import_tags", "holds")
    op.drop_column("import_tags", "language")
    op.drop_table("import_again")
