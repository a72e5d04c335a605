"""The way to PostgreSQL: one async engine a process, one short session a piece of work."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from alerts.settings import settings


@cache
def engine() -> AsyncEngine:
    """The engine of this process. A connection that PostgreSQL's restart broke is replaced."""
    return create_async_engine(
        settings().sqlalchemy_url,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        # Parameters hold numbers and texts: never in an error's words (design, part 4.5).
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC", "application_name": "alerts"},
    )


@cache
def sessions() -> async_sessionmaker[AsyncSession]:
    """Makes sessions on this process's engine."""
    return async_sessionmaker(engine(), expire_on_commit=False)


@asynccontextmanager
async def session_scope() -> AsyncIterator[AsyncSession]:
    """A session that commits when the block ends well and rolls back when it does not."""
    async with sessions()() as session, session.begin():
        yield session


async def request_session() -> AsyncIterator[AsyncSession]:
    """The session of one HTTP request; it is committed before the answer leaves."""
    async with session_scope() as session:
        yield session


async def close_engine() -> None:
    """Give the connections back; the next use starts anew."""
    await engine().dispose()
    sessions.cache_clear()
    engine.cache_clear()
