"""Around an alert: hours, approval, schedule, versions of an action, and the audit trail.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WAITING = "state = 'waiting'"
ALERT_COLUMNS = (
    ("urgent_reason", sa.Text()),
    ("send_before", sa.Text()),
    ("due_at", MOMENT),
    ("until", MOMENT),
    ("action_version", sa.Integer()),
    ("written_by", sa.BigInteger()),
    ("approved_by", sa.BigInteger()),
    ("approved_at", MOMENT),
    ("approved_version", sa.Text()),
)
ALERT_CHECKS = {
    "kind": "kind IN ('call', 'reminder', 'correction')",
    "one_time": "num_nonnulls(send_at, send_before) < 2",
    "before_an_action": "send_before IS NULL OR action_id IS NOT NULL",
    "scheduled_for_a_time": "state <> 'scheduled' OR due_at IS NOT NULL",
}

# The function of 0001 knows one table's exception; here there is none.
APPEND_ONLY = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
"""


def upgrade() -> None:
    op.add_column("actions", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("lists", sa.Column("opens", sa.Time(), nullable=True))
    op.add_column("lists", sa.Column("closes", sa.Time(), nullable=True))
    op.create_check_constraint(op.f("lists_hours_check"), "lists", "(opens IS NULL) = (closes IS NULL)")
    _alerts()
    op.add_column("deliveries", sa.Column("list_id", sa.BigInteger(), nullable=True))
    op.drop_index("deliveries_waiting_idx", "deliveries")
    _waiting_index(f"{WAITING} AND not_before IS NULL")
    op.create_index(
        "deliveries_parked_idx",
        "deliveries",
        ["alert_id", "not_before"],
        postgresql_where=sa.text(f"{WAITING} AND not_before IS NOT NULL"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("api_key_id", sa.BigInteger(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("noun", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pkey")),
    )
    op.create_index("audit_noun_number_idx", "audit", ["noun", "number"])
    op.execute(APPEND_ONLY)


def _alerts() -> None:
    op.add_column("alerts", sa.Column("kind", sa.Text(), server_default="call", nullable=False))
    for name, kind in ALERT_COLUMNS:
        op.add_column("alerts", sa.Column(name, kind, nullable=True))
    op.execute("UPDATE alerts SET due_at = send_at WHERE state = 'scheduled'")
    op.execute("UPDATE alerts SET urgent_reason = 'none was asked for' WHERE urgent")
    op.execute("ALTER TABLE alerts DROP CONSTRAINT alerts_state_check")
    _state_check("'draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled', 'missed'")
    for name, condition in ALERT_CHECKS.items():
        op.create_check_constraint(op.f(f"alerts_{name}_check"), "alerts", condition)


def _state_check(states: str) -> None:
    op.create_check_constraint(op.f("alerts_state_check"), "alerts", f"state IN ({states})")


def _waiting_index(where: str) -> None:
    op.create_index(
        "deliveries_waiting_idx",
        "deliveries",
        ["alert_id", "sender", "id"],
        postgresql_where=sa.text(where),
    )


def downgrade() -> None:
    op.drop_table("audit")
    op.execute("DROP FUNCTION refuse_audit_change()")
    op.drop_index("deliveries_parked_idx", "deliveries")
    op.drop_index("deliveries_waiting_idx", "deliveries")
    _waiting_index(WAITING)
    op.drop_column("deliveries", "list_id")
    for name in ALERT_CHECKS:
        op.drop_constraint(op.f(f"alerts_{name}_check"), "alerts")
    op.drop_constraint(op.f("alerts_state_check"), "alerts")
    op.execute("UPDATE alerts SET state = 'cancelled' WHERE state = 'missed'")
    _state_check("'draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled'")
    for name, _ in ALERT_COLUMNS:
        op.drop_column("alerts", name)
    op.drop_column("alerts", "kind")
    op.drop_column("lists", "closes")
    op.drop_column("lists", "opens")
    op.drop_column("actions", "version")
