"""A plain aiohttp loop: no SDK, no queue, no record of what was sent; uvloop, and a fixed number in flight.

Settings as fast as aiohttp goes: the header of the credentials and the address are made once, the form is
encoded by ``urlencode`` (half of what FormData takes), no cookies are kept, no time-out is set. Of 50, 64,
80 and 100 in flight, 50 was the fastest.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

import uvloop
from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, encode_basic_auth
from yarl import URL

from bench import peers
from bench.measure import Child, Figure, Round, Servers, measured, obey
from bench.stub import ACCOUNT

NAME = "plain aiohttp loop, no record"
TEXTS = 15_000
WARM_UP = 1_000
IN_FLIGHT = 50


async def _send_all(session: ClientSession, url: URL, texts: int) -> None:
    numbers = iter(range(texts))

    async def line() -> None:
        for number in numbers:
            async with session.post(url, data=urlencode(peers.form(number)).encode()) as answer:
                if answer.status != 201 or not json.loads(await answer.read())["sid"]:
                    raise RuntimeError(f"status {answer.status}")

    await asyncio.gather(*(line() for _ in range(IN_FLIGHT)))


@contextmanager
def opened(servers: Servers) -> Iterator[Round]:
    """A process whose connections are open and have been used."""
    with Child(__name__, env={"BENCH_CARRIER": servers.carrier}) as process:
        process.ask(WARM_UP)
        yield lambda: _round(servers, process)


def _round(servers: Servers, process: Child) -> dict[str, Figure]:
    return {NAME: measured(servers, [process.pid], TEXTS, lambda: process.ask(TEXTS))}


def main() -> None:
    """The process: sends as many texts as it is told, each time."""
    url = URL(f"{os.environ['BENCH_CARRIER']}/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    headers = {
        "Authorization": encode_basic_auth(ACCOUNT, peers.TOKEN),
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
    }

    async def session() -> ClientSession:
        connector = TCPConnector(limit=IN_FLIGHT)
        return ClientSession(
            connector=connector,
            cookie_jar=DummyCookieJar(),
            headers=headers,
            timeout=ClientTimeout(total=None),
        )

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        client = runner.run(session())
        obey(lambda texts: runner.run(_send_all(client, url, texts)))
        runner.run(client.close())


if __name__ == "__main__":
    main()
