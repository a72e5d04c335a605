"""The lists of a subscriber beside their language and standing: an audience is counted in one look.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Whoever changes memberships, by whatever statement, the lists of their people are right when it
# commits. Rows are locked in the order of their ids: two statements wait for each other, never in a circle.
KEEP = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER {name} AFTER {event} ON memberships REFERENCING {reference} TABLE AS {rows}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""
# Sorted: people on the same lists are alike, and are counted together.
JOINED = "SELECT DISTINCT unnest(locked.lists || locked.moved) ORDER BY 1"
LEFT = "SELECT unnest(locked.lists) EXCEPT SELECT unnest(locked.moved) ORDER BY 1"


def upgrade() -> None:
    op.add_column(
        "subscribers",
        sa.Column("lists", postgresql.ARRAY(sa.BigInteger()), server_default="{}", nullable=False),
    )
    op.execute(
        "UPDATE subscribers s SET lists = m.lists FROM"
        " (SELECT subscriber_id, array_agg(list_id ORDER BY list_id) AS lists FROM memberships"
        "  GROUP BY subscriber_id) AS m WHERE m.subscriber_id = s.id"
    )
    op.create_index("subscribers_lists_tags_idx", "subscribers", ["lists", "tags"], postgresql_using="gin")
    op.execute(
        KEEP.format(name="keep_lists_joined", event="INSERT", reference="NEW", rows="new_rows", now=JOINED)
    )
    op.execute(
        KEEP.format(name="keep_lists_left", event="DELETE", reference="OLD", rows="old_rows", now=LEFT)
    )


def downgrade() -> None:
    for name in ("keep_lists_joined", "keep_lists_left"):
        op.execute(f"DROP TRIGGER {name} ON memberships")
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_index("subscribers_lists_tags_idx", "subscribers")
    op.drop_column("subscribers", "lists")
