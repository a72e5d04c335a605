"""A running simulator, a small application that its webhooks reach, and the official SDK."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN

SERVICE = "MG" + "0" * 32
SECOND_NUMBER = "+16125550100"
THANKS = "<?xml version='1.0' encoding='UTF-8'?><Response><Message>Hola &amp; gracias</Message></Response>"


class Application:
    """What Twilio's webhooks reach: it records each request, and takes only those that Twilio signed."""

    def __init__(self) -> None:
        self.unsigned = 0
        self.reset()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = dict(parse_qsl(data, keep_blank_values=True))
                signature = self.headers["X-Twilio-Signature"] or ""
                if not RequestValidator(TOKEN).validate(outer.url + self.path, form, signature):
                    outer.unsigned += 1
                    self.send_error(403)
                    return
                outer.requests.append((self.path, form))
                outer.tokens.append(self.headers["I-Twilio-Idempotency-Token"])
                time.sleep(outer.slow)
                outer.refuse -= 1
                self.send_response(outer.refusal if outer.refuse >= 0 else 200)
                self.end_headers()
                self.wfile.write(outer.twiml.encode())

            def log_message(self, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.tokens: list[str] = []
        self.refuse = 0  # how many of the next requests get ``refusal``
        self.refusal = 500
        self.slow = 0.0  # seconds before an answer
        self.twiml = THANKS

    def statuses(self) -> list[str]:
        return [form["MessageStatus"] for _, form in self.requests]

    def wait_for(self, count: int) -> None:
        until(lambda: len(self.requests) >= count, f"{count} requests")


def until(true: Callable[[], bool], what: str = "") -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.fixture(scope="package")
def application() -> Iterator[Application]:
    made = Application()
    yield made
    made.server.shutdown()
    assert made.unsigned == 0


def config_for(application: Application, **changes: Any) -> SimulatorConfig:
    usual: dict[str, Any] = {"messaging_service_sid": SERVICE, "opt_out": "off", **changes}
    inbound = usual.pop("inbound_url", application.url + "/twilio/inbound")
    return SimulatorConfig(ACCOUNT, TOKEN, (OUR_NUMBER, SECOND_NUMBER), inbound, **usual)


@contextmanager
def simulated(application: Application, **changes: Any) -> Iterator[SimulatorServer]:
    """A simulator of its own, for a test that wants other settings."""
    application.reset()
    with SimulatorServer(config_for(application, **changes), Faults(callback_delay=0.01)) as running:
        yield running


@pytest.fixture(scope="package")
def shared(application: Application) -> Iterator[SimulatorServer]:
    with SimulatorServer(config_for(application)) as running:
        yield running


@pytest.fixture
def server(shared: SimulatorServer, application: Application) -> SimulatorServer:
    """Empty, and nothing wrong with it."""
    shared.simulator.carrier.forget_everything()
    shared.simulator.faults.change({**vars_of(Faults()), "callback_delay": 0.01})
    until(lambda: shared.simulator.webhooks.counts["waiting"] == 0, "callbacks of the test before")
    shared.simulator.webhooks.counts.clear()
    shared.simulator.faults.counts.clear()
    application.reset()
    return shared


def vars_of(faults: Faults) -> dict[str, object]:
    return {name: value for name, value in vars(faults).items() if not name.startswith("_")}


@pytest.fixture
def twilio(server: SimulatorServer) -> Client:
    return client_of(server)


def client_of(server: SimulatorServer, token: str = TOKEN, account: str = ACCOUNT) -> Client:
    """The official SDK, unchanged but for its base URL."""
    client = Client(account, token)
    client.api.base_url = server.url
    return client
