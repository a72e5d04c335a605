"""the first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)
SEALED = sa.LargeBinary()


def key() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


APPEND_ONLY = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER consent_events_append_only BEFORE UPDATE OR DELETE ON consent_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.create_table(
        "actions",
        key(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("title", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cancelled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "kind IN ('strike', 'walkout', 'rally', 'lobby_action', 'petition_delivery', 'meeting')",
            name=op.f("actions_kind_check"),
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("actions_ends_after_start_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("actions_pkey")),
    )
    op.create_table(
        "api_keys",
        key(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("may_read_numbers", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("api_keys_pkey")),
        sa.UniqueConstraint("digest", name=op.f("api_keys_digest_key")),
    )
    op.create_table(
        "consent_events",
        key(),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("words", SEALED, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("consent_events_pkey")),
    )
    op.create_index(
        op.f("consent_events_subscriber_id_idx"), "consent_events", ["subscriber_id"], unique=False
    )
    op.create_table(
        "lists",
        key(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("lists_pkey")),
        sa.UniqueConstraint("name", name=op.f("lists_name_key")),
    )
    op.create_table(
        "subscribers",
        key(),
        sa.Column("phone", SEALED, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("language IN ('en', 'es', 'so')", name=op.f("subscribers_language_check")),
        sa.CheckConstraint(
            "standing IN ('pending', 'active', 'left', 'unreachable')",
            name=op.f("subscribers_standing_check"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("subscribers_pkey")),
        sa.UniqueConstraint("phone", name=op.f("subscribers_phone_key")),
    )
    op.create_table(
        "alerts",
        key(),
        sa.Column("state", sa.Text(), server_default="draft", nullable=False),
        sa.Column("action_id", sa.BigInteger(), nullable=True),
        sa.Column("audience", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asks_rsvp", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("send_at", MOMENT, nullable=True),
        sa.Column("bodies", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("prepared_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled')",
            name=op.f("alerts_state_check"),
        ),
        sa.CheckConstraint(
            "NOT asks_rsvp OR action_id IS NOT NULL", name=op.f("alerts_asks_about_an_action_check")
        ),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("alerts_action_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("alerts_pkey")),
    )
    op.create_index(op.f("alerts_action_id_idx"), "alerts", ["action_id"], unique=False)
    op.create_index(
        "alerts_under_way_idx",
        "alerts",
        ["state"],
        unique=False,
        postgresql_where=sa.text("state IN ('scheduled', 'sending')"),
    )
    op.create_table(
        "join_words",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.CheckConstraint("language IN ('en', 'es', 'so')", name=op.f("join_words_language_check")),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("join_words_list_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("join_words_pkey")),
    )
    op.create_index("join_words_list_id_language_key", "join_words", ["list_id", "language"], unique=True)
    op.create_table(
        "memberships",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("memberships_list_id_fkey"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("memberships_subscriber_id_fkey"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", name=op.f("memberships_pkey")),
    )
    op.create_index(op.f("memberships_subscriber_id_idx"), "memberships", ["subscriber_id"], unique=False)
    op.create_table(
        "replies",
        key(),
        sa.Column("message_sid", sa.Text(), nullable=False),
        sa.Column("phone", SEALED, nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.Column("body", SEALED, nullable=False),
        sa.Column("media", sa.Integer(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("answer", SEALED, nullable=True),
        sa.Column("received_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscribers.id"],
            name=op.f("replies_subscriber_id_fkey"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("replies_pkey")),
        sa.UniqueConstraint("message_sid", name=op.f("replies_message_sid_key")),
    )
    op.create_index(op.f("replies_phone_idx"), "replies", ["phone"], unique=False)
    op.create_index(op.f("replies_subscriber_id_idx"), "replies", ["subscriber_id"], unique=False)
    op.create_table(
        "rsvps",
        sa.Column("action_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("guests", sa.Integer(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("answered_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("answer IN ('yes', 'no', 'maybe')", name=op.f("rsvps_answer_check")),
        sa.CheckConstraint("guests BETWEEN 0 AND 99", name=op.f("rsvps_guests_check")),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("rsvps_action_id_fkey")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("rsvps_subscriber_id_fkey"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("action_id", "subscriber_id", name=op.f("rsvps_pkey")),
    )
    op.create_index(op.f("rsvps_subscriber_id_idx"), "rsvps", ["subscriber_id"], unique=False)
    op.create_table(
        "deliveries",
        key(),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before", MOMENT, nullable=True),
        sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("message_sid", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("changed_at", MOMENT, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'accepted', 'sent', 'delivered', 'undelivered', 'failed', 'unknown', 'skipped', 'cancelled')",
            name=op.f("deliveries_state_check"),
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("deliveries_alert_id_fkey")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name=op.f("deliveries_subscriber_id_fkey")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("deliveries_pkey")),
        sa.UniqueConstraint("alert_id", "subscriber_id", name=op.f("deliveries_alert_id_subscriber_id_key")),
        sa.UniqueConstraint("message_sid", name=op.f("deliveries_message_sid_key")),
    )
    op.create_index(
        "deliveries_open_idx",
        "deliveries",
        ["alert_id", "state", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'sending', 'unknown')"),
    )
    op.create_index(
        "deliveries_under_way_idx",
        "deliveries",
        ["state", "changed_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('sending', 'unknown')"),
    )
    op.create_index("deliveries_subscriber_idx", "deliveries", ["subscriber_id", "alert_id"], unique=False)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("rsvps")
    op.drop_table("replies")
    op.drop_table("memberships")
    op.drop_table("join_words")
    op.drop_table("alerts")
    op.drop_table("subscribers")
    op.drop_table("lists")
    op.drop_table("consent_events")
    op.drop_table("api_keys")
    op.drop_table("actions")
    op.execute("DROP FUNCTION refuse_change()")
