"""What stands behind the Twilio SDK's ``http_client=``: real time-outs and no blind retry.

The SDK's own async client ignores its time-out (design, part 8). A request whose body may have
left is never repeated here: that would be a second text on somebody's phone.
Why not a ready-made client: docs/decisions/transport.md.
"""

from __future__ import annotations

import logging
import re
import ssl
from base64 import b64encode
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

from twilio.http import AsyncHttpClient
from twilio.http.response import Response

from alerts.carrier.connections import NoAnswer, NotConnected, Pool

__all__ = ["CONNECT_SECONDS", "REQUEST_SECONDS", "NoAnswer", "NotConnected", "TwilioTransport"]

REQUEST_SECONDS = 10.0  # from the call to the last octet of the answer
CONNECT_SECONDS = 4.0  # until a connection is there, the wait for a free one included
_PORTS = {"http": 80, "https": 443}
_ADDRESS = re.compile(r"[\x21-\x7e]+")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 section 5.6.2
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")  # RFC 9110 section 5.5
_OURS = {"host", "content-length", "transfer-encoding"}  # said twice, they could end a request early


class TwilioTransport(AsyncHttpClient):
    """An HTTP client for the SDK, with at most ``connections`` at once to a host."""

    def __init__(self, connections: int) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=REQUEST_SECONDS)
        self._pools: dict[tuple[bool, str, int], Pool] = {}
        self._closed = False
        self.connections = connections

    @property
    def connections(self) -> int:
        """The most connections at once to a host; may be changed at any time. Raises ValueError below 1."""
        return self._connections

    @connections.setter
    def connections(self, most: int) -> None:
        if most < 1:
            raise ValueError("without a connection nothing is ever sent")
        self._connections = most
        for pool in self._pools.values():
            pool.limit_to(most)

    @property
    def open(self) -> int:
        """Connections that are open or being made."""
        return sum(pool.open for pool in self._pools.values())

    @property
    def in_use(self) -> int:
        """Those of them that are not idle."""
        return sum(pool.in_use for pool in self._pools.values())

    async def request(  # type: ignore[override]  # noqa: PLR0913, PLR0917 - the SDK's interface
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | str | bytes | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's interface
        allow_redirects: bool = False,  # noqa: ARG002 - the SDK's interface; none are followed
    ) -> Response:
        """One request, once. Raises NotConnected or NoAnswer, and ValueError for what cannot be sent."""
        if timeout is None:
            timeout = REQUEST_SECONDS
        elif timeout <= 0:
            raise ValueError("a time-out is longer than nothing")
        if params:
            given = {name: value for name, value in params.items() if value is not None}
            uri += ("&" if "?" in uri else "?") + urlencode(given, doseq=True)
        head = _head(method, uri, tuple(headers.items()) if headers else (), auth)
        body = _body(data) if data else b""
        octets = b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
        answer = await self._pool(*_host(uri)).ask(octets, timeout, CONNECT_SECONDS)
        try:
            return Response(answer.status, answer.body.decode(), answer.headers)
        except UnicodeDecodeError:
            raise NoAnswer from None

    async def close(self) -> None:
        """Give the connections back, for good: what is asked from now on is NotConnected."""
        self._closed = True
        for pool in self._pools.values():
            await pool.close()

    def _pool(self, tls: bool, host: str, port: int) -> Pool:
        if self._closed:
            raise NotConnected
        key = (tls, host, port)
        if key not in self._pools:
            self._pools[key] = Pool(host, port, self._tls if tls else None, self._connections)
        return self._pools[key]

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()


@lru_cache(maxsize=64)
def _host(uri: str) -> tuple[bool, str, int]:
    """Whether by TLS, host and port. Raises ValueError."""
    url = urlsplit(uri)
    if url.scheme not in _PORTS or not url.hostname or "@" in url.netloc:
        raise ValueError("an address begins with http:// or https:// and a host")
    return url.scheme == "https", url.hostname, url.port or _PORTS[url.scheme]


# For thousands of texts in a row it is the same.
@lru_cache(maxsize=64)
def _head(method: str, uri: str, headers: tuple[tuple[str, str], ...], auth: tuple[str, str] | None) -> bytes:
    """Request line and headers but for the last, Content-Length. Raises ValueError. RFC 9112 section 3."""
    if not _ADDRESS.fullmatch(uri):  # before urlsplit, which leaves out line ends without a word
        raise ValueError("an address holds a character that cannot be sent")
    url = urlsplit(uri)
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    fields = [("Host", url.netloc), *headers]
    if auth:
        fields.append(("Authorization", "Basic " + b64encode(":".join(auth).encode()).decode()))
    names = [name.lower() for name, _ in headers]
    if (
        not all(_TOKEN.fullmatch(word) for word in (method, *names))
        or not all(_VALUE.fullmatch(value) for _, value in fields)
        or not _OURS.isdisjoint(names)
    ):
        raise ValueError("a request's head holds what cannot be sent")
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return "".join(line + "\r\n" for line in lines).encode("latin-1")


def _body(data: dict[str, Any] | str | bytes) -> bytes:
    """A form as ``urlencode(data, doseq=True)`` gives it, in a third of the time; else what it is."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, str):
        return data.encode()
    pairs = [
        f"{_quoted(name)}={_quoted(value)}"
        if isinstance(value, str)
        else urlencode({name: value}, doseq=True)
        for name, value in data.items()
    ]
    return "&".join(filter(None, pairs)).encode()


# As latin-1 reads them, the octets of UTF-8 are characters that a table can have.
_QUOTED = {octet: quote_plus(bytes([octet])) for octet in range(256)}


def _quoted(text: str) -> str:
    return text.encode().decode("latin-1").translate(_QUOTED)
