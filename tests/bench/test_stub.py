"""The stub answers as Twilio would, whole requests only, and tells when they arrived."""

import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from bench import peers
from bench.stub import Arrivals, arrivals, carrier_stub

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"


@pytest.fixture
def stub() -> Iterator[str]:
    with carrier_stub() as url:
        yield url


def _talk(url: str, pieces: list[bytes]) -> bytes:
    """What the stub says to pieces that arrive one after the other."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.02)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while part := connection.recv(65536):
            said += part
        return said


@pytest.mark.parametrize(
    ("pieces", "answers"),
    [
        ([HEAD + b"To=12"], 1),
        ([HEAD, b"To=12"], 1),
        ([HEAD[:20], HEAD[20:] + b"To", b"=12"], 1),
        ([HEAD.lower().replace(b"post", b"POST") + b"To=12"], 1),
        ([(HEAD + b"To=12") * 3], 3),
        ([HEAD + b"To=12" + HEAD, b"To=12"], 2),
        ([HEAD + b"To=1"], 0),
        ([HEAD[:30]], 0),
    ],
)
def test_a_request_is_answered_when_it_is_whole(stub: str, pieces: list[bytes], answers: int) -> None:
    assert _talk(stub, pieces).count(b"HTTP/1.1 201 Created") == answers
    assert arrivals(stub).total == answers


def test_the_sdk_reads_the_answer_and_no_two_texts_have_the_same_sid(stub: str) -> None:
    client = peers.sdk_client(stub)
    sent = [client.messages.create(to=peers.recipient(1), from_=peers.SENDER, body="x") for _ in range(3)]
    assert len({message.sid for message in sent}) == 3
    assert all(message.sid and len(message.sid) == 34 and str(message.status) == "queued" for message in sent)
    assert all(message.date_created for message in sent)


def test_a_slow_stub_answers_after_its_latency_those_who_still_listen() -> None:
    with carrier_stub(0.2) as url:
        assert _talk(url, [HEAD + b"To=12"]) == b""  # we had hung up
        started = time.monotonic()
        peers.sdk_client(url).messages.create(to=peers.recipient(1), from_=peers.SENDER, body="x")
        assert time.monotonic() - started >= 0.2
        assert arrivals(url).total == 2


def test_arrivals_are_told_on_our_clock_and_forgotten_on_request(stub: str) -> None:
    before = time.monotonic()
    _talk(stub, [HEAD + b"To=12", HEAD + b"To=12"])
    told = arrivals(stub, forget=True)
    assert before <= told.first < told.last <= time.monotonic()
    assert (told.total, sum(told.buckets)) == (2, 2)
    assert arrivals(stub) == Arrivals(0, 0.0, 0.0, [])


@pytest.mark.parametrize(
    ("buckets", "most"),
    [
        ([], 0),
        ([7], 7),
        ([1] * 300, 100),
        ([5] + [0] * 98 + [5], 10),  # 0.99 s apart
        ([5] + [0] * 99 + [5], 5),
        ([0] * 50 + [2] * 100 + [0] * 50, 200),
    ],
)
def test_the_busiest_second_is_found_wherever_it_begins(buckets: list[int], most: int) -> None:
    assert Arrivals(sum(buckets), 0.0, 1.0, buckets).most_in_a_second() == most
