"""Servers of our own: real, quick, and gone when we are."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from alerts.storage.embedded import PostgresServer, embedded_postgres, embedded_valkey


def test_a_postgresql_and_a_valkey_serve_and_leave_nothing() -> None:
    with embedded_postgres(forgetful=True) as url, embedded_valkey() as cache:
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        with Redis.from_url(cache) as client:
            assert client.ping()
        folder = url.partition("host=")[2]
        assert Path(folder).stat().st_mode & 0o077 == 0
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_a_postgresql_that_was_stopped_starts_again_with_what_was_committed() -> None:
    server = PostgresServer(forgetful=True)
    try:
        server.start()
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
        server.stop()
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    finally:
        server.remove()


PARENT = """
import sys, time
from alerts.storage.embedded import PostgresServer, ValkeyServer
servers = PostgresServer(forgetful=True), ValkeyServer()
for server in servers:
    server.start()
print(*(server._process.pid for server in servers), flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_servers_end_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while any(_alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
