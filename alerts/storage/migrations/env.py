"""Alembic's entry: runs the migrations on the database of ``alerts.storage.migrate``."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, pool, text

# Every room's tables, so that Table.metadata is whole.
import alerts.actions.models
import alerts.broadcasts.models
import alerts.conversations.models
import alerts.subscribers.import_models
import alerts.subscribers.models
import alerts.team.models  # noqa: F401
from alerts.storage.migrate import newest, no_partition, older
from alerts.storage.tables import Table

# Two releases at once would both migrate; the second waits for this and finds nothing to do.
MIGRATION_LOCK = 7_230_001
LOCK_SECONDS = 5


def _is_of_a_release_to_come() -> bool:
    """Whether the schema is at a revision that this code does not know: of a newer one that was taken back.

    A host's release phase migrates then, too, and must not fail.
    """
    there = context.get_context().get_current_revision()
    return there is not None and there not in older() | {newest()}


def run() -> None:
    """Apply what is lacking, in one transaction, one process at a time."""
    engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool, hide_parameters=True)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Table.metadata,
            compare_type=True,
            include_name=no_partition,
        )
        with context.begin_transaction():
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            # Whoever texts would queue up behind a migration that waits.
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            if not _is_of_a_release_to_come():
                context.run_migrations()
    engine.dispose()


run()
