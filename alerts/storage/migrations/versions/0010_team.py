"""The team: organizers, their sessions, scopes of keys; the chained audit trail; alarms and lockdown.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.text("now()")

# One numbering for all who may act. It belongs to a table, so that it goes and is reset with it.
ACTORS = """
CREATE SEQUENCE actors_id_seq;
SELECT setval('actors_id_seq', greatest((SELECT max(id) FROM api_keys), 1),
              EXISTS (SELECT FROM api_keys));
ALTER TABLE api_keys ALTER COLUMN id DROP IDENTITY;
ALTER TABLE api_keys ALTER COLUMN id SET DEFAULT nextval('actors_id_seq');
ALTER SEQUENCE actors_id_seq OWNED BY api_keys.id;
"""
# A key could do everything so far, but see numbers.
SCOPES = """
UPDATE api_keys SET scopes = ARRAY['read', 'write', 'talk', 'send', 'admin']
    || CASE WHEN may_read_numbers THEN ARRAY['numbers'] ELSE '{}'::text[] END
"""
# The chain is made when a transaction commits: nothing is waited for after its lock, so that no two
# transactions can wait for each other over it.
CHAIN = """
CREATE FUNCTION audit_entry(a audit) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(a.id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                             a.actor_id, a.who, a.network, a.what, a.noun, a.number, a.facts)::text
$$;
CREATE FUNCTION chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
    PERFORM pg_advisory_xact_lock(7230003);
    SELECT place, hash INTO last FROM audit_chain ORDER BY place DESC LIMIT 1;
    INSERT INTO audit_chain (place, entry_id, hash)
    VALUES (coalesce(last.place, 0) + 1, NEW.id,
            sha256(coalesce(last.hash, ''::bytea) || convert_to(audit_entry(NEW), 'UTF8')));
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER audit_chained AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION chain_audit();
DO $$
DECLARE one audit; last bytea := ''; place bigint := 0;
BEGIN
    FOR one IN SELECT * FROM audit ORDER BY id LOOP
        place := place + 1;
        last := sha256(last || convert_to(audit_entry(one), 'UTF8'));
        INSERT INTO audit_chain (place, entry_id, hash) VALUES (place, one.id, last);
    END LOOP;
END $$;
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE ON audit_chain
    FOR EACH ROW EXECUTE FUNCTION refuse_audit_change();
CREATE FUNCTION refuse_truncation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('alerts.destroying', true) IS DISTINCT FROM 'yes' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER audit_not_truncated BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER audit_chain_not_truncated BEFORE TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
CREATE TRIGGER consent_events_not_truncated BEFORE TRUNCATE ON consent_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_truncation();
"""


def upgrade() -> None:
    op.execute(ACTORS)
    _keys()
    _organizers()
    op.alter_column("audit", "api_key_id", new_column_name="actor_id")
    op.add_column("audit", sa.Column("network", sa.Text(), nullable=True))
    op.create_index("audit_opened_idx", "audit", ["at"], postgresql_where=sa.text("noun = 'numbers'"))
    op.create_table(
        "audit_chain",
        sa.Column("place", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("audit_chain_pkey")),
        sa.ForeignKeyConstraint(["entry_id"], ["audit.id"], name=op.f("audit_chain_entry_id_fkey")),
        sa.UniqueConstraint("entry_id", name=op.f("audit_chain_entry_id_key")),
    )
    op.execute(CHAIN)
    op.create_table(
        "alarms",
        _id(),
        sa.Column("actor_id", sa.BigInteger(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("alarms_pkey")),
    )
    op.create_table(
        "lockdowns",
        _id(),
        sa.Column("at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("lockdowns_pkey")),
    )
    op.create_index(
        "lockdowns_now_idx",
        "lockdowns",
        [sa.text("(ended_at IS NULL)")],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False)


def _keys() -> None:
    op.add_column("api_keys", sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=True))
    op.execute(SCOPES)
    op.alter_column("api_keys", "scopes", nullable=False)
    op.drop_column("api_keys", "may_read_numbers")
    op.add_column("api_keys", sa.Column("organizer_id", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("used_at", MOMENT, nullable=True))
    op.create_index(op.f("api_keys_organizer_id_idx"), "api_keys", ["organizer_id"])


def _organizers() -> None:
    op.create_table(
        "organizers",
        sa.Column("id", sa.BigInteger(), server_default=sa.text("nextval('actors_id_seq')"), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("may_read_numbers", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("language", sa.Text(), server_default="en", nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("totp", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("welcome", sa.LargeBinary(), nullable=True),
        sa.Column("welcome_until", MOMENT, nullable=True),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("organizers_pkey")),
        sa.UniqueConstraint("email", name=op.f("organizers_email_key")),
        sa.UniqueConstraint("welcome", name=op.f("organizers_welcome_key")),
        sa.CheckConstraint("role IN ('viewer', 'organizer', 'admin')", name=op.f("organizers_role_check")),
        sa.CheckConstraint("language IN ('en', 'es', 'so')", name=op.f("organizers_language_check")),
    )
    _of_organizers("api_keys")
    op.create_table(
        "recovery_codes",
        sa.Column("organizer_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organizer_id", "code", name=op.f("recovery_codes_pkey")),
    )
    _of_organizers("recovery_codes")
    op.create_table(
        "organizer_sessions",
        _id(),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("organizer_id", sa.BigInteger(), nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("browser", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", MOMENT, server_default=NOW, nullable=False),
        sa.Column("seen_at", MOMENT, server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("organizer_sessions_pkey")),
        sa.UniqueConstraint("digest", name=op.f("organizer_sessions_digest_key")),
    )
    _of_organizers("organizer_sessions")
    op.create_index(op.f("organizer_sessions_organizer_id_idx"), "organizer_sessions", ["organizer_id"])
    op.create_table(
        "guesses",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("guesses_pkey")),
    )


def _of_organizers(table: str) -> None:
    op.create_foreign_key(
        op.f(f"{table}_organizer_id_fkey"), table, "organizers", ["organizer_id"], ["id"], ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("audit", "audit_chain", "consent_events"):
        op.execute(f"DROP TRIGGER {table}_not_truncated ON {table}")
    op.execute("DROP FUNCTION refuse_truncation()")
    op.execute("DROP TRIGGER audit_chained ON audit")
    op.drop_table("audit_chain")
    op.execute("DROP FUNCTION chain_audit()")
    op.execute("DROP FUNCTION audit_entry(audit)")
    op.drop_table("lockdowns")
    op.drop_table("alarms")
    op.drop_index("audit_opened_idx", "audit")
    op.drop_column("audit", "network")
    op.alter_column("audit", "actor_id", new_column_name="api_key_id")
    op.drop_index(op.f("api_keys_organizer_id_idx"), "api_keys")
    op.drop_column("api_keys", "organizer_id")
    op.drop_column("api_keys", "used_at")
    op.add_column("api_keys", sa.Column("may_read_numbers", sa.Boolean(), nullable=True))
    op.execute("UPDATE api_keys SET may_read_numbers = 'numbers' = ANY (scopes)")
    op.alter_column("api_keys", "may_read_numbers", nullable=False)
    op.drop_column("api_keys", "scopes")
    for table in ("guesses", "organizer_sessions", "recovery_codes", "organizers"):
        op.drop_table(table)
    op.execute("ALTER TABLE api_keys ALTER COLUMN id DROP DEFAULT")
    op.execute("DROP SEQUENCE actors_id_seq")
    op.execute("ALTER TABLE api_keys ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY")
    op.execute(
        "SELECT setval(pg_get_serial_sequence('api_keys', 'id'),"
        " greatest((SELECT max(id) FROM api_keys), 1), EXISTS (SELECT FROM api_keys))"
    )
