"""What a stolen database shows: no number and no text. What must not change, cannot."""

from __future__ import annotations

import psycopg
import pytest
from alembic import command
from sqlalchemy import text

from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.storage.migrate import configuration
from alerts.storage.tables import Table
from tests.api import Api
from tests.story import MARIA, inland_empire

pytestmark = pytest.mark.anyio


async def test_no_column_of_any_table_shows_a_number_or_a_text(
    api: Api, postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    await api.text(MARIA, "marked words of Maria")
    await api.text(MARIA, "ALTO")
    with psycopg.connect(postgres_url) as connection:
        everything = b"".join(_contents(connection, table.name) for table in Table.metadata.sorted_tables)
    assert len(everything) > 500
    # bytea is written as hex.
    for secret in (MARIA[2:], "marked words of Maria"):
        assert secret.encode() not in everything
        assert secret.encode().hex().encode() not in everything
        assert secret not in caplog.text


def _contents(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY (SELECT * FROM {table}) TO STDOUT".encode()) as rows:
        return b"".join(bytes(row) for row in rows)


async def test_consent_cannot_be_rewritten_or_deleted(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    for statement in ("UPDATE consent_events SET kind = 'left'", "DELETE FROM consent_events"):
        with pytest.raises(Exception, match="append-only"):
            async with session_scope() as session:
                await session.execute(text(statement))


async def test_an_error_of_the_database_does_not_repeat_what_was_written(api: Api) -> None:
    from alerts.subscribers.models import Subscriber

    with pytest.raises(Exception, match="check constraint") as caught:
        async with session_scope() as session:
            session.add(Subscriber(phone=MARIA, language="en", standing="asleep"))
    assert MARIA not in str(caught.value)


def test_the_migrations_make_exactly_the_tables_of_the_code(postgres_url: str) -> None:
    command.check(configuration(settings().sqlalchemy_url))
