"""Changing sealing keys while the system runs: what an older key sealed is sealed anew with the newest.

Digests cannot be made anew, as nobody knows what they are of: their keys have to stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import Connection, errors, sql
from sqlalchemy import Column, LargeBinary

from alerts.storage.sealing import SealBroken, Sealer
from alerts.storage.tables import Table
from alerts.storage.types import Digest, FindableText, PrivateJson, PrivateText, SealedOctets

AT_ONCE = 1_000  # rows read, sealed anew and written in one transaction

Reseal = Callable[[Sealer, bytes], bytes]


@dataclass(frozen=True)
class Sealed:
    """A column that holds something sealed: the key's number is its first octet."""

    table: str
    key: tuple[str, ...]  # of the table
    column: str
    reseal: Reseal | None  # None: a digest
    ordered: bool  # there is an index of its values


@dataclass
class Rotated:
    """What became of one column. ``broken``: values that no present key opens.

    ``twice``: values that are there under the newest key already, of a race that no unique key prevents.
    """

    column: str
    resealed: int = 0
    broken: int = 0
    twice: int = 0


def columns() -> Iterator[Sealed]:
    """Every sealed column of every table."""
    for table in Table.metadata.sorted_tables:
        for column in table.columns:
            kind = column.type
            if isinstance(kind, FindableText | PrivateJson | PrivateText | SealedOctets | Digest):
                key = tuple(one.name for one in table.primary_key)
                ordered = bool(column.unique or column.primary_key)
                yield Sealed(table.name, key, column.name, _reseal(column), ordered)


def _reseal(column: Column[object]) -> Reseal | None:
    kind = column.type
    if isinstance(kind, FindableText):
        name = kind.column
        return lambda sealer, value: sealer.seal_findable(name, sealer.open_findable(name, value))
    if isinstance(kind, PrivateJson | PrivateText | SealedOctets):
        name = kind.column
        return lambda sealer, value: sealer.seal_octets(name, sealer.open_octets(name, value))
    assert isinstance(kind, LargeBinary)  # noqa: S101 - a digest
    return None


def rotate(url: str, sealer: Sealer) -> Iterator[Rotated]:
    """Seal all with the newest key, column by column; it can be stopped and started again at any moment."""
    with psycopg.connect(url) as connection:
        for one in columns():
            if one.reseal:
                yield _rotate(connection, one, one.reseal, sealer)


def _rotate(connection: Connection, one: Sealed, reseal: Reseal, sealer: Sealer) -> Rotated:
    done = Rotated(f"{one.table}.{one.column}")
    after: Sequence[object] | None = None
    while rows := _batch(connection, one, after):
        after = rows[-1][:-1]
        changes = []
        for *key, value in rows:
            if value[0] == sealer.newest:
                continue
            try:
                changes.append((reseal(sealer, value), *key, value))
            except SealBroken:
                done.broken += 1
        _write(connection, one, changes, done)
        connection.commit()
    connection.commit()
    return done


def _batch(connection: Connection, one: Sealed, after: Sequence[object] | None) -> list[tuple[Any, ...]]:
    key = sql.SQL(", ").join(map(sql.Identifier, one.key))
    past: sql.Composable = sql.SQL("")
    if after is not None:
        past = sql.SQL("AND ({key}) > ({places})").format(
            key=key, places=sql.SQL(", ").join([sql.Placeholder()] * len(one.key))
        )
    statement = sql.SQL(
        "SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL {past} ORDER BY {key} LIMIT {size}"
    ).format(
        key=key, column=sql.Identifier(one.column), table=sql.Identifier(one.table), past=past, size=AT_ONCE
    )
    return connection.execute(statement, after or ()).fetchall()


def _write(connection: Connection, one: Sealed, changes: Sequence[tuple[object, ...]], done: Rotated) -> None:
    """Each only where it is what was read: what was written since was sealed with the newest key."""
    column = sql.Identifier(one.column)
    where = [sql.SQL("{} = %s").format(sql.Identifier(name)) for name in one.key]
    statement = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} AND {column} = %s").format(
        table=sql.Identifier(one.table), column=column, key=sql.SQL(" AND ").join(where)
    )
    connection.execute("SET LOCAL alerts.resealing = 'yes'")  # the proof of consent is append-only
    for change in changes:
        try:
            with connection.transaction():
                done.resealed += connection.execute(statement, change).rowcount
        except errors.UniqueViolation:
            done.twice += 1


def keys_in_use(url: str) -> dict[str, dict[int, int]]:
    """How many values each key sealed, by column; where there are none, no entry."""
    found: dict[str, dict[int, int]] = {}
    with psycopg.connect(url) as connection:
        for one in columns():
            statement = sql.SQL(
                "SELECT get_byte({column}, 0), count(*) FROM {table} WHERE {column} IS NOT NULL"
                " GROUP BY 1 ORDER BY 1"
            ).format(column=sql.Identifier(one.column), table=sql.Identifier(one.table))
            if rows := connection.execute(statement).fetchall():
                found[f"{one.table}.{one.column}"] = dict(rows)
    return found


_OF_ALL = sql.SQL("SELECT DISTINCT get_byte({column}, 0) FROM {table} WHERE {column} IS NOT NULL")
# From the first value of each key to the first of the next one: a few looks at the index, of any number. Not
# min(): of bytea there is one since PostgreSQL 18 only.
_BY_INDEX = sql.SQL("""
    WITH RECURSIVE found (key) AS (
        SELECT (SELECT get_byte({column}, 0) FROM {table}
                WHERE {column} IS NOT NULL ORDER BY {column} LIMIT 1)
        UNION ALL
        SELECT (SELECT get_byte({column}, 0) FROM {table}
                WHERE {column} >= set_byte('\\x00', 0, found.key + 1) ORDER BY {column} LIMIT 1)
        FROM found WHERE found.key < 255
    )
    SELECT key FROM found WHERE key IS NOT NULL
""")


def keys_needed(url: str) -> set[int]:
    """The keys without which something that is there could not be opened."""
    needed: set[int] = set()
    with psycopg.connect(url) as connection:
        for one in columns():
            statement = (_BY_INDEX if one.ordered else _OF_ALL).format(
                column=sql.Identifier(one.column), table=sql.Identifier(one.table)
            )
            needed.update(key for (key,) in connection.execute(statement))
    return needed
