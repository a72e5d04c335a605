"""The migrations and the tables say the same."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from alerts.storage.engine import engine
from alerts.storage.tables import Table

pytestmark = pytest.mark.anyio


async def test_the_migrated_database_is_what_the_tables_say(database: None) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Table.metadata))

    async with engine().connect() as connection:
        assert await connection.run_sync(differences) == []
