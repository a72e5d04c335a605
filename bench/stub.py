"""A stand-in for Twilio that only answers: far quicker than what is measured against it.

Bare sockets and one ``epoll``, in a process of its own. Each POST is answered with a whole message
resource under a new MessageSid, after ``latency`` seconds. Nothing is checked and nothing is kept but
when requests arrived: ``GET /arrivals`` tells, ``DELETE /arrivals`` tells and forgets.
"""

from __future__ import annotations

import itertools
import json
import select
import socket
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from urllib.parse import urlsplit

BUCKET_SECONDS = 0.01
ACCOUNT = "AC" + "0" * 32
SID = "SM" + "%032x"

# Every property that Twilio's answer has, and the headers that it sends: reading them is part of the work.
# Source: twilio-oai, spec/json/twilio_api_v2010.json: api.v2010.account.message.
_MESSAGE = json.dumps(
    {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": "The walkout at the warehouse starts at 7:00 PM. Will you come? Answer YES or NO.",
        "date_created": "Fri, 01 Mar 2024 12:00:00 +0000",
        "date_sent": None,
        "date_updated": "Fri, 01 Mar 2024 12:00:00 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": "+19095550100",
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": "USD",
        "sid": SID,
        "status": "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}/Media.json"},
        "to": "+19095550101",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{SID}.json",
    }
).encode()
_HEAD = (
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: %d\r\n"
    b"Date: Fri, 01 Mar 2024 12:00:00 GMT\r\nTwilio-Concurrent-Requests: 1\r\n"
    b"Twilio-Request-Id: RQ00000000000000000000000000000000\r\nTwilio-Request-Duration: 0.050\r\n"
    b"X-Home-Region: us1\r\nX-API-Domain: api.twilio.com\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\n\r\n"
)
_ANSWER = (_HEAD % len(_MESSAGE % (1, 1, 1))).replace(b"%", b"%%") + _MESSAGE


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When requests reached the stub. ``first`` and ``last`` are of ``time.monotonic()``, in seconds."""

    total: int
    first: float
    last: float
    buckets: list[int]  # requests in each BUCKET_SECONDS, from that of the first to that of the last

    @property
    def a_second(self) -> float:
        """Requests a second, from the first to the last."""
        return (self.total - 1) / (self.last - self.first)

    def most_in_a_second(self) -> int:
        """The most requests in any second, wherever it begins (to the bucket)."""
        width = round(1 / BUCKET_SECONDS)
        sums = list(itertools.accumulate(self.buckets, initial=0))
        return max(sums[min(at + width, len(sums) - 1)] - sums[at] for at in range(len(sums)))


def arrivals(url: str, *, forget: bool = False) -> Arrivals:
    """What reached the stub at ``url`` since it was last made to forget."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("DELETE" if forget else "GET", "/arrivals")
        return Arrivals(**json.loads(connection.getresponse().read()))
    finally:
        connection.close()


@contextmanager
def carrier_stub(latency: float = 0.0) -> Iterator[str]:
    """The address of a stub in a process of its own, which answers after ``latency`` seconds."""
    command = [sys.executable, "-m", "bench.stub", str(latency)]
    # It ends when its standard input does, that is, with us, however we end.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


@dataclass(slots=True)
class _Connection:
    socket: socket.socket
    unread: bytes = b""
    open: bool = True


@dataclass(slots=True)
class _Stub:
    latency: float
    listener: socket.socket = field(
        default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=1024)
    )
    poll: select.epoll = field(default_factory=select.epoll)
    connections: dict[int, _Connection] = field(default_factory=dict)
    due: deque[tuple[float, _Connection]] = field(default_factory=deque)
    answered: int = 0
    total: int = 0
    first: float = 0.0
    last: float = 0.0
    buckets: Counter[int] = field(default_factory=Counter)

    def serve(self, until_closed: int) -> None:
        """Answer until the file ``until_closed`` is at its end."""
        listening = self.listener.fileno()
        self.poll.register(listening, select.EPOLLIN)
        self.poll.register(until_closed, select.EPOLLIN)
        while True:
            if self.due:  # to the microsecond; epoll's own clock rounds up to milliseconds
                select.select([self.poll], [], [], max(0.0, self.due[0][0] - time.monotonic()))
            events = self.poll.poll(0 if self.due else -1)
            now = time.monotonic()
            for number, _ in events:
                if connection := self.connections.get(number):
                    self._read(connection, now)
                elif number == listening:
                    self._accept()
                else:
                    return
            while self.due and self.due[0][0] <= now:
                self._answer(self.due.popleft()[1])

    def _accept(self) -> None:
        accepted, _ = self.listener.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connections[accepted.fileno()] = _Connection(accepted)
        self.poll.register(accepted, select.EPOLLIN)

    def _read(self, connection: _Connection, now: float) -> None:
        try:
            data = connection.socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._close(connection)
            return
        data = connection.unread + data
        while (whole := _length_of_first(data)) and len(data) >= whole:
            if data.startswith(b"POST"):
                self._count(now)
                if self.latency:
                    self.due.append((now + self.latency, connection))
                else:
                    self._answer(connection)
            else:
                connection.socket.sendall(self._tell(forget=data.startswith(b"DELETE")))
            data = data[whole:]
        connection.unread = data

    def _answer(self, connection: _Connection) -> None:
        if connection.open:
            self.answered += 1
            try:
                connection.socket.sendall(_ANSWER % (self.answered, self.answered, self.answered))
            except ConnectionError:
                self._close(connection)

    def _close(self, connection: _Connection) -> None:
        if connection.open:
            connection.open = False
            del self.connections[connection.socket.fileno()]
            connection.socket.close()

    def _count(self, now: float) -> None:
        self.first = self.first or now
        self.last = now
        self.total += 1
        self.buckets[int(now / BUCKET_SECONDS)] += 1

    def _tell(self, *, forget: bool) -> bytes:
        places = range(min(self.buckets, default=0), max(self.buckets, default=-1) + 1)
        counts = [self.buckets[place] for place in places]
        told = {"total": self.total, "first": self.first, "last": self.last, "buckets": counts}
        if forget:
            self.total, self.first, self.last = 0, 0.0, 0.0
            self.buckets.clear()
        body = json.dumps(told).encode()
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            + body
        )


def _length_of_first(data: bytes) -> int:
    """Octets of the first request in ``data``; 0 where its head is not whole yet."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = data[: end + 2].lower()
    at = head.find(b"\r\ncontent-length:")
    return end + 4 + (int(head[at + 17 : head.find(b"\r\n", at + 17)]) if at >= 0 else 0)


def main() -> None:
    """The stub's process: says its address, then answers until standard input ends."""
    stub = _Stub(float(sys.argv[1]))
    print(f"http://127.0.0.1:{stub.listener.getsockname()[1]}", flush=True)
    stub.serve(sys.stdin.fileno())


if __name__ == "__main__":
    main()
