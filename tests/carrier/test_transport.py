"""The SDK's transport against servers that misbehave: what left once is never sent again."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twilio.http.response import Response

from alerts.carrier import connections, transport
from alerts.carrier.connections import MOST_OCTETS
from alerts.carrier.transport import NoAnswer, NotConnected, TwilioTransport

pytestmark = pytest.mark.anyio
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers the n-th request with the n-th of ``answers``, and keeps what it read."""

    def __init__(self, *answers: bytes | Talk) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if self.answers else OK
                if isinstance(answer, bytes):
                    writer.write(answer)
                    await writer.drain()
                else:
                    await answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
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


async def post(client: TwilioTransport, server: Server, seconds: float = 5.0) -> Response:
    return await client.request("POST", server.url, data={"To": "+19095550101"}, timeout=seconds)


async def drop(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def answer_late(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.3)
    writer.write(OK)


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
            params={"b": ["2", "3"]},
            data={
                "Body": "¡Sí, ahí! 50% & más",
                "MediaUrl": ["http://a", "http://b"],
                "SmartEncoded": "false",
            },
            headers={"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"},
            auth=("AC0", "secret"),
        )
    assert (answer.status_code, answer.text) == (200, "ok")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /Messages.json?a=1&b=2&b=3 HTTP/1.1"
    assert "Authorization: Basic QUMwOnNlY3JldA==" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert sum(line.startswith("Host: 127.0.0.1:") for line in lines) == 1
    assert body == (
        b"Body=%C2%A1S%C3%AD%2C+ah%C3%AD%21+50%25+%26+m%C3%A1s&MediaUrl=http%3A%2F%2Fa&MediaUrl=http%3A%2F%2Fb"
        b"&SmartEncoded=false"
    )


async def test_a_connection_is_used_again(client: TwilioTransport) -> None:
    async with serving(Server()) as server:
        for _ in range(5):
            await post(client, server)
    assert (len(server.requests), server.connections) == (5, 1)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, "ok"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + OK, "ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", ""),
        (then_close(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"), "ok"),
        (then_close(b"HTTP/1.1 200 OK\r\n\r\nup to the end"), "up to the end"),
        (then_close(b"HTTP/1.0 200 OK\r\n\r\nold"), "old"),
        (b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", ""),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", ""),
    ],
)
async def test_every_form_of_a_whole_answer_is_read(
    client: TwilioTransport, answer: bytes | Talk, text: str
) -> None:
    async with serving(Server(answer)) as server:
        assert (await post(client, server)).text == text
        assert (await post(client, server)).text == "ok"
    assert len(server.requests) == 2


LATE = "a late answer"
NO_ANSWERS: list[tuple[str, bytes | Talk]] = [
    ("dropped without an octet", drop),
    ("silence", say_nothing),
    (LATE, answer_late),
    ("a body cut short", then_close(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nok")),
    ("a head cut short", then_close(b"HTTP/1.1 200 OK\r\nContent-Le")),
    ("chunks cut short", then_close(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nok")),
    ("garbage", b"220 mail.example ESMTP\r\n"),
    ("an endless body", b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (MOST_OCTETS + 1)),
    ("an endless head", b"HTTP/1.1 200 OK\r\nX: " + b"x" * (MOST_OCTETS + 1)),
    ("not UTF-8", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\xff\xff"),
    ("another protocol", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
]


@pytest.mark.parametrize("answer", [answer for _, answer in NO_ANSWERS], ids=[name for name, _ in NO_ANSWERS])
async def test_what_left_and_was_not_answered_is_sent_once_and_its_connection_is_dropped(
    client: TwilioTransport, answer: bytes | Talk
) -> None:
    async with serving(Server(answer)) as server:
        with pytest.raises(NoAnswer):
            await post(client, server, seconds=0.2)
        assert len(server.requests) == 1
        await asyncio.sleep(0.3)
        assert (await post(client, server)).text == "ok"
    assert len(server.requests) == 2


async def test_a_connection_that_died_idle_is_not_trusted(client: TwilioTransport) -> None:
    async with serving(Server(then_close(OK))) as server:
        await post(client, server)
        await asyncio.sleep(0.05)  # the close is seen
        assert (await post(client, server)).text == "ok"
    assert server.connections == 2


async def test_a_connection_that_dies_as_the_request_leaves_costs_that_request(
    client: TwilioTransport,
) -> None:
    async with serving(Server(OK, drop)) as server:
        await post(client, server)
        with pytest.raises(NoAnswer):
            await post(client, server)
    assert (len(server.requests), server.connections) == (2, 1)


@pytest.mark.parametrize("unasked", [OK, b"HTTP/1.1 200 OK\r\nContent-"])
async def test_what_comes_unasked_is_never_taken_for_the_next_answer(
    client: TwilioTransport, unasked: bytes
) -> None:
    wanted = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nwanted"
    async with serving(Server(OK + unasked, wanted)) as server:
        assert (await post(client, server)).text == "ok"
        assert (await post(client, server)).text == "wanted"


async def test_an_old_idle_connection_is_not_used(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "IDLE_SECONDS", 0.05)
    async with serving(Server()) as server:
        await post(client, server)
        await asyncio.sleep(0.1)
        await post(client, server)
    assert server.connections == 2


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "http://nobody.invalid/", "https://127.0.0.1:1/"])
async def test_where_nobody_listens_nothing_left(client: TwilioTransport, address: str) -> None:
    with pytest.raises(NotConnected):
        await client.request("POST", address, data={"To": "+19095550101"}, timeout=2.0)


async def test_who_gets_no_connection_in_time_has_sent_nothing(
    client: TwilioTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.1)
    async with serving(Server(say_nothing, say_nothing)) as server:
        busy = [asyncio.create_task(post(client, server, seconds=0.6)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(NotConnected):
            await post(client, server)
        assert len(server.requests) == 2
        await asyncio.gather(*busy, return_exceptions=True)


async def test_no_more_connections_than_allowed_and_all_are_served(client: TwilioTransport) -> None:
    async with serving(Server(*[answer_late] * 4)) as server:
        answers = await asyncio.gather(*(post(client, server) for _ in range(40)))
    assert [answer.text for answer in answers] == ["ok"] * 40
    assert server.connections <= 2


async def test_whatever_goes_wrong_no_place_is_lost(client: TwilioTransport) -> None:
    wrong = [answer for name, answer in NO_ANSWERS if name != LATE] * 2
    async with serving(Server(*wrong)) as server:
        for _ in wrong:
            with pytest.raises(NoAnswer):
                await post(client, server, seconds=0.1)
        for moment in (0.0, 0.001, 0.02):
            server.answers[:] = [say_nothing, say_nothing]
            given_up = [asyncio.create_task(post(client, server)) for _ in range(4)]
            await asyncio.sleep(moment)
            for task in given_up:
                task.cancel()
            await asyncio.gather(*given_up, return_exceptions=True)
            server.answers.clear()
            answers = await asyncio.gather(*(post(client, server) for _ in range(6)))
            assert [answer.text for answer in answers] == ["ok"] * 6
    [pool] = client._pools.values()
    assert len(pool._open) <= 2
    assert not pool._connecting
    assert not pool._waiting


@pytest.mark.parametrize(
    ("uri", "headers"),
    [
        ("http://127.0.0.1/a b", {}),
        ("http://127.0.0.1/", {"X": "1\r\nY: 2"}),
        ("http://127.0.0.1/", {"X\r\nY": "2"}),
        ("http://127.0.0.1/", {"X": "1\x00"}),
        ("http://127.0.0.1/", {"X": "señal ✊"}),
        ("ftp://127.0.0.1/", {}),
        ("/Messages.json", {}),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_leaves(
    client: TwilioTransport, uri: str, headers: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=r"head|address"):
        await client.request("POST", uri, headers=headers)


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
        else:
            with pytest.raises(NotConnected):
                await post(client, server)
    assert len(server.requests) == (2 if connects else 0)
