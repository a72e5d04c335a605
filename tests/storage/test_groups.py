"""Group commit: nobody is answered before it is safe, and one bad item harms nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import psycopg
import pytest
from sqlalchemy import text

from alerts.storage.engine import autocommit, session_scope
from alerts.storage.groups import KEPT_SECONDS, MOST_AT_ONCE, GroupCommit

pytestmark = pytest.mark.anyio


class Notes:
    """Writes numbers into a table; 0 cannot be written."""

    def __init__(self) -> None:
        self.groups: list[int] = []

    async def write(self, connection: psycopg.AsyncConnection, items: Sequence[int]) -> None:
        self.groups.append(len(items))
        await connection.execute("INSERT INTO notes SELECT 100 / n FROM unnest(%s::int[]) n", [list(items)])


@pytest.fixture
async def notes(database: None) -> AsyncIterator[Notes]:
    async with session_scope() as session:
        await session.execute(text("CREATE TABLE notes (n int)"))
    yield Notes()
    async with session_scope() as session:
        await session.execute(text("DROP TABLE notes"))


async def count() -> int:
    async with session_scope() as session:
        return int(await session.scalar(text("SELECT count(*) FROM notes")) or 0)


async def test_one_alone_is_written_at_once_and_is_safe_when_answered(notes: Notes) -> None:
    await GroupCommit(autocommit, notes.write).add(1)
    assert await count() == 1


async def test_many_are_written_in_few_groups(notes: Notes) -> None:
    commit = GroupCommit(autocommit, notes.write)
    await asyncio.gather(*(commit.add(1) for _ in range(MOST_AT_ONCE * 2)))
    assert await count() == MOST_AT_ONCE * 2
    assert len(notes.groups) <= 4
    assert max(notes.groups) <= MOST_AT_ONCE


async def test_one_that_cannot_be_written_gets_its_own_error_and_harms_nobody(notes: Notes) -> None:
    commit = GroupCommit(autocommit, notes.write)
    answers = await asyncio.gather(*(commit.add(item) for item in (1, 0, 2)), return_exceptions=True)
    assert answers[0] is None
    assert isinstance(answers[1], psycopg.errors.DivisionByZero)
    assert answers[2] is None
    assert await count() == 2


async def test_a_request_that_was_given_up_is_written_all_the_same(notes: Notes) -> None:
    commit = GroupCommit(autocommit, notes.write)
    waiting = asyncio.create_task(commit.add(1))
    await asyncio.sleep(0)
    waiting.cancel()
    await commit.add(2)
    assert await count() == 2


async def test_one_that_comes_while_the_writer_leaves_is_not_forgotten(notes: Notes) -> None:
    late: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[psycopg.AsyncConnection]:
        async with autocommit() as connection:
            yield connection
        if not late:  # the next step of the loop, right after the writer's last
            late.append(asyncio.create_task(commit.add(2)))

    commit = GroupCommit(opened, notes.write)
    await commit.add(1)
    async with asyncio.timeout(60):
        while not late:  # noqa: ASYNC110 - it is the writer's leaving that is waited for
            await asyncio.sleep(KEPT_SECONDS)
        await late[0]
    assert await count() == 2


async def test_what_is_written_through_is_kept_from_group_to_group_and_given_back(notes: Notes) -> None:
    log: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[psycopg.AsyncConnection]:
        log.append("opened")
        async with autocommit() as connection:
            yield connection
        log.append("given back")

    commit = GroupCommit(opened, notes.write)
    await commit.add(1)
    await commit.add(1)
    assert log == ["opened"]
    async with asyncio.timeout(60):
        while log == ["opened"]:  # noqa: ASYNC110
            await asyncio.sleep(KEPT_SECONDS)
    assert log == ["opened", "given back"]


async def test_a_group_whose_connection_is_lost_is_written_by_another(notes: Notes) -> None:
    lost = 0

    async def write(connection: psycopg.AsyncConnection, items: Sequence[int]) -> None:
        nonlocal lost
        if not lost:
            lost += 1
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        await notes.write(connection, items)

    commit = GroupCommit(autocommit, write)
    await asyncio.gather(*(commit.add(1) for _ in range(3)))
    assert (lost, await count()) == (1, 3)


async def test_where_nothing_can_be_opened_everyone_is_told(notes: Notes) -> None:
    def opened() -> AbstractAsyncContextManager[psycopg.AsyncConnection]:
        raise ConnectionRefusedError

    commit = GroupCommit(opened, notes.write)
    answers = await asyncio.gather(*(commit.add(1) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionRefusedError] * 3
