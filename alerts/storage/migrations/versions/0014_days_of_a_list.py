"""How many are on a list, day by day: what the picture of a list is drawn from.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Rows are only ever added: two transactions never wait for each other here, as they would over one
# row for today. The clock adds them up (subscribers/growth.py). Nobody is inserted with lists.
COUNT = """
CREATE FUNCTION count_list_days() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO list_days (list_id, day, language, people)
        SELECT l.id, (now() AT TIME ZONE l.timezone)::date, o.language, sum(o.people)
        FROM (SELECT unnest(lists) AS list_id, language, -1 AS people FROM old_rows WHERE standing = 'active'
              UNION ALL SELECT unnest(lists), language, 1 FROM new_rows WHERE standing = 'active') AS o
        JOIN lists l ON l.id = o.list_id
        GROUP BY l.id, o.language HAVING sum(o.people) <> 0;
    ELSE
        INSERT INTO list_days (list_id, day, language, people)
        SELECT l.id, (now() AT TIME ZONE l.timezone)::date, o.language, -count(*)
        FROM (SELECT unnest(lists) AS list_id, language FROM old_rows WHERE standing = 'active') AS o
        JOIN lists l ON l.id = o.list_id
        GROUP BY l.id, o.language;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_list_days_changed AFTER UPDATE ON subscribers
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_list_days();
CREATE TRIGGER count_list_days_gone AFTER DELETE ON subscribers REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_list_days();
"""
# Of what was before, only those who are on it now are known.
SO_FAR = """
INSERT INTO list_days (list_id, day, language, people)
SELECT l.id, (m.joined_at AT TIME ZONE l.timezone)::date, s.language, count(*)
FROM memberships m JOIN lists l ON l.id = m.list_id JOIN subscribers s ON s.id = m.subscriber_id
WHERE s.standing = 'active' GROUP BY 1, 2, 3
"""


def upgrade() -> None:
    op.create_table(
        "list_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("list_days_pkey")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("list_days_list_id_fkey"), ondelete="CASCADE"
        ),
    )
    op.create_index("list_days_list_id_day_idx", "list_days", ["list_id", "day"])
    op.execute(SO_FAR)
    op.execute(COUNT)


def downgrade() -> None:
    for name in ("count_list_days_changed", "count_list_days_gone"):
        op.execute(f"DROP TRIGGER {name} ON subscribers")
    op.execute("DROP FUNCTION count_list_days()")
    op.drop_table("list_days")
