"""The SDK's transport against servers that misbehave: what left once is never sent again."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from twilio.http.response import Response

from alerts.carrier import connections, transport
from alerts.carrier.connections import MOST_OCTETS
from alerts.carrier.transport import NoAnswer, NotConnected, TwilioTransport

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
pytestmark = pytest.mark.anyio
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEAD = b"HTTP/1.1 200 OK\r\n"
NUMBER = "+19095550101"


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


class Server:
    """Answers the n-th request with the n-th of ``answers``, then with OK, and keeps what it read."""

    def __init__(self, *answers: bytes | Talk) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.peers: list[Any] = []  # who asked, request by request
        self.connections = 0
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.peers.append(writer.get_extra_info("peername"))
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if self.answers else OK
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError, RuntimeError):  # uvloop's, for a closed one
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(server: Server, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0, ssl=tls)
    scheme = "https" if tls else "http"
    server.url = f"{scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}/Messages.json"
    try:
        yield server
    finally:
        listening.close()


@pytest.fixture
async def client() -> AsyncIterator[TwilioTransport]:
    made = TwilioTransport(2)
    yield made
    await made.close()
    assert (made.open, made.in_use) == (0, 0)


async def post(client: TwilioTransport, server: Server, seconds: float = 5.0) -> Response:
    return await client.request("POST", server.url, data={"To": NUMBER}, timeout=seconds)


async def reached(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - conditions of the client, which knows no events
            await asyncio.sleep(0.002)


async def drop(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def dribble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for octet in HEAD * 10:
        writer.write(bytes([octet]))
        await asyncio.sleep(0.02)


def late(seconds: float, answer: bytes) -> Talk:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        writer.write(answer)

    return talk


def when(gate: asyncio.Event) -> Talk:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gate.wait()
        writer.write(OK)

    return talk


def then_close(octets: bytes) -> Talk:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(octets)
        await writer.drain()
        writer.close()

    return talk


async def test_a_request_is_what_the_sdk_asked_for(client: TwilioTransport) -> None:
    async with serving(Server()) as server:
        answer = await client.request(
            "POST",
            server.url + "?a=1",
            params={"b": ["2", "3"], "DateSent<": "2024-03-01", "left out": None},
            data={"Body": "¡Sí, ahí!", "SmartEncoded": "false"},
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            auth=("AC0", "secret"),
        )
        await client.request("POST", server.url, data="As=it+is")
        await client.request("GET", server.url, data=None, params=None, headers=None)
    assert (answer.status_code, answer.text) == (200, "ok")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /Messages.json?a=1&b=2&b=3&DateSent%3C=2024-03-01 HTTP/1.1"
    assert sorted(line.split(":")[0] for line in lines[1:]) == [
        "Accept", "Authorization", "Content-Length", "Content-Type", "Host",
    ]  # fmt: skip
    assert "Authorization: Basic QUMwOnNlY3JldA==" in lines
    assert body == b"Body=%C2%A1S%C3%AD%2C+ah%C3%AD%21&SmartEncoded=false"
    assert server.requests[1].endswith(b"\r\n\r\nAs=it+is")
    assert server.requests[2].endswith(b"Content-Length: 0\r\n\r\n")


VALUES = st.one_of(st.text(), st.integers(), st.booleans(), st.binary(), st.lists(st.text()))


@given(st.dictionaries(st.text(), VALUES))
def test_a_form_is_encoded_as_the_standard_library_does(form: dict[str, Any]) -> None:
    assert transport._body(form) == urlencode(form, doseq=True).encode()


async def test_nothing_is_kept_followed_or_logged_and_no_proxy_is_asked(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    caplog.set_level(logging.DEBUG)
    answer = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"
    async with serving(Server(answer)) as server:
        assert (await post(client, server)).status_code == 302
        await client.request("GET", server.url, params={"To": NUMBER})
    assert [request.split(b" ")[1][:15] for request in server.requests] == [
        b"/Messages.json",
        b"/Messages.json?",
    ]
    assert b"Cookie" not in server.requests[1]
    assert [record for record in caplog.records if record.name != "asyncio"] == []
    assert NUMBER[1:] not in caplog.text


@pytest.mark.parametrize(
    ("answer", "text", "reused"),
    [
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", True),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nTrailer: 1\r\n\r\n", "ok", True),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "ok", True),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK, "ok", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "", True),
        (HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", "ok", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", "ok", True),
        (then_close(HEAD + b"\r\nup to the end"), "up to the end", False),
        (then_close(b"HTTP/1.0 200 OK\r\n\r\nold"), "old", False),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "", True),
        (HEAD + b"X:\r\nContent-Length: 2\r\n\r\nok", "ok", True),
    ],
)
async def test_every_form_of_a_whole_answer_is_read(
    client: TwilioTransport, answer: bytes | Talk, text: str, reused: bool
) -> None:
    async with serving(Server(answer)) as server:
        assert (await post(client, server)).text == text
        assert (await post(client, server)).text == "ok"
    assert (len(server.requests), server.connections) == (2, 1 if reused else 2)


NO_ANSWERS: dict[str, bytes | Talk] = {
    "dropped without an octet": drop,
    "silence": say_nothing,
    "octet by octet": dribble,
    "a body cut short": then_close(HEAD + b"Content-Length: 20\r\n\r\nok"),
    "a head cut short": then_close(HEAD + b"Content-Le"),
    "chunks cut short": then_close(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nok"),
    "only announced": then_close(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "garbage": b"220 mail.example ESMTP\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "not UTF-8": HEAD + b"Content-Length: 2\r\n\r\n\xff\xff",
    "another protocol": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}


@pytest.mark.parametrize("answer", NO_ANSWERS.values(), ids=NO_ANSWERS.keys())
async def test_what_left_and_was_not_answered_is_sent_once(
    client: TwilioTransport, answer: bytes | Talk
) -> None:
    async with serving(Server(answer)) as server:
        with pytest.raises(NoAnswer):
            await post(client, server, seconds=0.3)
        assert (await post(client, server)).text == "ok"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "endless",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MOST_OCTETS // 25 + 1),
        HEAD + b"X: " + b"x" * MOST_OCTETS,
        HEAD + b"Content-Length: 9999999\r\n\r\n" + b"x" * MOST_OCTETS,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * (MOST_OCTETS // 6),
    ],
    ids=["announcements", "head", "body", "chunks"],
)
async def test_an_answer_longer_than_any_is_not_waited_for(client: TwilioTransport, endless: bytes) -> None:
    async with serving(Server(endless)) as server:
        with pytest.raises(NoAnswer):
            await asyncio.wait_for(post(client, server, seconds=60), 5)
        assert (await post(client, server)).text == "ok"


async def test_a_late_answer_is_nobodys(client: TwilioTransport) -> None:
    wanted = HEAD + b"Content-Length: 6\r\n\r\nwanted"
    async with serving(Server(late(0.3, OK), late(0.4, wanted))) as server:
        with pytest.raises(NoAnswer):
            await post(client, server, seconds=0.2)
        assert (await post(client, server)).text == "wanted"
    assert server.connections == 2


async def test_a_cancelled_request_takes_its_connection_with_it(client: TwilioTransport) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def until_it_ends(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        begun.set()
        await reader.read()
        ended.set()

    async with serving(Server(until_it_ends)) as server:
        request = asyncio.create_task(post(client, server))
        await begun.wait()
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.wait_for(ended.wait(), connections.IDLE_SECONDS / 2)
        assert (client.open, client.in_use) == (0, 0)
        assert (await post(client, server)).text == "ok"
    assert (len(server.requests), server.connections) == (2, 2)


async def test_a_connection_that_died_idle_is_not_trusted(client: TwilioTransport) -> None:
    async with serving(Server(then_close(OK))) as server:
        await post(client, server)
        await reached(lambda: client.open == 0)
        assert (await post(client, server)).text == "ok"
    assert server.connections == 2


async def test_a_connection_whose_end_was_heard_this_very_moment_is_not_used(client: TwilioTransport) -> None:
    async with serving(Server()) as server:
        await post(client, server)
        [pool] = client._pools.values()
        [connection] = pool._idle
        connection.eof_received()  # the loop tells, and has not closed it yet
        assert (await post(client, server)).text == "ok"
    assert server.connections == 2


async def test_a_connection_that_died_while_the_loop_stood_still_is_not_trusted(
    client: TwilioTransport,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_and_close_twice() -> None:
            for _ in range(2):
                peer, _ = listener.accept()
                with peer:
                    peer.recv(65536)
                    peer.sendall(OK)
                    time.sleep(0.05)

        thread = Thread(target=answer_and_close_twice)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        await client.request("POST", url)
        time.sleep(0.2)  # noqa: ASYNC251 - it is the loop that must not hear of the close
        assert (await client.request("POST", url)).text == "ok"
        thread.join()


async def test_a_connection_that_dies_as_the_request_leaves_costs_that_request(
    client: TwilioTransport,
) -> None:
    async with serving(Server(OK, drop)) as server:
        await post(client, server)
        with pytest.raises(NoAnswer):
            await post(client, server)
    assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize(
    ("unasked", "pause"),
    [
        (OK, 0.0),
        (HEAD + b"Content-", 0.0),
        (b"x", 0.0),
        (OK, 0.02),
        (HEAD, 0.02),
        (b"x", 0.02),
        (b"\r\n", 0.02),
    ],
)
async def test_what_comes_unasked_is_never_taken_for_the_next_answer(
    client: TwilioTransport, unasked: bytes, pause: float
) -> None:
    async def answer_and_more(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        if pause:
            await asyncio.sleep(pause)
        writer.write(unasked)

    wanted = HEAD + b"Content-Length: 6\r\n\r\nwanted"
    async with serving(Server(answer_and_more, wanted)) as server:
        assert (await post(client, server)).text == "ok"
        if pause:
            await reached(lambda: client.open == 0)
        assert (await post(client, server)).text == "wanted"
    assert server.connections == 2


async def test_the_last_used_connection_goes_first_and_an_old_one_not_at_all(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(Server(late(0.02, OK), late(0.1, OK))) as server:
        await asyncio.gather(post(client, server), post(client, server))
        assert (client.open, client.in_use) == (2, 0)
        for _ in range(3):
            await post(client, server)
        first, last, *later = server.peers
        assert (first != last, later) == (True, [last] * 3)
        monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
        await post(client, server)
        assert server.connections == 3


async def test_what_is_idle_is_closed_though_nothing_is_asked(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.05)
    async with serving(Server()) as server:
        await post(client, server)
        await reached(lambda: client.open == 0)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://nobody.invalid/", "https://127.0.0.1:1/"])
async def test_where_nobody_listens_nothing_left(client: TwilioTransport, address: str) -> None:
    for _ in range(3):
        with pytest.raises(NotConnected):
            await client.request("POST", address, data={"To": NUMBER}, timeout=2.0)
    assert client.open == 0


async def test_who_waits_hears_at_once_that_nobody_listens(client: TwilioTransport) -> None:
    asked = (client.request("POST", "http://127.0.0.1:1/") for _ in range(9))
    ends = await asyncio.wait_for(
        asyncio.gather(*asked, return_exceptions=True), transport.CONNECT_SECONDS / 2
    )
    assert {type(end) for end in ends} == {NotConnected}


async def test_who_is_not_let_in_in_time_has_sent_nothing(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.1)
    greeted: list[bytes] = []

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        greeted.append(await reader.read(65536))
        await reader.read()
        writer.close()

    server = Server()
    server.talk = greet  # type: ignore[method-assign]
    async with serving(server):
        with pytest.raises(NotConnected):
            await client.request("POST", server.url.replace("http:", "https:"), data={"To": NUMBER})
        await reached(lambda: len(greeted) == 1)
        assert client.open == 0


async def test_who_gets_no_connection_in_time_has_sent_nothing(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = asyncio.Event()
    async with serving(Server(when(gate), when(gate))) as server:
        busy = [asyncio.create_task(post(client, server)) for _ in range(2)]
        await reached(lambda: len(server.requests) == 2)
        monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.1)
        with pytest.raises(NotConnected):
            await post(client, server)
        assert len(server.requests) == 2
        gate.set()
        assert [answer.text for answer in await asyncio.gather(*busy)] == ["ok", "ok"]


async def test_all_are_served_in_order_by_no_more_connections_than_allowed(client: TwilioTransport) -> None:
    client.connections = 1
    served: list[int] = []

    async def ask(number: int) -> None:
        await post(client, server)
        served.append(number)

    async with serving(Server(OK, drop, drop)) as server:
        await asyncio.gather(*(ask(number) for number in range(20)), return_exceptions=True)
    assert served == [0, *range(3, 20)]
    assert server.connections == 3  # one at a time: each that was dropped was replaced


@pytest.mark.parametrize(
    ("moments", "asking", "served", "made"),
    [
        (["eof"], 4, {0, 1, 2, 3}, 2),
        (["lost"], 4, {0, 1, 2, 3}, 2),
        (["lost"], 2, {0, 1}, 2),  # nobody else is there to pass a turn on
        (["cancel"], 3, {0, 2}, 1),
        (["lost", "cancel"], 3, {0, 2}, 2),
    ],
)
async def test_what_happens_at_the_very_moment_of_a_hand_over_costs_nobody_else_an_answer(
    client: TwilioTransport, moments: list[str], asking: int, served: set[int], made: int
) -> None:
    client.connections = 1
    gate = asyncio.Event()
    answered: set[int] = set()
    asked: list[asyncio.Task[None]] = []

    def happen(moment: str) -> None:
        [pool] = client._pools.values()
        if moment == "cancel":
            asked[1].cancel()
        elif moment == "lost":  # as over TLS, where the pool hears of it later than the connection
            connection._open = False
            pool.lost(connection)
        else:
            connection.eof_received()

    async def ask(number: int) -> None:
        await post(client, server)
        answered.add(number)
        for moment in moments if number == 0 else ():  # in the step of the hand-over, before the next runs
            happen(moment)

    async with serving(Server(when(gate))) as server:
        asked += [asyncio.create_task(ask(number)) for number in range(asking)]
        await reached(lambda: len(server.requests) == 1)
        [connection] = next(iter(client._pools.values()))._connections
        gate.set()
        await asyncio.wait(asked)
        assert (answered, client.in_use, server.connections) == (served, 0, made)
        assert (await post(client, server)).text == "ok"
    connection.close()


async def test_the_limit_may_change_while_requests_wait(client: TwilioTransport) -> None:
    gate = asyncio.Event()
    async with serving(Server(*[when(gate)] * 9)) as server:
        asked = [asyncio.create_task(post(client, server)) for _ in range(9)]
        for limit in (2, 6):
            client.connections = limit
            await reached(lambda limit=limit: len(server.requests) == limit)  # type: ignore[misc]
            await asyncio.sleep(0.02)
            assert (client.open, client.in_use, len(server.requests)) == (limit, limit, limit)
        client.connections = 1
        gate.set()
        await asyncio.gather(*asked)
        assert (client.open, client.in_use) == (1, 0)
        client.connections = 3
        server.answers[:] = [late(0.05, OK)] * 3
        await asyncio.gather(*(post(client, server) for _ in range(3)))
        assert (client.open, client.in_use) == (3, 0)
        client.connections = 1
        assert (client.open, client.in_use) == (1, 0)
    with pytest.raises(ValueError, match="connection"):
        client.connections = 0


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_goes_wrong_no_place_is_lost(client: TwilioTransport, seed: int) -> None:
    chance = random.Random(seed)

    async def one() -> None:
        await post(client, server, seconds=chance.choice([0.02, 0.1]))

    kinds = [OK, late(0.01, OK), *NO_ANSWERS.values()]
    async with serving(Server(*(chance.choice(kinds) for _ in range(60)))) as server:
        requests = []
        for _ in range(60):
            requests.append(asyncio.create_task(one()))
            if chance.random() < 0.3:
                asyncio.get_running_loop().call_later(chance.random() / 50, requests[-1].cancel)
            await asyncio.sleep(chance.choice([0.0, 0.001, 0.02]))
        ends = await asyncio.gather(*requests, return_exceptions=True)
        assert {type(end) for end in ends} >= {NoAnswer, asyncio.CancelledError}
        gate = asyncio.Event()
        server.answers[:] = [when(gate)] * 2
        begun = len(server.requests)
        last = [asyncio.create_task(post(client, server)) for _ in range(4)]
        await reached(lambda: len(server.requests) - begun == 2)
        assert (client.open, client.in_use) == (2, 2)
        gate.set()
        assert [answer.text for answer in await asyncio.gather(*last)] == ["ok"] * 4
        assert client.in_use == 0


async def test_what_is_only_connecting_at_the_end_is_not_sent(client: TwilioTransport) -> None:
    async with serving(Server()) as server:
        asked = asyncio.create_task(post(client, server))
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(NotConnected):
            await asked
    assert server.requests == []


async def test_after_the_end_nothing_is_sent(client: TwilioTransport) -> None:
    async with serving(Server(say_nothing, say_nothing)) as server:
        asked = [asyncio.create_task(post(client, server)) for _ in range(3)]
        await reached(lambda: len(server.requests) == 2)
        await client.close()
        ends = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(end) for end in ends] == [NoAnswer, NoAnswer, NotConnected]
        with pytest.raises(NotConnected):
            await post(client, server)
        async with serving(Server()) as another:
            with pytest.raises(NotConnected):
                await post(client, another)
    assert len(server.requests + another.requests) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"uri": "http://127.0.0.1:1/a b"},
        {"uri": "http://127.0.0.1:1/a\r\nb"},
        {"uri": "http://127.0.0.1:1/ñ"},
        {"uri": "http://name:secret@127.0.0.1:1/"},
        {"uri": "ftp://127.0.0.1:1/"},
        {"uri": "/Messages.json"},
        {"method": "GET /x HTTP/1.1\r\n\r\nPOST"},
        {"method": "GET /x"},
        {"headers": {"X": "1\r\nY: 2"}},
        {"headers": {"X": "1\nY: 2"}},
        {"headers": {"X\r\nY": "2"}},
        {"headers": {"X: 1, Y": "2"}},
        {"headers": {"X": "1\x00"}},
        {"headers": {"X": "señal ✊"}},
        {"headers": {"Content-Length": "0"}},
        {"timeout": 0.0},
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_leaves(
    client: TwilioTransport, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=r"head|address|time-out"):
        await client.request(**{"method": "POST", "uri": "http://127.0.0.1:1/"} | wrong)


def certificate(folder: Path, host: str) -> tuple[ssl.SSLContext, Path]:
    """A server's context for ``host``, and the certificate to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "the tests' server")])
    now = datetime.now(UTC)
    whom = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([whom]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context, pem


@pytest.mark.parametrize(
    ("host", "trusted", "connects"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("other.example", True, False)],
)
async def test_a_secret_is_told_only_to_whom_it_is_meant_for(
    client: TwilioTransport, tmp_path: Path, host: str, trusted: bool, connects: bool
) -> None:
    context, pem = certificate(tmp_path, host)
    if trusted:
        client._tls.load_verify_locations(pem)
    async with serving(Server(), context) as server:
        if connects:
            assert (await post(client, server)).text == "ok"
            assert (await post(client, server)).text == "ok"
            assert server.connections == 1
        else:
            with pytest.raises(NotConnected):
                await post(client, server)
            assert client.open == 0
    assert len(server.requests) == (2 if connects else 0)


async def test_over_tls_an_answer_without_a_length_may_be_cut_short_and_is_none(
    client: TwilioTransport, tmp_path: Path
) -> None:
    async def cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\nup to the e")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()

    context, pem = certificate(tmp_path, "127.0.0.1")
    client._tls.load_verify_locations(pem)
    kinds = [cut, then_close(HEAD + b"\r\nup to the end"), say_nothing, drop]
    async with serving(Server(*kinds), context) as server:
        for _ in kinds:
            with pytest.raises(NoAnswer):
                await post(client, server, seconds=0.3)
        assert (await post(client, server)).text == "ok"
    assert len(server.requests) == 5
