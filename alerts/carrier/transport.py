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
_NOT_IN_A_HEAD = re.compile(r"[^\x21-\x7e\x80-\xff \t]")  # RFC 9110 section 5.5


class TwilioTransport(AsyncHttpClient):
    """An HTTP client for the SDK, with at most ``connections`` at once to a host."""

    def __init__(self, connections: int) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=REQUEST_SECONDS)
        self._connections = connections
        self._pools: dict[tuple[bool, str, int], Pool] = {}

    async def request(  # type: ignore[override]  # noqa: PLR0913, PLR0917 - the SDK's interface
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's interface
        allow_redirects: bool = False,  # noqa: ARG002 - the SDK's interface; none are followed
    ) -> Response:
        """One request, once. Raises NotConnected or NoAnswer, and ValueError for what cannot be sent."""
        if params:
            uri += ("&" if "?" in uri else "?") + urlencode(params, doseq=True)
        body = _form(data) if data else b""
        head = _head(method, uri, tuple((headers or {}).items()), auth)
        pool = self._pool(*_host(uri))
        octets = b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)
        answer = await pool.ask(octets, timeout or REQUEST_SECONDS, CONNECT_SECONDS)
        try:
            return Response(answer.status, answer.body.decode(), answer.headers)
        except UnicodeDecodeError:
            raise NoAnswer from None

    async def close(self) -> None:
        """Give the connections back."""
        for pool in self._pools.values():
            await pool.close()

    def _pool(self, tls: bool, host: str, port: int) -> Pool:
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
    if url.scheme not in _PORTS or not url.hostname:
        raise ValueError("an address begins with http:// or https:// and a host")
    return url.scheme == "https", url.hostname, url.port or _PORTS[url.scheme]


# For thousands of texts in a row it is the same.
@lru_cache(maxsize=64)
def _head(method: str, uri: str, headers: tuple[tuple[str, str], ...], auth: tuple[str, str] | None) -> bytes:
    """Request line and headers but for the last, Content-Length. Raises ValueError. RFC 9112 section 3."""
    url = urlsplit(uri)
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    fields = [*headers, ("Host", url.netloc)]
    if auth:
        fields.append(("Authorization", "Basic " + b64encode(":".join(auth).encode()).decode()))
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    if " " in target or any(_NOT_IN_A_HEAD.search(line) for line in lines):
        raise ValueError("a request's head holds a character that cannot be sent")
    return "".join(line + "\r\n" for line in lines).encode("latin-1")


def _form(data: dict[str, object]) -> bytes:
    """What ``urlencode(data, doseq=True)`` gives, in a third of the time."""
    pairs = [
        f"{name}={_quoted(str(one))}"
        for name, value in data.items()
        for one in (value if isinstance(value, list) else (value,))
    ]
    return "&".join(pairs).encode()


def _quoted(text: str) -> str:
    return text.translate(_QUOTED) if text.isascii() else quote_plus(text)


_QUOTED = {code: quote_plus(chr(code)) for code in range(128)}
