"""Our own processes, people and alerts for the measurements of ``bench.ours``."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from alerts.settings import parse_sealing_keys
from alerts.storage.embedded import start_child, stop_child
from alerts.storage.migrate import upgrade
from alerts.storage.sealing import Sealer
from bench import peers
from bench.measure import Servers
from bench.stub import ACCOUNT

KEYS = "1:" + "b29v" * 10 + "b28="
PATIENCE_SECONDS = 600.0
FAST = 1_000_000  # parts a second: no pace that anybody notices
# A sender for each pace that is measured, and one that is never in the way.
SENDERS = {10: "+19095550110", 100: "+19095550111", 1_000: "+19095550112", FAST: peers.SENDER}


def environment(servers: Servers, valkey: int, carrier: str | None = None) -> dict[str, str]:
    """What a deployment would set, with the Valkey database ``valkey`` to itself."""
    return {
        **os.environ,
        "DATABASE_URL": servers.database,
        "REDIS_URL": servers.valkey_for(valkey),
        "PUBLIC_URL": "https://alerts.bench",
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": peers.TOKEN,
        "TWILIO_API_URL": carrier or servers.carrier,
        "TWILIO_FROM_NUMBERS": ",".join(SENDERS.values()),
        "TWILIO_RATES": ",".join(f"{sender}={rate}" for rate, sender in SENDERS.items()),
        "SEALING_KEYS": KEYS,
        "SESSION_SECRET": "x" * 32,
        "ORGANIZATION_NAME": "Bench",
        "APPROVAL_ABOVE": "",
        "LOG_LEVEL": "WARNING",
    }


@contextmanager
def processes(env: dict[str, str], folder: Path, *modules: str) -> Iterator[list[int]]:
    """Python modules as processes; their pids."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for number, module in enumerate(modules):
            command = [sys.executable, "-m", *module.split()]
            running.append(start_child(command, folder / f"{number}.log", env=env))
        yield [process.pid for process in running]
    finally:
        for process in running:
            stop_child(process)


def api_key(env: dict[str, str]) -> str:
    """A key to our own API."""
    command = [sys.executable, "-m", "alerts.cli", "key", "create", "bench"]
    return subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout.strip()


def ready(servers: Servers) -> None:
    """The newest schema, with nothing left over for PostgreSQL to clean up beside the rounds."""
    upgrade(servers.database.replace("postgresql://", "postgresql+psycopg://", 1))
    with psycopg.connect(servers.database, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def number_of(place: int) -> str:
    """Somebody's number; of no form that a phone has, as there are not a million numbers of nobody's."""
    return f"+1555{place:09d}"


def people(servers: Servers, wanted: int) -> None:
    """At least ``wanted`` subscribers, with sealed numbers, in three languages, all on list 1."""
    sealer = Sealer(parse_sealing_keys(KEYS))
    with psycopg.connect(servers.database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO lists (name, timezone, opens, closes)"
            " VALUES ('Everybody', 'America/Chicago', '00:00', '00:00')"
            " ON CONFLICT DO NOTHING"
        )
        [(there,)] = connection.execute("SELECT count(*) FROM subscribers").fetchall()
        if there >= wanted:
            return
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY subscribers (phone, language, standing) FROM STDIN") as copy,
        ):
            for number in range(there, wanted):
                sealed = sealer.seal_findable("subscribers.phone", number_of(number))
                copy.write_row((sealed, ("en", "es", "so")[number % 3], "active"))
        connection.execute(
            "INSERT INTO memberships (list_id, subscriber_id) SELECT 1, id FROM subscribers"
            " ON CONFLICT DO NOTHING"
        )
        connection.execute("VACUUM ANALYZE subscribers, memberships")


def alert(servers: Servers, to: int, rate: int = FAST, state: str = "sending") -> int:
    """An alert to the first ``to`` people, whose deliveries are written. Its id."""
    texts = dict.fromkeys(("en", "es", "so"), peers.BODY)
    sealer = Sealer(parse_sealing_keys(KEYS))
    text, bodies = (sealer.seal_json(f"alerts.{name}", texts) for name in ("text", "bodies"))
    with psycopg.connect(servers.database) as connection:
        [(made,)] = connection.execute(
            "INSERT INTO alerts (state, audience, text, bodies, asks_rsvp, urgent, prepared_at)"
            """ VALUES (%s, '{"lists": [1]}', %s, %s, false, false, now()) RETURNING id""",
            [state, text, bodies],
        ).fetchall()
        connection.execute(
            "INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state, list_id)"
            " SELECT %s, id, language, %s, 'waiting', 1 FROM subscribers WHERE id <= %s ORDER BY id",
            [made, SENDERS[rate], to],
        )
    return int(made)


def set_state(servers: Servers, alert_id: int, state: str) -> None:
    """Pause an alert, or let it go on."""
    with psycopg.connect(servers.database, autocommit=True) as connection:
        connection.execute("UPDATE alerts SET state = %s WHERE id = %s", [state, alert_id])


def until_recorded(servers: Servers, alert_id: int, texts: int) -> float:
    """Wait until so many deliveries are recorded as accepted; when that was, on ``time.monotonic()``."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with psycopg.connect(servers.database, autocommit=True) as connection:
        while True:
            [(recorded,)] = connection.execute(
                "SELECT coalesce(sum(deliveries), 0) FROM progress"
                " WHERE alert_id = %s AND state = 'accepted'",
                [alert_id],
            ).fetchall()
            now = time.monotonic()
            if recorded >= texts:
                return now
            if now > deadline:
                raise RuntimeError(f"{recorded} of {texts} texts were recorded")
            time.sleep(0.01)
