"""One web process under load: many connections on loopback, each with one request at a time."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from alerts.storage.embedded import start_child, stop_child

CONNECTIONS = 32
_LENGTH = re.compile(rb"content-length: (\d+)")
TOKEN = "bench"
PUBLIC_URL = "http://alerts.bench"
KEYS = "1:" + "b29v" * 10 + "b28="


@dataclass(slots=True)
class Load:
    """What a client saw: ``seconds`` for all, and for each request."""

    seconds: float = 0.0
    each: list[float] = field(default_factory=list)

    @property
    def a_second(self) -> float:
        """Requests answered a second."""
        return len(self.each) / self.seconds

    def percentile(self, percent: int) -> float:
        """Seconds within which so many in a hundred were answered."""
        return statistics.quantiles(self.each, n=100)[percent - 1]


class _Client(asyncio.Protocol):
    """Sends its requests one after the other on one connection."""

    def __init__(
        self, requests: Iterator[bytes], wanted: bytes, load: Load, done: asyncio.Future[None]
    ) -> None:
        self._requests = requests
        self._wanted = wanted
        self._load = load
        self._done = done
        self._sent_at = 0.0
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, whole, body = self._answer.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not whole or (length and len(body) < int(length[1])):
            return
        answer, self._answer = self._answer, b""
        if self._wanted not in answer:
            self._done.set_exception(RuntimeError(answer[:600].decode(errors="replace")))
            return
        self._load.each.append(time.perf_counter() - self._sent_at)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._done.set_result(None)
        else:
            self._sent_at = time.perf_counter()
            self._transport.write(request)  # type: ignore[attr-defined]


async def post_all(port: int, requests: Sequence[bytes], wanted: bytes) -> Load:
    """Send all, over CONNECTIONS connections. Raises RuntimeError where an answer lacks ``wanted``."""
    loop, queue, load = asyncio.get_running_loop(), iter(requests), Load()
    started = time.perf_counter()
    ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(CONNECTIONS)]
    for end in ends:
        await loop.create_connection(lambda end=end: _Client(queue, wanted, load, end), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*ends)
    load.seconds = time.perf_counter() - started
    return load


def signed(path: str, form: dict[str, str]) -> bytes:
    """A whole request as Twilio makes it."""
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, form)
    body = urlencode(form)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: alerts.bench\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        f"X-Twilio-Signature: {signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode()


def environment(database: str, valkey: str) -> dict[str, str]:
    """Settings of a web process."""
    return {
        **os.environ,
        "DATABASE_URL": database,
        "REDIS_URL": valkey,
        "PUBLIC_URL": PUBLIC_URL,
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM_NUMBERS": "+19095550100",
        "TWILIO_RATES": "",  # another measurement may have set those of its own senders
        "TWILIO_OPT_OUT": "off",
        "SEALING_KEYS": KEYS,
        "SESSION_SECRET": "x" * 32,
        "ORGANIZATION_NAME": "Bench",
    }


@contextmanager
def web(target: str, port: int, env: dict[str, str], folder: Path) -> Iterator[None]:
    """One uvicorn process on ``port``. ``target``: an application, or a function that makes one."""
    command = [sys.executable, "-m", "uvicorn", target, "--port", str(port), "--no-access-log"]
    factory = [] if target.endswith(":app") else ["--factory"]
    process = start_child(
        [*command, *factory, "--log-level", "warning"], folder / target.replace(":", "-"), env=env
    )
    try:
        _wait_for(port)
        yield
    finally:
        stop_child(process)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
