"""``python -m bench.io_choice``: sync or async, for web and workers? (docs/decisions/async.md)

Side by side in one run, interleaved, medians of ``ROUNDS``:

- *handler*: one SELECT and one INSERT through SQLAlchemy's ORM, committed; 32 at once, in 32
  threads or on one event loop, over a pool of 20 connections to an embedded PostgreSQL;
- *sending*: texts through the Twilio SDK, 50 at once, in 50 threads with the SDK's own client or on
  one loop with our transport, to a carrier stub that takes 0 or 50 ms.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import uvloop
from rich.console import Console
from rich.table import Table as Grid
from sqlalchemy import Text, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from twilio.rest import Client

from alerts.carrier.transport import TwilioTransport
from alerts.storage.embedded import embedded_postgres
from bench.stub import carrier_stub

ROUNDS = 5
HANDLED = 2_000
SENT = 1_000


class Base(DeclarativeBase):
    """The bench's own table."""


class Row(Base):
    """One text."""

    __tablename__ = "bench_rows"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text)


def handlers_in_threads(url: str) -> float:
    """Handlers a second, sync."""
    engine = create_engine(url, pool_size=20, max_overflow=0)

    def handle(number: int) -> None:
        with Session(engine) as session, session.begin():
            session.scalar(select(Row).where(Row.id == 1))
            session.add(Row(body=str(number)))

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(handle, range(200)))
        started = time.perf_counter()
        list(threads.map(handle, range(HANDLED)))
        took = time.perf_counter() - started
    engine.dispose()
    return HANDLED / took


async def handlers_on_a_loop(url: str) -> float:
    """Handlers a second, async."""
    engine = create_async_engine(url, pool_size=20, max_overflow=0)

    async def handle(number: int) -> None:
        async with AsyncSession(engine) as session, session.begin():
            await session.scalar(select(Row).where(Row.id == 1))
            session.add(Row(body=str(number)))

    await _at_once(32, 200, handle)
    took = await _at_once(32, HANDLED, handle)
    await engine.dispose()
    return HANDLED / took


def texts_in_threads(url: str) -> float:
    """Texts a second, sync."""
    client = Client("AC" + "0" * 32, "token")
    client.api.base_url = url

    def send(number: int) -> None:
        client.messages.create(to="+19095550101", from_="+19095550100", body=str(number))

    with ThreadPoolExecutor(50) as threads:
        started = time.perf_counter()
        list(threads.map(send, range(SENT)))
        return SENT / (time.perf_counter() - started)


async def texts_on_a_loop(url: str) -> float:
    """Texts a second, async."""
    transport = TwilioTransport(50)
    client = Client("AC" + "0" * 32, "token", http_client=transport)
    client.api.base_url = url

    async def send(number: int) -> None:
        await client.messages.create_async(to="+19095550101", from_="+19095550100", body=str(number))

    took = await _at_once(50, SENT, send)
    await transport.close()
    return SENT / took


async def _at_once(slots: int, count: int, work: Callable[[int], Awaitable[None]]) -> float:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await work(number)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(slots)))
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    figures: dict[str, list[float]] = {}
    with embedded_postgres() as address:
        url = address.replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(url)
        Base.metadata.create_all(engine)
        engine.dispose()
        with carrier_stub() as quick, carrier_stub(0.05) as slow:
            for _ in range(ROUNDS):
                for name, figure in (
                    ("handler, threads", lambda: handlers_in_threads(url)),
                    ("handler, loop", lambda: uvloop.run(handlers_on_a_loop(url))),
                    ("sending, threads, 0 ms", lambda: texts_in_threads(quick)),
                    ("sending, loop, 0 ms", lambda: uvloop.run(texts_on_a_loop(quick))),
                    ("sending, threads, 50 ms", lambda: texts_in_threads(slow)),
                    ("sending, loop, 50 ms", lambda: uvloop.run(texts_on_a_loop(slow))),
                ):
                    figures.setdefault(name, []).append(figure())
    grid = Grid("", "a second (median)", "lowest", "highest")
    for name, values in figures.items():
        grid.add_row(
            name, *(f"{value:,.0f}" for value in (statistics.median(values), min(values), max(values)))
        )
    Console().print(grid)


if __name__ == "__main__":
    main()
