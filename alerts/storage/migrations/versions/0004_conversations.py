"""Conversations: threads, organizers' messages, invitations, and what is left of the forgotten.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from alerts.storage.sealing import sealer

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SEALED = sa.LargeBinary()
NOW = sa.text("now()")
NONE = sa.text("0")


def _of_subscriber(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["subscriber_id"],
        ["subscribers.id"],
        name=op.f(f"{table}_subscriber_id_fkey"),
        ondelete="CASCADE",
    )


# The proof of consent stays as it is, unless its person asked that all be erased.
FORGETTING = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('alerts.forgetting', true) = OLD.subscriber_id::text THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""
ALWAYS = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
"""


def upgrade() -> None:
    op.execute(FORGETTING)
    op.add_column(
        "lists", sa.Column("confirms", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.create_table(
        "invitations",
        sa.Column("list_id", sa.BigInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", MOMENT, server_default=NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["list_id"], ["lists.id"], name=op.f("invitations_list_id_fkey"), ondelete="CASCADE"
        ),
        _of_subscriber("invitations"),
        sa.PrimaryKeyConstraint("list_id", "subscriber_id", name=op.f("invitations_pkey")),
    )
    op.create_index(op.f("invitations_subscriber_id_idx"), "invitations", ["subscriber_id"])
    op.create_table(
        "forgotten",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("forgotten_pkey")),
    )
    _one_number_one_place()
    op.create_table(
        "threads",
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("unread", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=True),
        sa.Column("moved_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("promised_at", MOMENT, nullable=True),
        sa.Column("menu", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("burst_at", MOMENT, nullable=True),
        sa.Column("burst", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("muted_until", MOMENT, nullable=True),
        sa.Column("last_answer", sa.BigInteger(), nullable=True),
        sa.Column("last_answers", sa.Integer(), server_default=NONE, nullable=False),
        sa.Column("blocked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("state IN ('open', 'waiting', 'closed')", name=op.f("threads_state_check")),
        _of_subscriber("threads"),
        sa.PrimaryKeyConstraint("subscriber_id", name=op.f("threads_pkey")),
    )
    op.create_index(
        "threads_inbox_idx",
        "threads",
        ["state", "moved_at"],
        postgresql_where=sa.text("state IS NOT NULL"),
    )
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("alert_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("body", SEALED, nullable=False),
        sa.Column("written_at", MOMENT, server_default=NOW, nullable=False),
        _of_subscriber("messages"),
        sa.PrimaryKeyConstraint("id", name=op.f("messages_pkey")),
    )
    op.create_index(op.f("messages_subscriber_id_idx"), "messages", ["subscriber_id"])
    op.create_table(
        "canned_answers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("text", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("canned_answers_pkey")),
        sa.UniqueConstraint("name", name=op.f("canned_answers_name_key")),
    )


def _one_number_one_place() -> None:
    """Whoever wrote to us has a row in ``subscribers``; ``replies`` holds no number any more."""
    connection = op.get_bind()
    strangers = sa.text("SELECT DISTINCT phone FROM replies WHERE subscriber_id IS NULL")
    for (sealed,) in connection.execute(strangers).all():
        phone = sealer().open_findable("replies.phone", bytes(sealed))
        connection.execute(
            sa.text(
                "INSERT INTO subscribers (phone, language, standing) VALUES (:phone, 'en', 'pending')"
                " ON CONFLICT DO NOTHING"
            ),
            {"phone": sealer().seal_findable("subscribers.phone", phone)},
        )
        connection.execute(
            sa.text(
                "UPDATE replies SET subscriber_id = (SELECT id FROM subscribers WHERE phone = ANY (:forms))"
                " WHERE phone = :sealed AND subscriber_id IS NULL"
            ),
            {"forms": sealer().findable_forms("subscribers.phone", phone), "sealed": sealed},
        )
    op.drop_column("replies", "phone")
    op.execute("UPDATE replies SET intent = 'message' WHERE intent IS NULL")
    op.alter_column("replies", "intent", nullable=False)
    op.alter_column("replies", "body", nullable=True)
    op.drop_constraint("replies_subscriber_id_fkey", "replies")
    op.create_foreign_key(
        "replies_subscriber_id_fkey",
        "replies",
        "subscribers",
        ["subscriber_id"],
        ["id"],
        ondelete="CASCADE",
    )


def downgrade() -> None:
    for table in ("canned_answers", "messages", "threads", "forgotten", "invitations"):
        op.drop_table(table)
    op.drop_column("lists", "confirms")
    op.execute("DELETE FROM replies WHERE body IS NULL OR subscriber_id IS NULL")
    op.alter_column("replies", "body", nullable=False)
    op.alter_column("replies", "intent", nullable=True)
    op.drop_constraint("replies_subscriber_id_fkey", "replies")
    op.create_foreign_key(
        "replies_subscriber_id_fkey",
        "replies",
        "subscribers",
        ["subscriber_id"],
        ["id"],
        ondelete="SET NULL",
    )
    # A number can be sealed for its new column only by the program: what stays has an empty one.
    op.add_column("replies", sa.Column("phone", SEALED, server_default=sa.text("''"), nullable=False))
    op.create_index(op.f("replies_phone_idx"), "replies", ["phone"])
    op.execute(ALWAYS)
