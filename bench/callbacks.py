"""``python -m bench.callbacks``: how many status callbacks one web process records a second.

Side by side in one run, interleaved, medians of ``ROUNDS``: the route as it is, each answer after its
commit; and the same route without a database (signature checked, form parsed, nothing written).
32 connections from a client process of its own; every callback is signed and moves a delivery on.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import uvloop
from rich.console import Console
from rich.table import Table as Grid
from twilio.request_validator import RequestValidator

from alerts.storage.embedded import embedded_postgres, embedded_valkey, start_child, stop_child
from alerts.storage.migrate import upgrade

ROUNDS = 5
EACH = 6_000
CONNECTIONS = 32
TOKEN = "bench"
PUBLIC_URL = "http://alerts.bench"
PORT = {"recorded": 18101, "no database": 18102}


def bare() -> object:
    """The application, with a group commit that forgets."""
    from alerts.broadcasts import api  # noqa: PLC0415 - in the web process only
    from alerts.main import app  # noqa: PLC0415

    class Forgets:
        async def add(self, _item: object) -> None:
            return None

    api.written = Forgets()  # type: ignore[assignment]
    return app


class _Client(asyncio.Protocol):
    """Sends its requests one after the other on one connection."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 204"):
            self._done.set_exception(RuntimeError(data[:300].decode()))
            return
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._done.set_result(None)
        else:
            self._transport.write(request)  # type: ignore[attr-defined]


async def _post_all(port: int, requests: list[bytes]) -> float:
    loop, queue = asyncio.get_running_loop(), iter(requests)
    started = time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(CONNECTIONS)]
    for end in ends:
        await loop.create_connection(lambda end=end: _Client(queue, end), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    return len(requests) / (time.perf_counter() - started)


def _signed(delivery: int, status: str) -> bytes:
    path = f"/twilio/status/{delivery}"
    form = {
        "MessageSid": f"SM{delivery:032x}",
        "SmsSid": f"SM{delivery:032x}",
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": "AC" + "0" * 32,
        "From": "+19095550100",
        "To": "+19095550101",
        "ApiVersion": "2010-04-01",
    }
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, form)
    body = urlencode(form)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: alerts.bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


@contextmanager
def _web(name: str, env: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    target = ["alerts.main:app"] if name == "recorded" else ["--factory", "bench.callbacks:bare"]
    port = ["--port", str(PORT[name])]
    command = [sys.executable, "-m", "uvicorn", *target, *port, "--no-access-log", "--log-level", "warning"]
    process = start_child(command, folder / name, env=env)
    try:
        yield process
    finally:
        stop_child(process)


def _fill(url: str) -> None:
    """Deliveries that wait for their callbacks."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE deliveries, alerts, subscribers RESTART IDENTITY CASCADE")
        connection.execute(
            "INSERT INTO subscribers (phone, language, standing)"
            " SELECT int8send(n), 'es', 'active' FROM generate_series(1::bigint, %s) n",
            [EACH],
        )
        connection.execute(
            "INSERT INTO alerts (state, audience, text, asks_rsvp, urgent, prepared_at)"
            " VALUES ('sending', '{}', '{}', false, false, now())"
        )
        connection.execute(
            "INSERT INTO deliveries (alert_id, subscriber_id, language, state)"
            " SELECT 1, id, 'es', 'sending' FROM subscribers"
        )


def main() -> None:
    """Measure and print."""
    figures: dict[str, list[float]] = {name: [] for name in PORT}
    # A delivery gets two callbacks, as in life.
    requests = [_signed(number, status) for status in ("sent", "delivered") for number in range(1, EACH + 1)]
    with tempfile.TemporaryDirectory() as folder, embedded_postgres() as url, embedded_valkey() as cache:
        env = {
            **os.environ,
            "DATABASE_URL": url,
            "REDIS_URL": cache,
            "PUBLIC_URL": PUBLIC_URL,
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBERS": "+19095550100",
            "SEALING_KEYS": "1:" + "b29v" * 10 + "b28=",
            "SESSION_SECRET": "x" * 32,
            "ORGANIZATION_NAME": "Bench",
        }
        upgrade(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with _web("recorded", env, Path(folder)), _web("no database", env, Path(folder)):
            time.sleep(4)
            for _ in range(ROUNDS):
                _fill(url)
                for name, port in PORT.items():
                    figures[name].append(uvloop.run(_post_all(port, requests)))
                with psycopg.connect(url) as connection:
                    [(delivered,)] = connection.execute(
                        "SELECT count(*) FROM deliveries WHERE state = 'delivered'"
                    ).fetchall()
                assert delivered == EACH, f"{delivered} of {EACH} were recorded"
    grid = Grid("callbacks", "a second (median)", "lowest", "highest")
    for name, values in figures.items():
        grid.add_row(
            name, *(f"{value:,.0f}" for value in (statistics.median(values), min(values), max(values)))
        )
    Console().print(grid)
    share = statistics.median(figures["recorded"]) / statistics.median(figures["no database"])
    Console().print(f"recorded / no database: {share:.2f}")


if __name__ == "__main__":
    main()
