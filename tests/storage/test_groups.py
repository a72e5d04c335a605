"""Group commit: nobody is answered before it is safe, and one bad item harms nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.storage.engine import session_scope
from alerts.storage.groups import MOST_AT_ONCE, GroupCommit

pytestmark = pytest.mark.anyio


class Notes:
    """Writes numbers into a table; 0 cannot be written."""

    def __init__(self) -> None:
        self.groups: list[int] = []

    async def write(self, session: AsyncSession, items: Sequence[int]) -> None:
        self.groups.append(len(items))
        await session.execute(text("INSERT INTO notes VALUES (100 / :n)"), [{"n": item} for item in items])


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
    await GroupCommit(notes.write).add(1)
    assert await count() == 1


async def test_many_are_written_in_few_groups(notes: Notes) -> None:
    commit = GroupCommit(notes.write)
    await asyncio.gather(*(commit.add(1) for _ in range(MOST_AT_ONCE * 2)))
    assert await count() == MOST_AT_ONCE * 2
    assert len(notes.groups) <= 4
    assert max(notes.groups) <= MOST_AT_ONCE


async def test_one_that_cannot_be_written_gets_its_own_error_and_harms_nobody(notes: Notes) -> None:
    commit = GroupCommit(notes.write)
    answers = await asyncio.gather(*(commit.add(item) for item in (1, 0, 2)), return_exceptions=True)
    assert answers[0] is None
    assert isinstance(answers[1], DBAPIError)
    assert answers[2] is None
    assert await count() == 2


async def test_a_request_that_was_given_up_is_written_all_the_same(notes: Notes) -> None:
    commit = GroupCommit(notes.write)
    waiting = asyncio.create_task(commit.add(1))
    await asyncio.sleep(0)
    waiting.cancel()
    await commit.add(2)
    assert await count() == 2
