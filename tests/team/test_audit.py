"""The audit trail cannot be changed in silence: not an entry, not the end, not past the triggers."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from sqlalchemy import text

from alerts.storage.engine import session_scope
from alerts.team import audit
from alerts.team.audit import Broken, Head, note, verify
from tests.api import Api

pytestmark = pytest.mark.anyio


async def _noted(count: int) -> Head:
    for number in range(count):
        async with session_scope() as session:
            note(session, None, "tried", "alert", number, people=number)
    async with session_scope() as session:
        return await audit.head(session)


async def _verify(noted: Head | None = None) -> Head:
    async with session_scope() as session:
        return await verify(session, noted)


async def test_the_chain_of_what_was_written_holds(database: None) -> None:
    head = await _noted(5)
    assert head.place == 5
    assert await _verify() == head
    later = await _noted(2)
    assert await _verify(head) == later


async def test_an_empty_trail_holds(database: None) -> None:
    assert (await _verify()).place == 0


async def test_many_at_once_make_one_chain(database: None) -> None:
    async def one(number: int) -> None:
        async with session_scope() as session:
            note(session, None, "tried", "alert", number)
            await session.flush()
            await asyncio.sleep(0)
            note(session, None, "tried again", "alert", number)

    await asyncio.gather(*(one(number) for number in range(15)))
    assert (await _verify()).place == 30


async def test_what_is_rolled_back_leaves_no_gap(database: None) -> None:
    async with session_scope() as session:
        note(session, None, "tried", "alert", 1)
        await session.flush()
        await session.rollback()
    assert (await _noted(1)).place == 1
    assert (await _verify()).place == 1


@pytest.mark.parametrize(
    ("forgery", "found"),
    [
        ("UPDATE audit SET who = 'nobody' WHERE number = 2", "place 3 is not what was written"),
        ("UPDATE audit SET facts = '{}' WHERE number = 2", "place 3 is not what was written"),
        ("UPDATE audit SET at = at + interval '1 s' WHERE number = 0", "place 1 is not"),
        ("DELETE FROM audit WHERE number = 2", "missing after place 2"),
        ("DELETE FROM audit_chain WHERE place = 3", "missing after place 2"),
        ("DELETE FROM audit_chain WHERE place = 5", "1 entries are not in the chain"),
        (
            "INSERT INTO audit (who, what, noun, number, facts) VALUES ('x', 'x', 'x', 1, '{}')",
            "not in the chain",
        ),
    ],
)
async def test_whoever_goes_past_the_triggers_is_found_out(
    database: None, postgres_url: str, forgery: str, found: str
) -> None:
    await _noted(5)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET session_replication_role = replica")  # as who owns the server can
        connection.execute(forgery.encode())
    with pytest.raises(Broken, match=found):
        await _verify()


async def test_a_trail_that_was_cut_or_written_anew_is_found_by_its_noted_end(
    database: None, postgres_url: str
) -> None:
    head = await _noted(5)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("DELETE FROM audit_chain WHERE place > 3")
        connection.execute("DELETE FROM audit WHERE number > 2")
    assert (await _verify()).place == 3  # whole in itself
    with pytest.raises(Broken, match="before the place that was noted"):
        await _verify(head)
    await _noted(2)
    with pytest.raises(Broken, match="another one than was noted"):
        await _verify(head)


@pytest.mark.parametrize("table", ["audit", "audit_chain"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_the_database_refuses_every_change(database: None, table: str, statement: str) -> None:
    await _noted(1)
    column = "id" if table == "audit" else "place"
    with pytest.raises(Exception, match="append-only"):
        async with session_scope() as session:
            await session.execute(text(statement.format(table, column, column)))


async def test_the_trail_says_who_and_from_where(api: Api) -> None:
    invited = await api.post(
        "/v1/organizers", {"email": "Marisol@example.org", "name": "Marisol", "role": "organizer"}
    )
    await api.patch(f"/v1/organizers/{invited['id']}", {"role": "viewer", "name": "Mari"})
    entries = (await api.get("/v1/audit?noun=organizer"))["items"]
    assert [(one["who"], one["what"], one["network"]) for one in entries] == [
        ("test", "invited", "127.0.0.0/24"),
        ("test", "changed", "127.0.0.0/24"),
    ]
    assert entries[1]["facts"] == {"role": "organizer → viewer", "name": "changed"}
    assert invited["link"].rpartition("/")[2] not in str(entries)
