"""Backups: one encrypted file of all tables, as of one moment; and back again.

The file is sealed with a sealing key: whoever destroys the keys destroys the backups with them. It is
cut into chunks that cannot be changed, swapped, left out or cut off unnoticed (STREAM, Hoang,
Reyhanitabar, Rogaway and Vizár 2015): each nonce counts, and tells the last one.

No pg_dump: that must be as new as the server, and be there.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from psycopg import Connection, IsolationLevel, sql

from alerts.storage.migrate import upgrade
from alerts.storage.tables import Table

MAGIC = b"alerts backup 1\n"
SALT = 32
CHUNK = 1 << 20
TAG = 16
# Of each table: so that nobody is in by a session, a key or an invitation that ended since the backup.
LET_NOBODY_IN = {
    "organizer_sessions": "DELETE FROM organizer_sessions",
    "api_keys": "UPDATE api_keys SET revoked_at = now() WHERE revoked_at IS NULL",
    "organizers": "UPDATE organizers SET welcome = NULL, welcome_until = NULL",
}


class BadBackup(Exception):
    """The file is not a whole backup of ours, or its key is not in SEALING_KEYS."""


class NotEmpty(Exception):
    """There is something in the database already: a backup is restored into an empty one."""


@dataclass(frozen=True)
class Counted:
    """How many rows of which table."""

    table: str
    rows: int


def backup(url: str, keys: dict[int, bytes], path: Path) -> list[Counted]:
    """Write everything to ``path``, which must not exist yet. Raises FileExistsError, OSError."""
    done: list[Counted] = []
    partial = path.with_name(path.name + ".partial")
    if path.exists():
        raise FileExistsError(path)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file, _sealing(file, keys) as writer, _snapshot(url) as connection:
        tables = _tables(connection)
        writer.line(
            {
                "revision": _revision(connection),
                "sequences": _sequences(connection),
                "partitions": _partitions(connection),
            }
        )
        for name in tables:
            columns = _columns(connection, name)
            writer.line({"table": name, "columns": columns})
            with connection.cursor().copy(_copy_out(name, columns)) as rows:
                for data in rows:
                    writer.block(bytes(data))
            writer.block(b"")
            count = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
            done.append(Counted(name, _one(count)))
        writer.line({"end": True})
    partial.rename(path)
    return done


def restore(url: str, sqlalchemy_url: str, keys: dict[int, bytes], path: Path) -> list[Counted]:
    """Bring everything back into an empty database, and that to the newest schema.

    All of it or nothing; sessions, keys and invitations are over (LET_NOBODY_IN).
    Raises BadBackup, NotEmpty, OSError.
    """
    with path.open("rb") as file:
        reader = _Reader(file, keys)
        head = reader.line()
        with psycopg.connect(url) as connection:
            _require_empty(connection)
        upgrade(sqlalchemy_url, head["revision"])
        with psycopg.connect(url) as connection:
            _cut(connection, head.get("partitions", []))
            done = _fill(connection, reader, head["sequences"])
            for table in set(_tables(connection)) & LET_NOBODY_IN.keys():
                connection.execute(sql.SQL(LET_NOBODY_IN[table]))
    upgrade(sqlalchemy_url)
    return done


def _cut(connection: Connection, partitions: list[tuple[str, str, str]]) -> None:
    """Cut empty tables as they were: else all that comes back stands in one partition, and goes as one."""
    for parent in {one[0] for one in partitions}:
        for _, name, _ in _partitions(connection, parent):
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(name)))
    for parent, name, bounds in partitions:
        # As PostgreSQL itself wrote them; the file's seal says that nobody else did.
        statement = sql.SQL("CREATE TABLE {} PARTITION OF {} ").format(
            sql.Identifier(name), sql.Identifier(parent)
        )
        connection.execute(statement + sql.SQL(bounds))


def _fill(connection: Connection, reader: _Reader, sequences: dict[str, int]) -> list[Counted]:
    done = []
    while "table" in (head := reader.line()):
        name = sql.Identifier(head["table"])
        # What triggers keep came along; and they would refuse, or count twice.
        connection.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(name))
        cursor = connection.cursor()
        with cursor.copy(_copy_in(head["table"], head["columns"])) as rows:
            while data := reader.block():
                rows.write(data)
        done.append(Counted(head["table"], cursor.rowcount))
        connection.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(name))
    if not head.get("end"):
        raise BadBackup("It does not end where a backup ends.")
    for sequence, value in sequences.items():
        connection.execute("SELECT setval(%s::regclass, %s)", [sequence, value])
    return done


@contextmanager
def _snapshot(url: str) -> Iterator[Connection]:
    with psycopg.connect(url) as connection:
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection


def _tables(connection: Connection) -> list[str]:
    """All of ours, each after those that it refers to."""
    there = {
        row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    }
    return [table.name for table in Table.metadata.sorted_tables if table.name in there]


def _columns(connection: Connection, table: str) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
        [table],
    )
    return [row[0] for row in rows]


def _sequences(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT sequencename, last_value FROM pg_sequences"
        " WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    return dict(rows.fetchall())


def _partitions(connection: Connection, parent: str | None = None) -> list[tuple[str, str, str]]:
    """(table, partition, its bounds as PostgreSQL writes them), of all tables or of one."""
    rows = connection.execute(
        "SELECT i.inhparent::regclass::text, c.relname, pg_get_expr(c.relpartbound, c.oid)"
        " FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
        " WHERE c.relispartition AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        " AND coalesce(i.inhparent::regclass::text = %s, true) ORDER BY c.relname",
        [parent],
    )
    return rows.fetchall()


def _revision(connection: Connection) -> str:
    return str(_one(connection.execute("SELECT version_num FROM alembic_version")))


def _require_empty(connection: Connection) -> None:
    for name in _tables(connection):
        found = connection.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
        if _one(found):
            raise NotEmpty(name)


def _copy_out(table: str, columns: list[str]) -> sql.Composed:
    # A query: of a table in partitions nothing else can be copied.
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(names, sql.Identifier(table))


def _copy_in(table: str, columns: list[str]) -> sql.Composed:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    return sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)


def _one(cursor: psycopg.Cursor[Any]) -> Any:
    row = cursor.fetchone()
    assert row  # noqa: S101 - an aggregate has a row
    return row[0]


def _cipher(key: bytes, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt=salt, info=b"alerts backup").derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


class _Writer:
    """Lines of JSON and blocks of octets, in encrypted chunks."""

    def __init__(self, file: IO[bytes], keys: dict[int, bytes]) -> None:
        number, key = next(iter(keys.items()))
        salt = os.urandom(SALT)
        self._header = MAGIC + bytes((number,)) + salt
        self._cipher = _cipher(key, salt)
        self._file, self._held, self._number = file, bytearray(), 0
        file.write(self._header)

    def line(self, what: dict[str, Any]) -> None:
        self.block(json.dumps(what).encode())

    def block(self, data: bytes) -> None:
        self._held += struct.pack(">I", len(data)) + data
        while len(self._held) > CHUNK:
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]

    def end(self) -> None:
        self._seal(bytes(self._held), last=True)

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, self._header))
        self._number += 1


@contextmanager
def _sealing(file: IO[bytes], keys: dict[int, bytes]) -> Iterator[_Writer]:
    writer = _Writer(file, keys)
    yield writer
    writer.end()


class _Reader:
    """What a ``_Writer`` wrote. Raises BadBackup where it is anything else."""

    def __init__(self, file: IO[bytes], keys: dict[int, bytes]) -> None:
        self._header = file.read(len(MAGIC) + 1 + SALT)
        if not self._header.startswith(MAGIC) or len(self._header) < len(MAGIC) + 1 + SALT:
            raise BadBackup("This is not a backup of ours.")
        number = self._header[len(MAGIC)]
        if number not in keys:
            raise BadBackup(f"It was sealed with key {number}, which is not in SEALING_KEYS.")
        self._cipher = _cipher(keys[number], self._header[len(MAGIC) + 1 :])
        self._file, self._held, self._number = file, bytearray(), 0
        self._ahead = file.read(CHUNK + TAG)

    def line(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.block())
        return found

    def block(self) -> bytes:
        (length,) = struct.unpack(">I", self._take(4))
        return self._take(length)

    def _take(self, length: int) -> bytes:
        while len(self._held) < length:
            chunk = self._ahead
            if not chunk:
                raise BadBackup("It ends too early.")
            self._ahead = self._file.read(CHUNK + TAG)
            try:
                self._held += self._cipher.decrypt(
                    _nonce(self._number, last=not self._ahead), chunk, self._header
                )
            except InvalidTag:
                raise BadBackup("It was changed, or cut off, or sealed with another key.") from None
            self._number += 1
        taken = bytes(self._held[:length])
        del self._held[:length]
        return taken
