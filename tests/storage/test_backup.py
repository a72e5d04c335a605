"""A backup holds everything, shows nothing, and comes back whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from alerts.broadcasts.months import begin_month
from alerts.settings import parse_sealing_keys, settings
from alerts.storage.backup import CHUNK, MAGIC, TAG, BadBackup, NotEmpty, backup, restore
from alerts.storage.embedded import embedded_postgres
from alerts.storage.tables import Table
from tests.api import Api
from tests.console.browser import browser, invited
from tests.storage.test_rotation import filled
from tests.story import MARIA, alert
from tests.worker import Worker

pytestmark = pytest.mark.anyio


def keys() -> dict[int, bytes]:
    return parse_sealing_keys(settings().sealing_keys.get_secret_value())


def contents(url: str) -> dict[str, list[bytes]]:
    """Every table's rows, as text."""
    found = {}
    with psycopg.connect(url) as connection:
        for table in Table.metadata.sorted_tables:
            with connection.cursor().copy(f"COPY (SELECT * FROM {table.name}) TO STDOUT".encode()) as rows:
                found[table.name] = sorted(b"".join(bytes(row) for row in rows).splitlines())
    return found


@pytest.fixture(scope="module")
def empty() -> Iterator[str]:
    """Another PostgreSQL, with nothing in it."""
    with embedded_postgres(forgetful=True) as url:
        yield url


def partitions(url: str) -> dict[str, tuple[str, int]]:
    """Of each partition its bounds, and how many rows stand in it."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class"
            " WHERE relispartition AND relkind = 'r'"
        ).fetchall()
        counted = {}
        for name, bounds in found:
            rows = connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()
            assert rows
            counted[name] = (bounds, rows[0])
        return counted


def to(url: str) -> str:
    return url.replace("postgresql", "postgresql+psycopg", 1)


async def test_all_of_it_comes_back_and_goes_on(
    whole: None, api: Api, postgres_url: str, worker: Worker, empty: str, tmp_path: Path
) -> None:
    await filled(api)
    for month in (1, 2):
        draft = await api.post("/v1/alerts", alert(1, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
        await api.post(f"/v1/alerts/{draft['id']}/send", status=202)
        await worker.fan_out(draft["id"])
        assert month == 2 or await begin_month(date(2099, 12, 2))
    file = tmp_path / "all"
    done = backup(postgres_url, keys(), file)
    assert file.stat().st_mode & 0o077 == 0
    octets = file.read_bytes()
    for secret in (MARIA.encode(), b"subscribers", b"consent", b"Inland"):
        assert secret not in octets
    assert restore(empty, to(empty), keys(), file) == done
    there, back = contents(postgres_url), contents(empty)
    changed = {name for name in there if there[name] != back[name]}
    assert {"api_keys", "organizer_sessions"} <= changed <= {"api_keys", "organizer_sessions", "presses"}
    assert partitions(empty) == partitions(postgres_url)
    assert sum(rows > 0 for _, rows in partitions(empty).values()) == 2  # of two months
    with psycopg.connect(empty) as connection:  # what is new gets a new id; triggers work again
        connection.execute("INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state)"
                           " VALUES (1, 99, 'en', 'x', 'waiting')")  # fmt: skip
        connection.execute(
            "INSERT INTO audit (who, what, noun, number, facts) VALUES ('x', 'x', 'x', 1, '{}')"
        )
    with pytest.raises(NotEmpty):
        restore(empty, to(empty), keys(), file)


async def test_nobody_is_in_by_what_ended_since(api: Api, postgres_url: str, tmp_path: Path) -> None:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org"))
    await invited("bea@example.org")
    backup(postgres_url, keys(), tmp_path / "all")
    with embedded_postgres(forgetful=True) as url:
        restore(url, to(url), keys(), tmp_path / "all")
        with psycopg.connect(url) as connection:
            left = (
                "SELECT (SELECT count(*) FROM organizer_sessions), count(*), count(welcome) FROM organizers"
            )
            assert connection.execute(left).fetchone() == (0, 2, 0)
            working = "SELECT count(*), count(*) FILTER (WHERE revoked_at IS NULL) FROM api_keys"
            assert connection.execute(working).fetchone() == (1, 0)


async def test_a_file_that_is_there_is_not_overwritten(api: Api, postgres_url: str, tmp_path: Path) -> None:
    file = tmp_path / "all"
    file.write_text("something")
    with pytest.raises(FileExistsError):
        backup(postgres_url, keys(), file)
    assert file.read_text() == "something"


async def test_a_backup_that_was_touched_is_refused(api: Api, postgres_url: str, tmp_path: Path) -> None:
    await filled(api)
    with psycopg.connect(postgres_url) as connection:  # more than one chunk
        connection.execute(
            "INSERT INTO guesses SELECT decode(lpad(to_hex(n), 64, '0'), 'hex'), 1, now()"
            " FROM generate_series(1, 32000) AS n"
        )
    file = tmp_path / "all"
    backup(postgres_url, keys(), file)
    whole = file.read_bytes()
    head = len(MAGIC) + 33
    assert len(whole) > head + 2 * (CHUNK + TAG)
    first, second = whole[head : head + CHUNK + TAG], whole[head + CHUNK + TAG : head + 2 * (CHUNK + TAG)]
    with embedded_postgres(forgetful=True) as url:
        for name, octets in {
            "another file": b"PK" + whole[2:],
            "another key's number": whole[: len(MAGIC)] + b"\x09" + whole[len(MAGIC) + 1 :],
            "one bit": whole[:-1] + bytes((whole[-1] ^ 1,)),
            "the salt": whole[: head - 1] + b"\x00" + whole[head:],
            "cut in a chunk": whole[:-5],
            "cut after a chunk": whole[: head + CHUNK + TAG],
            "two chunks swapped": whole[:head] + second + first + whole[head + 2 * (CHUNK + TAG) :],
            "a chunk left out": whole[:head] + second + whole[head + 2 * (CHUNK + TAG) :],
            "more behind it": whole + b"x" * 40,
        }.items():
            (tmp_path / "touched").write_bytes(octets)
            with pytest.raises(BadBackup):
                restore(url, to(url), keys(), tmp_path / "touched")
            with psycopg.connect(url) as connection:
                for table in ("subscribers", "guesses"):
                    there = connection.execute("SELECT to_regclass(%s)", [table]).fetchone()
                    if there and there[0]:
                        rows = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
                        assert rows == (0,), name
        other = {1: bytes(32)}
        with pytest.raises(BadBackup):
            restore(url, to(url), other, file)
