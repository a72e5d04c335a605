"""Ready is who can work with the schema that there is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from alerts.health import OK, readiness
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.storage.migrate import newest, revision, upgrade

pytestmark = pytest.mark.anyio
BEHIND = f"needs {newest()}: run alerts migrate"


async def run(statement: str) -> None:
    async with session_scope() as session:
        await session.execute(text(statement))


@pytest.fixture
async def restored(database: None, valkey: None) -> AsyncIterator[None]:
    yield
    await run("ALTER TABLE IF EXISTS elsewhere RENAME TO alembic_version")
    await run("DELETE FROM alembic_version")
    await run(f"INSERT INTO alembic_version VALUES ('{newest()}')")


async def test_older_code_leaves_the_schema_of_the_next_release_alone(restored: None) -> None:
    """A host migrates in each release, also in one that goes back."""
    await run("UPDATE alembic_version SET version_num = '9999'")
    await asyncio.to_thread(upgrade, settings().sqlalchemy_url)
    assert revision(settings().libpq_url) == "9999"


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", f"at 0001, {BEHIND}"),
        ("DELETE FROM alembic_version", f"at nothing, {BEHIND}"),
        ("ALTER TABLE alembic_version RENAME TO elsewhere", f"at nothing, {BEHIND}"),
        # Between `alerts migrate` and the last restart, and after a step back to the release before.
        ("UPDATE alembic_version SET version_num = '9999'", OK),
    ],
    ids=["an older schema", "an empty version", "a new database", "the schema of the next release"],
)
async def test_the_schema(restored: None, change: str, state: str) -> None:
    await run(change)
    found = await readiness()
    assert (found.postgresql, found.migrations) == (OK, state)
