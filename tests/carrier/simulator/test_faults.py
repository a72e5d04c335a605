"""Faults on request: what the client sees, and what the ledger says was taken."""

from __future__ import annotations

import base64
import contextlib
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from alerts.carrier.simulator.faults import CHANCES, Faults
from alerts.carrier.simulator.server import SimulatorServer
from tests.carrier.simulator.conftest import Application, client_of, simulated, until, vars_of
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.story import JAMES, MARIA


def set_faults(server: SimulatorServer, **values: Any) -> requests.Response:
    return requests.post(server.url + "/simulator/faults", json=values, timeout=5)


def create_or_code(twilio: Client, to: str = MARIA) -> int:
    """201, or Twilio's error code."""
    try:
        twilio.messages.create(to=to, from_=OUR_NUMBER, body="Hola")
    except TwilioRestException as error:
        return int(error.code or 0)
    return 201


@pytest.mark.parametrize(
    ("fault", "taken", "status"),
    [
        ("drop_after_accept", 1, None),
        ("error_after_accept", 1, 500),
        ("error_before_accept", 0, 503),
        ("too_many", 0, 429),
    ],
)
def test_faults_do_what_they_say(
    server: SimulatorServer, twilio: Client, fault: str, taken: int, status: int | None
) -> None:
    assert set_faults(server, **{fault: 1.0}).json()[fault] == 1.0
    with pytest.raises((TwilioRestException, requests.ConnectionError)) as caught:
        twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    assert getattr(caught.value, "status", None) == status
    set_faults(server, **{fault: 0.0})
    assert len(server.alerts_to(MARIA)) == taken
    ledger = requests.get(server.url + "/simulator/ledger", timeout=5).json()
    assert ledger["total"] == taken
    assert ledger["faults"] == {fault: 1}
    assert twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola").sid


def test_a_dropped_connection_gives_no_octet_of_an_answer(
    server: SimulatorServer, capfd: pytest.CaptureFixture[str]
) -> None:
    server.simulator.faults.drop_after_accept = 1.0
    body = urlencode({"To": MARIA, "From": OUR_NUMBER, "Body": "Hola"})
    right = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    request = (
        f"POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\n"
        f"Host: x\r\nAuthorization: Basic {right}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    host, _, port = server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(request.encode())
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    assert len(server.alerts_to(MARIA)) == 1
    assert capfd.readouterr().err == ""  # nor does the server complain, or log a number


def test_a_hanging_request_takes_nothing(
    server: SimulatorServer, twilio: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.carrier.simulator.rest.HANG_SECONDS", 0.2)
    server.simulator.faults.hang = 1.0
    began = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    assert time.monotonic() - began >= 0.2
    assert server.simulator.messages == []


def test_a_slow_answer_comes_after_the_text_is_taken(application: Application) -> None:
    form = {"To": MARIA, "From": OUR_NUMBER, "Body": "Hola"}
    with simulated(application) as own:
        own.simulator.faults.latency_after_accept = 600.0
        with pytest.raises(requests.Timeout):
            requests.post(
                f"{own.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
                form,
                auth=(ACCOUNT, TOKEN),
                timeout=0.5,
            )
        until(lambda: len(own.alerts_to(MARIA)) == 1)


def test_over_the_rate_twilio_says_so_and_takes_nothing(server: SimulatorServer, twilio: Client) -> None:
    set_faults(server, requests_per_second=0.0001, requests_burst=3)  # no other comes in while this runs
    assert [create_or_code(twilio) for _ in range(8)] == [201] * 3 + [20429] * 5
    assert len(server.alerts_to(MARIA)) == 3
    server.simulator.faults.requests_per_second = 1e9  # a new token for each
    assert twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola").sid


def test_the_bucket_fills_at_its_rate_and_no_further() -> None:
    faults = Faults(requests_per_second=10, requests_burst=2)
    assert [faults.over_the_rate(now) for now in (0, 0, 0, 0.05, 0.1, 0.1, 9, 9, 9)] == [
        False, False, True, True, False, True, False, False, True,
    ]  # fmt: skip


def test_too_many_at_once_are_refused(server: SimulatorServer) -> None:
    set_faults(server, requests_at_once=2, latency_after_accept=3.0)
    other = client_of(server)
    with ThreadPoolExecutor(2) as pool:
        inside = [pool.submit(create_or_code, client_of(server), JAMES) for _ in range(2)]
        until(lambda: len(server.alerts_to(JAMES)) == 2)  # and neither is answered yet
        assert [create_or_code(other, JAMES) for _ in range(3)] == [20429] * 3
        assert [one.result() for one in inside] == [201, 201]
    assert len(server.alerts_to(JAMES)) == 2


def test_the_same_seed_gives_the_same_run(server: SimulatorServer, twilio: Client) -> None:
    def run() -> list[int]:
        set_faults(server, seed=7, error_before_accept=0.5)
        return [create_or_code(twilio) for _ in range(20)]

    server.simulator.faults.callback_delay_least = 30.0  # statuses draw from the same chance, so none comes
    server.simulator.faults.callback_delay = 30.0
    first = run()
    assert first == run()
    assert set(first) == {201, 503}


@pytest.mark.parametrize(
    "values",
    [{"gremlins": 1}, {"latency": -1}, {"latency": "long"}, {"hang": 2}, {"hang": True}, {"hang": None}],
)
def test_a_senseless_fault_is_refused_whole(server: SimulatorServer, values: dict[str, object]) -> None:
    answer = set_faults(server, **{"too_many": 1.0, **values})
    assert answer.status_code == 422
    assert next(iter(values)) in answer.json()["error"]
    assert server.simulator.faults.too_many == 0.0
    assert requests.post(server.url + "/simulator/faults", data=b"[]", timeout=5).status_code == 422


def test_every_probability_is_a_fault() -> None:
    assert set(vars_of(Faults())) >= CHANCES


def test_the_ledger_tells_all_and_a_reset_forgets_all(server: SimulatorServer, twilio: Client) -> None:
    server.text(MARIA, "UNETE")
    made = twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    twilio.messages.create(to=JAMES, from_=OUR_NUMBER, body="Hi")
    until(lambda: server.alerts_to(JAMES)[0].status == "delivered")
    ledger = requests.get(server.url + "/simulator/ledger", timeout=5).json()
    assert (ledger["total"], ledger["statuses"]) == (3, {"delivered": 3})
    reply, alert = ledger["phones"][MARIA]
    assert (reply["direction"], alert["direction"]) == ("outbound-reply", "outbound-api")
    assert (alert["sid"], alert["body"], alert["parts"], alert["error_code"]) == (made.sid, "Hola", 1, None)
    of_james = requests.get(server.url + "/simulator/ledger", params={"to": JAMES}, timeout=5).json()
    assert list(of_james["phones"]) == [JAMES]
    assert requests.post(server.url + "/simulator/reset", timeout=5).status_code == 204
    assert server.simulator.messages == []
    assert requests.get(server.url + "/simulator/ledger", timeout=5).json()["total"] == 0


def test_nothing_in_the_room_reads_the_applications_own_list_of_words() -> None:
    """The simulator must be able to show that the application is wrong about Twilio."""
    room = Path("alerts/carrier/simulator").resolve()
    assert not [one for one in room.glob("*.py") if "alerts.carrier.opt_out" in one.read_text("utf-8")]


def test_the_simulator_stops_while_a_page_listens(server: SimulatorServer) -> None:
    with SimulatorServer(server.simulator.config) as own:
        host, _, port = own.url.removeprefix("http://").partition(":")
        connection = socket.create_connection((host, int(port)), timeout=5)
        connection.sendall(b"GET /simulator/events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1)
        until(lambda: len(own.simulator.watchers) == 1)
        began = time.monotonic()
    assert time.monotonic() - began < 30  # it does not wait for the page's own end
    connection.close()
