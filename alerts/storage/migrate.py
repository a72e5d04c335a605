"""Brings a database to the newest schema, and tells whether it is there."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(url: str) -> Config:
    """Alembic's configuration for the database at ``url`` (SQLAlchemy's form)."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Apply every migration up to ``revision`` that the database at ``url`` lacks.

    None where it is at a revision that this code does not know: see ``older``.
    """
    command.upgrade(configuration(url), revision)


def revision(url: str) -> str:
    """Where the database at ``url`` (the driver's form) stands. Raises psycopg.Error if it never migrated."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else "none"


@cache
def newest() -> str | None:
    """The revision that this code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


@cache
def older() -> frozenset[str]:
    """The revisions that this code knows and that are not enough for it.

    One that it does not know is of a release to come, and does: docs/decisions/migrations.md.
    """
    scripts = ScriptDirectory(str(MIGRATIONS)).walk_revisions()
    return frozenset(script.revision for script in scripts) - {newest() or ""}


def no_partition(name: str | None, kind: str, _parents: object) -> bool:
    """Whether the models tell of it: partitions of deliveries come and go (broadcasts.months)."""
    return kind != "table" or name is None or not name.startswith("deliveries_")
