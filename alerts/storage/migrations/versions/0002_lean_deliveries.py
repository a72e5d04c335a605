"""Deliveries: a sender each, half the indexes, and counts kept as they move.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Whoever changes deliveries, by whatever statement, the counts are right when it commits. A slot for
# each of some connections: two workers that record at the same moment do not wait for one row.
COUNT = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER {name} AFTER {event} ON deliveries REFERENCING {tables}
    FOR EACH STATEMENT EXECUTE FUNCTION {name}();
"""
NEW = "SELECT alert_id, language, state, 1 AS change FROM new_rows"
OLD = "SELECT alert_id, language, state, -1 AS change FROM old_rows"


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("sender", sa.Text(), server_default="", nullable=False))
    op.alter_column("deliveries", "sender", server_default=None)
    op.add_column("deliveries", sa.Column("returned_sid", sa.Text(), nullable=True))
    # A foreign key is looked up for every row: half the time of writing an audience. Alerts are never
    # deleted, and the rows come from subscribers in the same statement.
    op.drop_constraint("deliveries_alert_id_fkey", "deliveries")
    op.drop_constraint("deliveries_subscriber_id_fkey", "deliveries")
    # Each index is written again whenever a delivery moves, four times a text.
    op.drop_constraint("deliveries_message_sid_key", "deliveries")
    op.drop_index("deliveries_subscriber_idx", "deliveries")
    op.drop_index("deliveries_open_idx", "deliveries")
    op.drop_index("deliveries_under_way_idx", "deliveries")
    op.create_index(
        "deliveries_waiting_idx",
        "deliveries",
        ["alert_id", "sender", "id"],
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "deliveries_under_way_idx",
        "deliveries",
        ["alert_id", "id"],
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.add_column("alerts", sa.Column("stumble", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("stumbles", sa.Integer(), server_default="0", nullable=False))
    op.create_table(
        "progress",
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("deliveries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "slot", "language", "state", name=op.f("progress_pkey")),
        postgresql_with={"fillfactor": "50"},
    )
    op.execute(
        "INSERT INTO progress SELECT alert_id, 0, language, state, count(*) FROM deliveries"
        " GROUP BY alert_id, language, state"
    )
    op.execute(
        COUNT.format(name="count_new_deliveries", event="INSERT", changes=NEW, tables="NEW TABLE AS new_rows")
    )
    op.execute(
        COUNT.format(
            name="count_moved_deliveries",
            event="UPDATE",
            changes=f"{NEW} UNION ALL {OLD}",
            tables="OLD TABLE AS old_rows NEW TABLE AS new_rows",
        )
    )


def downgrade() -> None:
    for name in ("count_new_deliveries", "count_moved_deliveries"):
        op.execute(f"DROP TRIGGER {name} ON deliveries")
        op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("progress")
    op.drop_column("alerts", "stumbles")
    op.drop_column("alerts", "stumble")
    op.drop_index("deliveries_under_way_idx", "deliveries")
    op.drop_index("deliveries_waiting_idx", "deliveries")
    op.create_index(
        "deliveries_under_way_idx",
        "deliveries",
        ["state", "changed_at"],
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.create_index(
        "deliveries_open_idx",
        "deliveries",
        ["alert_id", "state", "id"],
        postgresql_where=sa.text("state IN ('waiting', 'sending', 'unknown')"),
    )
    op.create_index("deliveries_subscriber_idx", "deliveries", ["subscriber_id", "alert_id"])
    op.create_unique_constraint("deliveries_message_sid_key", "deliveries", ["message_sid"])
    op.create_foreign_key(
        "deliveries_subscriber_id_fkey", "deliveries", "subscribers", ["subscriber_id"], ["id"]
    )
    op.create_foreign_key("deliveries_alert_id_fkey", "deliveries", "alerts", ["alert_id"], ["id"])
    op.drop_column("deliveries", "returned_sid")
    op.drop_column("deliveries", "sender")
