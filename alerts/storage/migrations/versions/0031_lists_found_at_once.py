"""The lists beside a subscriber are kept by one look at all whom a statement moved, whatever statistics say.

Where PostgreSQL analysed the tables while the rows of an import were not committed, it took them for empty and
held 100,000 people against 100,000 memberships, one by one: for minutes. Only functions are made anew.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

# Rows are locked in the order of their ids, as in 0007; the UPDATE sees them as they are once it has the lock.
# Each function keeps its plan for as long as its connection lives: made for one person, it must do for an
# import. So it may neither join in a loop, nor read from end to end what was small when it was made.
KEEP = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql
SET enable_nestloop = off SET enable_seqscan = off AS $$
BEGIN
    WITH moved AS MATERIALIZED (
        SELECT subscriber_id AS id, array_agg(list_id) AS lists FROM {rows} GROUP BY subscriber_id
    ), locked AS MATERIALIZED (
        SELECT id FROM subscribers WHERE id = ANY (ARRAY(SELECT id FROM moved))
        ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE subscribers s
    SET lists = ARRAY({now})
    FROM moved WHERE s.id = moved.id AND s.id = ANY (ARRAY(SELECT id FROM locked));
    RETURN NULL;
END $$;
"""
# Sorted: people on the same lists are alike, and are counted together.
JOINED = "SELECT DISTINCT unnest(s.lists || moved.lists) ORDER BY 1"
LEFT = "SELECT unnest(s.lists) EXCEPT SELECT unnest(moved.lists) ORDER BY 1"

KEEP_BEFORE = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH moved AS MATERIALIZED (
        SELECT subscriber_id AS id, array_agg(list_id) AS lists FROM {rows} GROUP BY subscriber_id
    ), locked AS MATERIALIZED (
        SELECT s.id, s.lists, moved.lists AS moved FROM subscribers s JOIN moved USING (id)
        ORDER BY s.id FOR NO KEY UPDATE OF s
    )
    UPDATE subscribers s
    SET lists = ARRAY({now})
    FROM locked WHERE s.id = locked.id;
    RETURN NULL;
END $$;
"""
JOINED_BEFORE = "SELECT DISTINCT unnest(locked.lists || locked.moved) ORDER BY 1"
LEFT_BEFORE = "SELECT unnest(locked.lists) EXCEPT SELECT unnest(locked.moved) ORDER BY 1"


def upgrade() -> None:
    op.execute(KEEP.format(name="keep_lists_joined", rows="new_rows", now=JOINED))
    op.execute(KEEP.format(name="keep_lists_left", rows="old_rows", now=LEFT))


def downgrade() -> None:
    op.execute(KEEP_BEFORE.format(name="keep_lists_joined", rows="new_rows", now=JOINED_BEFORE))
    op.execute(KEEP_BEFORE.format(name="keep_lists_left", rows="old_rows", now=LEFT_BEFORE))
