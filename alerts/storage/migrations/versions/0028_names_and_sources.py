"""Names of who answered and who looks after somebody are sealed, and where consent came from.

Rows of before are sealed by the clock, some at a time (storage/unsealed.py).

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

COLUMNS = (("messages", "signed"), ("threads", "keeper"), ("imports", "origin"), ("consent_events", "origin"))

# What was written in the clear is sealed, and what was sealed is sealed anew; nothing else changes.
SEALING = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('alerts.forgetting', true) = OLD.subscriber_id::text THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('alerts.resealing', true) = 'yes'
       AND to_jsonb(NEW) - 'words' - 'source' - 'origin' = to_jsonb(OLD) - 'words' - 'source' - 'origin'
       AND (NEW.words IS NULL) = (OLD.words IS NULL)
       AND (NEW.source IS NULL OR NEW.source = OLD.source)
       AND (NEW.source IS NULL AND NEW.origin IS NULL) = (OLD.source IS NULL AND OLD.origin IS NULL) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
# As 0011 left it.
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


def upgrade() -> None:
    for table, column in COLUMNS:
        op.add_column(table, sa.Column(column, sa.LargeBinary(), nullable=True))
    op.execute(SEALING)


def downgrade() -> None:
    op.execute(RESEALING)
    for table, column in COLUMNS:
        op.drop_column(table, column)
