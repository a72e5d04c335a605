"""What stands behind the Twilio SDK's ``http_client=``: real time-outs and no blind retry.

The SDK's own async client ignores its time-out (design, part 8). A request whose body may have
left is never repeated here: that would be a second text on somebody's phone.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    encode_basic_auth,
)
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

REQUEST_SECONDS = 10.0  # from the first octet out to the last octet in
CONNECT_SECONDS = 4.0


class NotConnected(Exception):
    """No connection was made: the carrier surely has not seen the request."""


class NoAnswer(Exception):
    """The request may have left and no answer came: nobody knows what the carrier did."""


class TwilioTransport(AsyncHttpClient):
    """An HTTP client for the SDK on aiohttp, with at most ``connections`` at once."""

    def __init__(self, connections: int) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=REQUEST_SECONDS)
        self._session = ClientSession(
            # Given up before Twilio's side gives it up: a connection that died idle loses a request.
            connector=TCPConnector(limit=connections, keepalive_timeout=10),
            cookie_jar=DummyCookieJar(),
        )

    async def request(  # type: ignore[override]  # noqa: PLR0913, PLR0917 - the SDK's interface
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the SDK's interface
        allow_redirects: bool = False,
    ) -> Response:
        """One request, once. Raises NotConnected or NoAnswer."""
        sent = {**(headers or {}), **({"Authorization": encode_basic_auth(*auth)} if auth else {})}
        try:
            async with self._session.request(
                method,
                uri,
                params=params,
                data=urlencode(data, doseq=True).encode() if data else None,
                headers=sent,
                allow_redirects=allow_redirects,
                timeout=ClientTimeout(total=timeout or REQUEST_SECONDS, connect=CONNECT_SECONDS),
            ) as answer:
                return Response(answer.status, await answer.text(), answer.headers)
        except ClientConnectorError:
            raise NotConnected from None
        except (ClientError, TimeoutError, OSError):
            raise NoAnswer from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()
