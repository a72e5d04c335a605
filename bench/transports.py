"""``python -m bench.transports``: what stands behind the Twilio SDK's ``http_client=``?

The same texts through the real SDK, ``IN_FLIGHT`` at once, to a carrier stub that only answers; side by
side in one process, interleaved, medians of ``ROUNDS``. *no transport* answers from memory: what the
SDK itself takes, and so the most that any transport can reach. See docs/decisions/transport.md.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import uvloop
from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    encode_basic_auth,
)
from rich.console import Console
from rich.progress import track
from rich.table import Table
from twilio.http import AsyncHttpClient
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from alerts.carrier.transport import CONNECT_SECONDS, REQUEST_SECONDS, NoAnswer, NotConnected, TwilioTransport
from bench.stub import ACCOUNT, carrier_stub

ROUNDS = 5
TEXTS = 3_000
WARM_UP = 300
IN_FLIGHT = 50
# Spanish as people write it; a character outside GSM-7 and outside ASCII, as most Spanish texts have.
BODY = "¿Vienes? La huelga en la bodega empieza a las 7:00 PM. Responde SÍ o NO. STOP = salir. %d"


class NoTransport(AsyncHttpClient):
    """Answers from memory."""

    def __init__(self, _connections: int) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._text = ""

    async def request(self, method: str, uri: str, *_: Any, **rest: Any) -> Response:  # type: ignore[override]
        """The stub's first answer, again and again."""
        if not self._text:
            transport = TwilioTransport(1)
            self._text = (await transport.request(method, uri, **rest)).text
            await transport.close()
        return Response(201, self._text, {})

    async def close(self) -> None:
        """Nothing is open."""


class AiohttpTransport(AsyncHttpClient):
    """On aiohttp, as fast as it goes: no cookies, the form by ``urlencode``, real time-outs."""

    def __init__(self, connections: int) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True, timeout=REQUEST_SECONDS)
        self._session = ClientSession(
            timeout=ClientTimeout(total=REQUEST_SECONDS, connect=CONNECT_SECONDS),
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
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - the SDK's interface
        allow_redirects: bool = False,
    ) -> Response:
        """One request, once."""
        try:
            async with self._session.request(
                method,
                uri,
                params=params,
                data=urlencode(data, doseq=True).encode() if data else None,
                headers={**(headers or {}), "Authorization": encode_basic_auth(*auth)} if auth else headers,
                allow_redirects=allow_redirects,
            ) as answer:
                return Response(answer.status, await answer.text(), answer.headers)
        except ClientConnectorError:
            raise NotConnected from None
        except (ClientError, TimeoutError, OSError):
            raise NoAnswer from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._session.close()


@dataclass(frozen=True, slots=True)
class Way:
    """A transport on an event loop."""

    name: str
    transport: Callable[[int], Any]
    loop: Callable[[], asyncio.AbstractEventLoop]


WAYS = (
    Way("the SDK's own, asyncio", lambda _: AsyncTwilioHttpClient(), asyncio.new_event_loop),
    Way("the SDK's own, uvloop", lambda _: AsyncTwilioHttpClient(), uvloop.new_event_loop),
    Way("aiohttp, uvloop", AiohttpTransport, uvloop.new_event_loop),
    Way("ours, asyncio", TwilioTransport, asyncio.new_event_loop),
    Way("ours, uvloop", TwilioTransport, uvloop.new_event_loop),
    Way("no transport", NoTransport, uvloop.new_event_loop),
)


async def sending(transport: Callable[[int], Any], url: str) -> tuple[float, float]:
    """Texts a second, and this process's CPU seconds a 1,000 texts."""
    http_client = transport(IN_FLIGHT)
    client = Client(ACCOUNT, "token", http_client=http_client)
    client.api.base_url = url
    await _send(client, WARM_UP)
    gc.collect()
    began, began_cpu = time.perf_counter(), time.process_time()
    await _send(client, TEXTS)
    took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
    await http_client.close()
    return TEXTS / took, cpu * 1_000 / TEXTS


async def _send(client: Client, texts: int) -> None:
    numbers = iter(range(texts))

    async def line() -> None:
        for number in numbers:
            message = await client.messages.create_async(
                to="+19095550101",
                from_="+19095550100",
                body=BODY % number,
                status_callback=f"https://alerts.example/twilio/status/{number}#rc=5&rp=all",
                smart_encoded=False,
            )
            if not message.sid:
                raise RuntimeError("an answer without a MessageSid")

    await asyncio.gather(*(line() for _ in range(IN_FLIGHT)))


def measured(url: str) -> dict[str, list[tuple[float, float]]]:
    """What each way gave in each round, by name."""
    figures: dict[str, list[tuple[float, float]]] = {way.name: [] for way in WAYS}
    for _ in track(range(ROUNDS), "rounds", transient=True):
        for way in WAYS:
            with asyncio.Runner(loop_factory=way.loop) as runner:
                figures[way.name].append(runner.run(sending(way.transport, url)))
    return figures


def main() -> None:
    """Measure and print."""
    with carrier_stub() as url:
        figures = measured(url)
    table = Table("", "texts/s (median)", "lowest", "highest", "CPU s/1,000 (median)", "x the SDK's own")
    own = statistics.median(speed for speed, _ in figures[WAYS[0].name])
    for name, rounds in figures.items():
        speeds = [speed for speed, _ in rounds]
        median = statistics.median(speeds)
        table.add_row(
            name,
            *(f"{value:,.0f}" for value in (median, min(speeds), max(speeds))),
            f"{statistics.median(cpu for _, cpu in rounds):.3f}",
            f"{median / own:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
