"""The way to PostgreSQL: one async engine a process, one short session a piece of work."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import AsyncConnection
from sqlalchemy import TextClause, event
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from alerts.errors import DomainError
from alerts.settings import settings
from alerts.storage.meters import DATABASE, observe

DATABASE_AWAY = (
    OperationalError,
    InterfaceError,
    NoConnectionFree,
    psycopg.OperationalError,
    psycopg.InterfaceError,
)
"""What is raised when PostgreSQL is not there, through SQLAlchemy and straight from the driver; or when
each of our connections to it is taken for longer than one waits."""

# What a machine that was cut off had begun must not stay locked: each side soon takes the other for gone.
# In seconds, but for the milliseconds of the user time-out. Source: PostgreSQL's manual, 34.1.2 and 19.3.2.
_SILENCE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
NETWORK = {"connect_timeout": 5, "tcp_user_timeout": 25_000, **_SILENCE}
OPTIONS = " ".join(
    f"-c {name}={value}"
    for name, value in {
        "timezone": "UTC",
        "tcp_user_timeout": 25_000,
        "idle_in_transaction_session_timeout": 60_000,
        **{f"tcp_{name}": value for name, value in _SILENCE.items()},
    }.items()
)


@cache
def engine() -> AsyncEngine:
    """The engine of this process. A connection that PostgreSQL's restart broke is replaced."""
    made = create_async_engine(
        settings().sqlalchemy_url,
        pool_size=10,
        max_overflow=10,
        pool_pre_ping=True,
        # Parameters hold numbers and texts: never in an error's words (design, part 4.5).
        hide_parameters=True,
        connect_args={"application_name": "alerts", "options": OPTIONS, **NETWORK},
    )
    event.listen(made.sync_engine, "before_cursor_execute", _begins)
    event.listen(made.sync_engine, "after_cursor_execute", _ends)
    return made


def _begins(*given: Any) -> None:
    given[4]._began = time.perf_counter()  # noqa: SLF001 - of the statement's own context


def _ends(*given: Any) -> None:
    observe(DATABASE, time.perf_counter() - given[4]._began, "statement")  # noqa: SLF001 - as above


@cache
def sessions() -> async_sessionmaker[AsyncSession]:
    """Makes sessions on this process's engine."""
    return async_sessionmaker(engine(), expire_on_commit=False)


@asynccontextmanager
async def session_scope() -> AsyncIterator[AsyncSession]:
    """A session that commits when the block ends well and rolls back when it does not.

    A domain error whose traces stay (``DomainError.stays``) ends it well, and is raised after the commit.
    """
    refused = None
    async with sessions()() as session, session.begin():
        try:
            yield session
        except DomainError as error:
            if not error.stays:
                raise
            refused = error
    if refused:
        raise refused


async def driver_of(session: AsyncSession) -> AsyncConnection:
    """The driver's connection of a session, in the same transaction: for statements of other doors."""
    driver = (await (await session.connection()).get_raw_connection()).driver_connection
    assert isinstance(driver, AsyncConnection)  # noqa: S101 - settings allow psycopg only
    return driver


@asynccontextmanager
async def autocommit() -> AsyncIterator[AsyncConnection]:
    """A connection of the pool, straight from the driver: each statement is its own transaction.

    For statements that run hundreds of times a second: a quarter of what a session takes for one.
    """
    async with engine().connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, AsyncConnection)  # noqa: S101 - settings allow psycopg only
        try:
            yield driver
        except BaseException:
            # SQLAlchemy saw none of it, and would lend a broken connection out again.
            await connection.invalidate()
            raise


def for_the_driver(statement: TextClause) -> bytes:
    """A statement with the driver's own placeholders, for ``autocommit``."""
    return str(statement.compile(dialect=dialect())).encode()  # type: ignore[no-untyped-call]


async def close_engine() -> None:
    """Give the connections back; the next use starts anew."""
    await engine().dispose()
    sessions.cache_clear()
    engine.cache_clear()
