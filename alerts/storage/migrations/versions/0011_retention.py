"""What is kept and for how long: counts in place of people, and copies at the carrier that are to be erased.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")

# Keys are changed while the system runs: what was sealed is sealed anew, and nothing else changes.
RESEALING = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('alerts.forgetting', true) = OLD.subscriber_id::text THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('alerts.resealing', true) = 'yes'
       AND to_jsonb(NEW) - 'words' = to_jsonb(OLD) - 'words'
       AND (NEW.words IS NULL) = (OLD.words IS NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


# As 0004 left it.
WITHOUT = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('alerts.forgetting', true) = OLD.subscriber_id::text THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def upgrade() -> None:
    op.add_column("actions", sa.Column("counted_at", MOMENT, nullable=True))
    op.add_column("alerts", sa.Column("unlinked_at", MOMENT, nullable=True))
    op.add_column("alerts", sa.Column("copies_erased_at", MOMENT, nullable=True))
    op.add_column("alerts", sa.Column("kept", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.create_index(
        "alerts_copied_idx",
        "alerts",
        ["finished_at"],
        postgresql_where=sa.text("finished_at IS NOT NULL AND copies_erased_at IS NULL"),
    )
    op.add_column(
        "replies", sa.Column("at_carrier", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.create_index(
        "replies_at_carrier_idx", "replies", ["received_at"], postgresql_where=sa.text("at_carrier")
    )
    op.create_table(
        "kept_answers",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("guests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("action_id", "language", "answer", name=op.f("kept_answers_pkey")),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("kept_answers_action_id_fkey")),
    )
    op.create_table(
        "kept_replies",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "intent", name=op.f("kept_replies_pkey")),
    )
    op.create_table(
        "copies",
        sa.Column("message_sid", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, server_default=NOW, nullable=False),
        sa.Column("due_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("message_sid", name=op.f("copies_pkey")),
    )
    op.create_index(op.f("copies_due_at_idx"), "copies", ["due_at"])
    op.execute(RESEALING)


def downgrade() -> None:
    op.execute(WITHOUT)
    for table in ("copies", "kept_replies", "kept_answers"):
        op.drop_table(table)
    op.drop_index("replies_at_carrier_idx", "replies")
    op.drop_column("replies", "at_carrier")
    op.drop_index("alerts_copied_idx", "alerts")
    for column in ("kept", "copies_erased_at", "unlinked_at"):
        op.drop_column("alerts", column)
    op.drop_column("actions", "counted_at")
