"""The migrations and the tables say the same."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from alerts.settings import settings
from alerts.storage.engine import close_engine, engine, session_scope
from alerts.storage.migrate import configuration, no_partition
from alerts.storage.tables import Table
from alerts.team.audit import verify
from tests.api import Api
from tests.story import MARIA, TEXTS
from tests.worker import Worker

pytestmark = pytest.mark.anyio


async def test_the_migrated_database_is_what_the_tables_say(database: None) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_name": no_partition})
        return list(compare_metadata(context, Table.metadata))

    async with engine().connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_back_and_forth_keeps_what_there_is(
    api: Api, trusted_api: Api, called: int, worker: Worker, postgres_url: str
) -> None:
    """From the newest schema to the one before organizers signed in, and here again."""
    await worker.fan_out(called)
    await api.text(MARIA, "si")
    paths = ["/v1/alerts/1", "/v1/actions/1", "/v1/alerts/1/report/whole", "/v1/actions/1/summary", "/v1/me"]
    before = [await api.get(path) for path in paths]
    seen = len((await api.get("/v1/audit"))["items"])
    await close_engine()
    alembic = configuration(settings().sqlalchemy_url)
    await asyncio.to_thread(command.downgrade, alembic, "0009")
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT bodies ->> 'en', text ->> 'es' FROM alerts").fetchall()
        assert "Will you come?" in rows[0][0]
        assert rows[0][1] == TEXTS["es"]
        keys = connection.execute("SELECT may_read_numbers FROM api_keys ORDER BY id").fetchall()
        assert keys == [(False,), (True,)]
    await asyncio.to_thread(command.upgrade, alembic, "head")
    with psycopg.connect(postgres_url) as connection:
        chained = connection.execute("SELECT count(*) FROM audit_chain").fetchone()
    assert chained == (seen,)
    assert [await api.get(path) for path in paths] == before
    async with session_scope() as session:
        assert (await verify(session)).place >= seen
    assert MARIA in str(await trusted_api.get("/v1/subscribers"))
