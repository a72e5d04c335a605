"""What the release before wrote in the clear is sealed, some rows at a time: names, where consent came from.

Its columns stay until no release writes them any more (docs/decisions/migrations.md); then this goes, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, sql

from alerts.storage.tables import Table

AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Clear:
    """A column that is not written any more, the one in its place, and what it holds when it is empty."""

    table: str
    key: str
    clear: str
    sealed: str
    empty: str | None = None


COLUMNS = (
    Clear("messages", "id", "author", "signed", empty=""),
    Clear("threads", "subscriber_id", "taken_by", "keeper"),
    Clear("imports", "id", "source", "origin"),
    Clear("consent_events", "id", "source", "origin"),
)

_SOME = """
    SELECT {key}, {clear} FROM {table} WHERE {key} > %s AND {clear} <> '' ORDER BY {key} LIMIT %s
    FOR NO KEY UPDATE SKIP LOCKED
"""
_SEAL = """
    UPDATE {table} SET {sealed} = o.sealed, {clear} = %s
    FROM unnest(%s::bigint[], %s::bytea[]) AS o(key, sealed) WHERE {key} = o.key
"""


async def seal_some(connection: AsyncConnection, walked: dict[str, int]) -> int:
    """Seal up to ``AT_ONCE`` values of each column; how many there were. The caller commits.

    ``walked``: up to which row each table was looked through, so that nobody looks through it at every call.
    It is kept by the caller, who empties it now and then: the release before may still be writing.
    """
    await connection.execute("SET LOCAL alerts.resealing = 'yes'")  # the proof of consent is append-only
    found = 0
    for one in COLUMNS:
        names = {name: sql.Identifier(getattr(one, name)) for name in ("table", "key", "clear", "sealed")}
        last = await _last(connection, names)
        some = sql.SQL(_SOME).format(**names)
        rows = await (await connection.execute(some, (walked.get(one.table, 0), AT_ONCE))).fetchall()
        walked[one.table] = rows[-1][0] if len(rows) == AT_ONCE else last
        if rows:
            kind: Any = Table.metadata.tables[one.table].columns[one.sealed].type
            sealed = [kind.process_bind_param(text, None) for _, text in rows]
            seal = sql.SQL(_SEAL).format(**names)
            await connection.execute(seal, (one.empty, [key for key, _ in rows], sealed))
            found += len(rows)
    return found


async def _last(connection: AsyncConnection, names: dict[str, sql.Identifier]) -> int:
    query = sql.SQL("SELECT coalesce(max({key}), 0) FROM {table}").format(
        key=names["key"], table=names["table"]
    )
    row = await (await connection.execute(query)).fetchone()
    return int(row[0]) if row else 0
