"""A stand-in for Twilio that only answers: far quicker than what is measured against it."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvloop

ANSWER = json.dumps(
    {"sid": "SM" + "0" * 32, "status": "queued", "body": "", "num_segments": "1", "error_code": None}
).encode()
HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(ANSWER)


class _Answerer(asyncio.Protocol):
    """Answers each POST as soon as its body is whole, after ``latency`` seconds."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = (
                int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
            )
            if len(self._buffer) < end + 4 + length:
                return
            self._buffer = self._buffer[end + 4 + length :]
            asyncio.get_running_loop().call_later(self._latency, self._answer)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(HEAD + ANSWER)


def _serve(listener: socket.socket, latency: float) -> None:
    async def forever() -> None:
        server = await asyncio.get_running_loop().create_server(
            lambda: _Answerer(latency), sock=listener, backlog=1024
        )
        await server.serve_forever()

    uvloop.run(forever())


@contextmanager
def carrier_stub(latency: float = 0.0) -> Iterator[str]:
    """The address of a stub in a process of its own, which answers after ``latency`` seconds."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(listener, latency), daemon=True
    )
    process.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join()
        listener.close()
