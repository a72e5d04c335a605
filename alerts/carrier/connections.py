"""HTTP/1.1 to one host: connections that stay open, one request at a time on each, none ever repeated.

Parsed by httptools (llhttp). What a request may rely on: NotConnected means that not an octet of it
left; everything else that is no whole answer is NoAnswer, and its connection is not used again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from dataclasses import dataclass
from typing import cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MOST_OCTETS = 1_048_576  # of an answer, head and body; Twilio's largest page of a list stays below
# Given up before Twilio's side gives it up: a connection that died idle loses a request.
IDLE_SECONDS = 10.0


class NotConnected(Exception):
    """No connection was made: the carrier surely has not seen the request."""


class NoAnswer(Exception):
    """The request may have left and no answer came: nobody knows what the carrier did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


_LENGTHS = {"content-length", "transfer-encoding"}  # an answer with neither ends with its connection


def _headers(head: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in head}


class Connection(asyncio.Protocol):
    """One connection of a pool. The callbacks ``on_…`` are the parser's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._awaited: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None
        self._head: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._octets = 0
        self._headed = False
        self.idle_since = 0.0

    def usable(self) -> bool:
        """Whether it is open, as far as anybody can know."""
        transport = self._transport
        old = self._loop.time() - self.idle_since > IDLE_SECONDS
        return transport is not None and not transport.is_closing() and not old

    async def ask(self, octets: bytes, seconds: float) -> Answer:
        """Send one request and wait for its answer. Raises NoAnswer."""
        assert self._transport is not None  # noqa: S101 - connected before it is given out
        awaited: asyncio.Future[Answer] = self._loop.create_future()
        self._awaited = awaited
        patience = self._loop.call_later(seconds, self._fail)
        try:
            self._transport.write(octets)
            return await awaited
        except asyncio.CancelledError:
            self.close()
            raise
        finally:
            patience.cancel()

    def close(self) -> None:
        """At once: what is still on its way is nobody's."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: it is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """asyncio: octets came."""
        self._octets += len(data)
        if self._awaited is None or self._octets > MOST_OCTETS:
            self._fail()  # nobody asked, or more than anybody would say
            return
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio: it is closed."""
        if exc is None and self._headed and not _LENGTHS & _headers(self._head).keys():
            self._complete(keep=False)  # the end of the connection is the end of the body
        self._fail()
        self._pool.lost(self)

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._awaited is None:
            self.close()  # it comes unasked, and must not be taken for the next answer
        self._head, self._body, self._headed = [], [], False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._head.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._headed = True

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        if self._parser.get_status_code() >= 200:  # those before only announce it
            self._complete(keep=self._parser.should_keep_alive())

    def _complete(self, *, keep: bool) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is None or awaited.done():
            self.close()
            return
        self._octets, self._headed = 0, False
        status = self._parser.get_status_code()
        awaited.set_result(Answer(status, _headers(self._head), b"".join(self._body)))
        if not keep:
            self.close()

    def _fail(self) -> None:
        """Whatever was asked has no answer, and never will have one here."""
        awaited, self._awaited = self._awaited, None
        self.close()
        if awaited is not None and not awaited.done():
            awaited.set_exception(NoAnswer())


class Pool:
    """Connections to one host, at most ``limit``. The last used goes first, so that it shrinks by itself."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, limit: int) -> None:
        self._address = (host, port)
        self._tls = tls
        self.limit = limit
        self._idle: list[Connection] = []
        self._open: set[Connection] = set()
        self._connecting = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def ask(self, octets: bytes, seconds: float, connect_seconds: float) -> Answer:
        """One request, once, in all its ``seconds``. Raises NotConnected, NoAnswer."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        connection = self._take_idle()
        if connection is None:
            try:
                async with asyncio.timeout(min(seconds, connect_seconds)):
                    connection = await self._free()
            except (TimeoutError, OSError):  # ssl's errors are OSErrors
                raise NotConnected from None
        try:
            return await connection.ask(octets, until - loop.time())
        finally:
            self._put_back(connection)

    async def close(self) -> None:
        """Close all; whoever waits is told that nothing was sent."""
        for turn in self._waiting:
            turn.cancel()
        for connection in list(self._open):
            connection.close()
        await asyncio.sleep(0)

    def lost(self, connection: Connection) -> None:
        """A connection is closed; its place is free."""
        self._open.discard(connection)
        self._wake()

    async def _free(self) -> Connection:
        """An idle connection or a new one, first come first served."""
        while True:
            connection = self._take_idle()
            if connection is not None:
                return connection
            if len(self._open) + self._connecting < self.limit:
                return await self._connect()
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._wake()  # the turn was ours and goes to the next
                raise

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable():
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        self._connecting += 1
        try:
            loop = asyncio.get_running_loop()
            _, connection = await loop.create_connection(
                lambda: Connection(self), *self._address, ssl=self._tls
            )
            self._open.add(connection)
            return connection
        finally:
            self._connecting -= 1
            self._wake()

    def _put_back(self, connection: Connection) -> None:
        connection.idle_since = asyncio.get_running_loop().time()
        if connection.usable():
            self._idle.append(connection)
            if not self._idle[0].usable():
                self._idle.pop(0).close()
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
