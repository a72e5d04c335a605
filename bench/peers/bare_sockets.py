"""No opponent: ready-made octets on bare sockets, which shows how fast the stub and loopback are."""

from __future__ import annotations

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from bench import peers
from bench.measure import Child, Figure, Round, Servers, measured, obey
from bench.stub import ACCOUNT

NAME = "bare sockets: the stub's ceiling"
TEXTS = 60_000
CONNECTIONS = 100


@contextmanager
def opened(servers: Servers) -> Iterator[Round]:
    """A process with its connections open."""
    with Child(__name__, env={"BENCH_CARRIER": servers.carrier}) as process:
        process.ask(1_000)
        yield lambda: _round(servers, process)


def _round(servers: Servers, process: Child) -> dict[str, Figure]:
    return {NAME: measured(servers, [process.pid], TEXTS, lambda: process.ask(TEXTS))}


def main() -> None:
    """The process: one request at a time on each connection."""
    body = urlencode(peers.form(1)).encode()
    head = (
        f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Authorization: Basic {'x' * 54}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    request = head.encode() + body
    carrier = urlsplit(os.environ["BENCH_CARRIER"])
    poll = select.epoll()
    sockets: dict[int, socket.socket] = {}
    for _ in range(CONNECTIONS):
        opened_ = socket.create_connection((carrier.hostname, carrier.port or 80))
        sockets[opened_.fileno()] = opened_
        poll.register(opened_, select.EPOLLIN)

    def send_all(texts: int) -> None:
        for one in sockets.values():
            one.sendall(request)
        left, unanswered = texts - CONNECTIONS, texts
        while unanswered:
            for number, _ in poll.poll():
                sockets[number].recv(65536)
                unanswered -= 1
                if left:
                    left -= 1
                    sockets[number].sendall(request)

    obey(send_all)


if __name__ == "__main__":
    main()
