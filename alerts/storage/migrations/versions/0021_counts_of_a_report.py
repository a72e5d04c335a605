"""The counts that are kept as deliveries move say what a report asks for: list, code and reason, too.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KEY = "alert_id, slot, language, state, list_id, code, reason"
# A key holds no NULL: list 0, code 0 and reason "" are none.
NONE = "coalesce(list_id, 0), coalesce(code, 0), coalesce(reason, '')"
COUNT = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO progress ({key}, deliveries)
    SELECT alert_id, pg_backend_pid() % 8, language, state, {none}, sum(change)
    FROM ({changes}) AS moved GROUP BY 1, 3, 4, 5, 6, 7 HAVING sum(change) <> 0
    ORDER BY 1, 3, 4, 5, 6, 7
    ON CONFLICT ({key})
    DO UPDATE SET deliveries = progress.deliveries + excluded.deliveries;
    RETURN NULL;
END $$;
"""
COUNT_BEFORE = """
CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO progress (alert_id, slot, language, state, deliveries)
    SELECT alert_id, pg_backend_pid() % 8, language, state, sum(change)
    FROM ({changes}) AS moved
    GROUP BY alert_id, language, state HAVING sum(change) <> 0
    ORDER BY alert_id, language, state
    ON CONFLICT (alert_id, slot, language, state)
    DO UPDATE SET deliveries = progress.deliveries + excluded.deliveries;
    RETURN NULL;
END $$;
"""
# Of deliveries that are there; of those that went with their month, what their alert kept.
SO_FAR = f"""
INSERT INTO progress (alert_id, language, state, list_id, code, reason, deliveries)
SELECT alert_id, language, state, {NONE}, count(*) FROM deliveries GROUP BY 1, 2, 3, 4, 5, 6
UNION ALL
SELECT a.id, one ->> 0, one ->> 2, coalesce((one ->> 1)::bigint, 0), coalesce((one ->> 3)::integer, 0),
       coalesce(one ->> 4, ''), (one ->> 5)::bigint
FROM alerts a CROSS JOIN jsonb_array_elements(a.kept -> 'deliveries') AS one
WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.alert_id = a.id)
"""  # noqa: S608


def _count(statement: str, of: str) -> None:
    new = f"SELECT {of}, 1 AS change FROM new_rows"  # noqa: S608 - columns of ours
    old = f"SELECT {of}, -1 AS change FROM old_rows"  # noqa: S608
    for name, changes in (
        ("count_new_deliveries", new),
        ("count_moved_deliveries", f"{new} UNION ALL {old}"),
    ):
        op.execute(statement.format(name=name, changes=changes, key=KEY, none=NONE))


def upgrade() -> None:
    # Whoever moves a delivery waits until its counts are those of now: about half a second a million.
    op.execute("LOCK TABLE deliveries IN SHARE ROW EXCLUSIVE MODE")
    op.add_column("progress", sa.Column("list_id", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("progress", sa.Column("code", sa.Integer(), server_default="0", nullable=False))
    op.add_column("progress", sa.Column("reason", sa.Text(), server_default="", nullable=False))
    op.execute("ALTER TABLE progress ALTER COLUMN slot SET DEFAULT 0")
    op.drop_constraint("progress_pkey", "progress")
    op.execute("DELETE FROM progress")
    op.execute(SO_FAR)
    op.create_primary_key("progress_pkey", "progress", KEY.split(", "))
    _count(COUNT, "alert_id, language, state, list_id, code, reason")


def downgrade() -> None:
    op.execute("LOCK TABLE deliveries IN SHARE ROW EXCLUSIVE MODE")
    op.drop_constraint("progress_pkey", "progress")
    op.execute("""
        WITH gone AS (DELETE FROM progress RETURNING *)
        INSERT INTO progress (alert_id, slot, language, state, deliveries)
        SELECT alert_id, 0, language, state, sum(deliveries) FROM gone GROUP BY 1, 3, 4
    """)
    for name in ("list_id", "code", "reason"):
        op.drop_column("progress", name)
    op.execute("ALTER TABLE progress ALTER COLUMN slot DROP DEFAULT")
    op.create_primary_key("progress_pkey", "progress", ["alert_id", "slot", "language", "state"])
    _count(COUNT_BEFORE, "alert_id, language, state")
