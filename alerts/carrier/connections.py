"""HTTP/1.1 to one host: connections that stay open, one request at a time on each, none ever repeated.

Parsed by httptools (llhttp). What a request may rely on: NotConnected means that not an octet of it
left; everything else that is no whole answer is NoAnswer, and its connection is not used again.
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections import deque
from time import monotonic
from typing import NamedTuple, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MOST_OCTETS = 1_048_576  # of an answer, head and body; Twilio's largest page of a list stays below
# Given up before the other side gives it up: a connection that dies idle can cost a request. The least
# patient of common servers (Apache's KeepAliveTimeout, Node's keepAliveTimeout) wait 5 seconds.
IDLE_SECONDS = 4.0
# Idle for longer than this, a connection is looked at before it is used: the loop, which would have told
# of its end, may have stood still (a worker's does between jobs).
UNWATCHED_SECONDS = 0.05
_LENGTHS = {"content-length", "transfer-encoding"}  # an answer with neither ends with its connection


class NotConnected(Exception):
    """No connection was made: the carrier surely has not seen the request."""


class NoAnswer(Exception):
    """The request may have left and no answer came: nobody knows what the carrier did."""


class Answer(NamedTuple):
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """One connection of a pool. The callbacks ``on_…`` are the parser's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._parser = HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._awaited: asyncio.Future[Answer] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._octets = 0  # since the last whole answer
        self._in_body = False
        self._open = False

    def usable(self) -> bool:
        """Whether it is open, as far as the loop has heard."""
        return self._open and self._transport is not None and not self._transport.is_closing()

    def silent(self) -> bool:
        """Whether nothing is there to be read, which while idle would be its end, or not for us."""
        assert self._transport is not None  # noqa: S101 - it has been used
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    def send(self, octets: bytes, seconds: float) -> asyncio.Future[Answer]:
        """Send one request. What is given back gets its answer, or NoAnswer, within ``seconds``."""
        assert self._transport is not None  # noqa: S101 - connected before it is given out
        awaited: asyncio.Future[Answer] = self._loop.create_future()
        self._awaited = awaited
        self._patience = self._loop.call_later(seconds, self._fail)
        self._transport.write(octets)
        return awaited

    def close(self) -> None:
        """At once: what is still on its way is nobody's."""
        self._open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: it is open."""
        self._transport = cast("asyncio.Transport", transport)
        self._open = True

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

    def eof_received(self) -> None:
        """asyncio: the other side has no more to say. That ends an answer which announced no length.

        But not over TLS, where anybody on the way could have cut it short: asyncio, unlike uvloop, does
        not tell an end that the other side has signed from one that it has not.
        """
        assert self._transport is not None  # noqa: S101 - it was open
        over_tls = self._transport.get_extra_info("ssl_object") is not None
        if self._in_body and _LENGTHS.isdisjoint(self._headers) and not over_tls:
            self._complete(keep=False)
        else:
            self._fail()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's interface
        """asyncio: it is closed."""
        self._fail()
        self._pool.lost(self)

    def on_message_begin(self) -> None:
        """An answer begins."""
        if self._awaited is None:
            self.close()  # it comes unasked, and must not be taken for the next answer
        self._headers, self._body = {}, []

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole."""
        self._in_body = False
        if self._parser.get_status_code() >= 200:  # those below only announce it
            self._complete(keep=self._parser.should_keep_alive())

    def _complete(self, *, keep: bool) -> None:
        awaited = self._no_longer_awaited()
        if awaited is not None:
            awaited.set_result(Answer(self._parser.get_status_code(), self._headers, b"".join(self._body)))
        if not keep:
            self.close()

    def _fail(self) -> None:
        """Whatever was asked has no answer, and never will have one here."""
        self.close()
        awaited = self._no_longer_awaited()
        if awaited is not None:
            awaited.set_exception(NoAnswer())

    def _no_longer_awaited(self) -> asyncio.Future[Answer] | None:
        awaited, self._awaited = self._awaited, None
        self._octets = 0
        if self._patience is not None:
            self._patience.cancel()
        return None if awaited is None or awaited.done() else awaited


# What a waiting request is given: a connection, or, as None, the place for one that it has to make.
_Turn = asyncio.Future[Connection | None]


class Pool:
    """Connections to one host. The last used goes first, so that those too many grow old and are closed."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None, limit: int) -> None:
        self._address = (host, port)
        self._tls = tls
        self._limit = limit
        self._idle: dict[Connection, float] = {}  # since when, by time.monotonic(); the oldest first
        self._connections: set[Connection] = set()
        self._connecting = 0
        # Nobody waits while a connection is idle or there is place for one more.
        self._waiting: deque[_Turn] = deque()
        self._closed = False
        self._sweep_at: asyncio.TimerHandle | None = None

    @property
    def open(self) -> int:
        """Connections that are open or being made."""
        return len(self._connections) + self._connecting

    @property
    def in_use(self) -> int:
        """Those of them that are not idle."""
        return self.open - len(self._idle)

    def limit_to(self, connections: int) -> None:
        """At most so many from now on; those too many are closed as they become idle."""
        self._limit = connections
        while self._idle and self.open > connections:
            self._discard(next(iter(self._idle)))
        self._give_places()

    async def ask(self, octets: bytes, seconds: float, connect_seconds: float) -> Answer:
        """One request, once, in all its ``seconds``. Raises NotConnected, NoAnswer."""
        connection = self._take_idle()
        if connection is None:
            until = monotonic() + seconds
            connection = await self._obtain(min(seconds, connect_seconds))
            seconds = until - monotonic()
        try:
            return await connection.send(octets, seconds)
        except BaseException:
            connection.close()  # cancelled: the answer may still come
            raise
        finally:
            self._put_back(connection)

    async def close(self) -> None:
        """Close all. What is in flight gets NoAnswer, who waits NotConnected, and so does who comes later."""
        self._closed = True
        for turn in self._waiting:
            if not turn.done():
                turn.set_exception(NotConnected())
        for connection in self._connections:
            connection.close()
        if self._sweep_at is not None:
            self._sweep_at.cancel()
        while self._connections:  # noqa: ASYNC110 - the loop tells each of its end within a few turns
            await asyncio.sleep(0)

    def lost(self, connection: Connection) -> None:
        """A connection is closed; its place is free."""
        self._idle.pop(connection, None)
        self._connections.discard(connection)
        self._give_places()

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection, since = self._idle.popitem()
            idle = monotonic() - since
            fresh = connection.usable() and idle < IDLE_SECONDS
            if fresh and (idle < UNWATCHED_SECONDS or connection.silent()):
                return connection
            self._discard(connection)
        return None

    async def _obtain(self, seconds: float) -> Connection:
        """A connection, first come first served. Raises NotConnected."""
        try:
            async with asyncio.timeout(seconds):
                if self.open < self._limit:
                    self._connecting += 1
                    return await self._connect()
                connection = await self._turn()
                while connection is not None and not connection.usable():  # it died as it was handed over
                    connection = await self._turn(first=True)
                return connection or await self._connect()
        except (TimeoutError, OSError):  # ssl's errors are OSErrors
            raise NotConnected from None

    async def _turn(self, *, first: bool = False) -> Connection | None:
        turn: _Turn = asyncio.get_running_loop().create_future()
        if first:
            self._waiting.appendleft(turn)
            self._give_places()  # the one of what died may be free already
        else:
            self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # given at the very moment of giving up
                self._pass_on(turn.result())
            raise

    def _pass_on(self, given: Connection | None) -> None:
        if given is None:
            self._connecting -= 1
            self._give_places()
        else:
            self._put_back(given)

    async def _connect(self) -> Connection:
        """A new connection, in a place that was taken for it."""
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self), *self._address, ssl=self._tls
            )
        except BaseException:
            self._pass_on(None)
            raise
        if self._closed or not connection.usable():
            connection.close()
            self._pass_on(None)
            raise NotConnected
        self._connecting -= 1
        self._connections.add(connection)
        return connection

    def _put_back(self, connection: Connection) -> None:
        if not connection.usable():
            return  # its place becomes free when it is lost
        if self.open > self._limit:
            self._discard(connection)
        elif (turn := self._next_turn()) is not None:
            turn.set_result(connection)
        else:
            self._idle[connection] = monotonic()
            self._sweep_later()

    def _give_places(self) -> None:
        while self.open < self._limit and (turn := self._next_turn()) is not None:
            self._connecting += 1
            turn.set_result(None)

    def _next_turn(self) -> _Turn | None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                return turn
        return None

    def _sweep(self) -> None:
        """Close what has been idle for long; look again for as long as something is idle."""
        old = monotonic() - IDLE_SECONDS
        for connection in [connection for connection, since in self._idle.items() if since <= old]:
            self._discard(connection)
        self._sweep_at = None
        if self._idle:
            self._sweep_later()

    def _sweep_later(self) -> None:
        if self._sweep_at is None:
            self._sweep_at = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._sweep)

    def _discard(self, connection: Connection) -> None:
        """Close it, and have its place free at once."""
        self._idle.pop(connection, None)
        self._connections.discard(connection)
        connection.close()
