"""How fast a worker takes in a file, beside a bare COPY of the same finished rows.

Ours reads sealed chunks, judges every row, seals the numbers, and writes subscribers, memberships and the
proof of consent. The bare COPY writes what ours wrote (read out before the clock starts) into the same
tables, emptied, with all their indexes, constraints and triggers; and does nothing else.

Told ``n``, the process takes in a file of n rows.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date

import psycopg

from alerts.storage.embedded import embedded_postgres
from alerts.storage.engine import session_scope
from alerts.storage.migrate import upgrade
from alerts.subscribers import imports, taking
from alerts.subscribers.imports import Given
from alerts.team.actors import Actor
from bench import house
from bench.measure import BUFFERS, Child, Figure, Round, Servers, obey, peak_mb
from workers import runtime

ROWS = 100_000
OURS = "import of 100,000 rows"
COPY = "bare COPY of what it wrote"
RAW = "bare COPY of the file as text, no index"
PIECE = 65_536  # octets, as they come from a socket
# Areas and exchanges that exist, so that phonenumbers takes each number for a real one.
AREAS = ("213", "310", "323", "408", "415", "510", "559", "562", "612", "619", "626", "650", "661")
WRITTEN = ("subscribers", "memberships", "consent_events")
TABLES = ", ".join((*WRITTEN, "imports", "import_chunks", "import_refusals", "import_tags"))


def lines(rows: int) -> Iterator[str]:
    """A file as somebody's spreadsheet writes it."""
    yield "telefono;idioma;fecha;origen\n"
    for n in range(rows):
        area, exchange = AREAS[n % len(AREAS)], 200 + n // len(AREAS) // 10_000
        last = n // len(AREAS) % 10_000
        yield f"({area}) {exchange}-{last:04d};{('en', 'es', 'so')[n % 3]};11/20/2026;Hoja en la puerta\n"


@contextmanager
def opened(servers: Servers, rows: int = ROWS) -> Iterator[Round]:
    """Each round: ours in a worker's process, then the COPY, into the same emptied tables."""
    with embedded_postgres(forgetful=True, buffers=BUFFERS) as url:
        upgrade(url.replace("postgresql://", "postgresql+psycopg://", 1))
        env = {**house.environment(servers, 7), "DATABASE_URL": url}
        with psycopg.connect(url, autocommit=True) as connection, Child("bench.imports", env=env) as child:
            # Between the COPYs of one transaction it would note that the tables are empty, and what triggers
            # do then is planned for nobody: once 100,000 memberships took ten minutes.
            connection.execute("ALTER SYSTEM SET autovacuum = off")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("INSERT INTO lists (name, timezone) VALUES ('Everybody', 'America/Chicago')")
            connection.execute("CREATE UNLOGGED TABLE raw (a text, b text, c text, d text)")
            yield lambda: _round(connection, child, rows)


def _round(connection: psycopg.Connection, child: Child, rows: int) -> dict[str, Figure]:
    _empty(connection)
    seconds = child.ask(rows)
    assert isinstance(seconds, float)
    [(taken,)] = connection.execute("SELECT taken FROM imports").fetchall()
    if taken != rows:
        raise RuntimeError(f"{taken} rows were taken")
    written = {table: _read(connection, table) for table in WRITTEN}
    _empty(connection)
    copied = _timed(connection, {f"{table} FROM STDIN": octets for table, octets in written.items()})
    file = "".join(line for line in lines(rows)).encode()
    raw = _timed(connection, {"raw FROM STDIN (DELIMITER ';')": file})
    memory = peak_mb([child.pid])
    return {
        OURS: Figure(rows / seconds, "rows/s", mb=memory),
        COPY: Figure(rows / copied, "rows/s"),
        RAW: Figure(rows / raw, "rows/s"),
    }


def _empty(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("SET LOCAL alerts.destroying = 'yes'")  # the trail of consent is append-only
        connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE".encode())
    connection.execute("TRUNCATE raw")
    connection.execute("CHECKPOINT")


def _read(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} TO STDOUT".encode()) as copy:
        return b"".join(bytes(piece) for piece in copy)


def _timed(connection: psycopg.Connection, files: dict[str, bytes]) -> float:
    started = time.perf_counter()
    with connection.transaction(), connection.cursor() as cursor:
        for what, octets in files.items():
            with cursor.copy(f"COPY {what}".encode()) as copy:
                for place in range(0, len(octets), PIECE):
                    copy.write(octets[place : place + PIECE])
    return time.perf_counter() - started


async def take_in(rows: int) -> float:
    """Seal a file of so many rows, and take it in. Seconds of the taking."""

    async def pieces() -> AsyncIterator[bytes]:
        some: list[str] = []
        for line in lines(rows):
            some.append(line)
            if len(some) == PIECE // 64:
                yield "".join(some).encode()
                some.clear()
        yield "".join(some).encode()

    given = Given([1], None, None, date(2026, 11, 20), day_first=False)
    async with session_scope() as session:
        await imports.upload(session, given, pieces(), Actor(1, 1, "bench", frozenset()))
    started = time.perf_counter()
    while await taking.stint():
        continue
    return time.perf_counter() - started


def main() -> None:
    """The process."""
    obey(lambda rows: runtime.run(take_in(rows)))
    runtime.close()


if __name__ == "__main__":
    main()
