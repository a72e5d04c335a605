"""The official SDK, unchanged but for its base URL, cannot tell the simulator from Twilio."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from alerts.carrier.opt_out import OptOut
from alerts.carrier.simulator.magic import FAILS_LATER, REFUSED
from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.story import JAMES, MARIA

SERVICE = "MG" + "0" * 32


class Application:
    """What Twilio's webhooks reach: it records each signed request, and answers TwiML."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.refuse = 0  # how many of the next requests get a 500
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = dict(
                    parse_qsl(
                        self.rfile.read(int(self.headers["Content-Length"])).decode(), keep_blank_values=True
                    )
                )
                signature = self.headers["X-Twilio-Signature"]
                assert RequestValidator(TOKEN).validate(outer.url + self.path, form, signature)
                outer.requests.append((self.path, form))
                outer.refuse -= 1
                self.send_response(500 if outer.refuse >= 0 else 200)
                self.end_headers()
                self.wfile.write(
                    b"<?xml version='1.0'?><Response><Message>Hola &amp; gracias</Message></Response>"
                )

            def log_message(self, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        Thread(target=self.server.serve_forever, daemon=True).start()

    def statuses(self) -> list[str]:
        return [form["MessageStatus"] for _, form in self.requests]

    def wait_for(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while len(self.requests) < count:
            assert time.monotonic() < deadline, f"{len(self.requests)} of {count}"
            time.sleep(0.01)


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    made = Application()
    yield made
    made.server.shutdown()


@pytest.fixture(scope="module")
def server(application: Application) -> Iterator[SimulatorServer]:
    config = SimulatorConfig(ACCOUNT, TOKEN, (OUR_NUMBER,), application.url + "/twilio/inbound", SERVICE)
    with SimulatorServer(config) as running:
        running.simulator.faults.callback_delay = 0.01
        yield running


@pytest.fixture
def twilio(server: SimulatorServer, application: Application) -> Client:
    time.sleep(0.05)  # callbacks of the test before
    server.simulator.carrier.forget_everything()
    application.requests.clear()
    application.refuse = 0
    return _client(server, TOKEN)


def _client(server: SimulatorServer, token: str) -> Client:
    client = Client(ACCOUNT, token)
    client.api.base_url = server.url
    return client


def test_a_text_is_created_as_twilio_creates_it(twilio: Client) -> None:
    made = twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    assert made.sid is not None
    assert made.sid.startswith("SM")
    assert (made.to, made.from_, made.body, str(made.status)) == (MARIA, OUR_NUMBER, "Hola", "queued")
    assert (made.num_segments, made.num_media, str(made.direction)) == ("1", "0", "outbound-api")
    assert (made.error_code, made.price, made.date_sent) == (None, None, None)
    assert made.date_created is not None
    assert abs(datetime.now(UTC) - made.date_created) < timedelta(minutes=1)


def test_a_text_of_a_messaging_service_has_no_sender_at_first(twilio: Client) -> None:
    made = twilio.messages.create(to=MARIA, messaging_service_sid=SERVICE, body="Hola")
    assert (str(made.status), made.from_, made.num_segments, made.messaging_service_sid) == (
        "accepted",
        None,
        "0",
        SERVICE,
    )


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"to": ""}, 400, 21604),
        ({"from_": ""}, 400, 21603),
        ({"body": ""}, 400, 21602),
        ({"body": "x" * 1601}, 400, 21617),
        ({"body": "💥" * 801}, 400, 21617),
        ({"to": "hola"}, 400, 21211),
        ({"to": "+1"}, 400, 21211),
        ({"from_": JAMES}, 400, 21606),
        ({"from_": "", "messaging_service_sid": "MG" + "1" * 32}, 400, 21703),
        *(({"to": "+1909555" + ending}, 400, code) for ending, code in REFUSED.items()),
    ],
)
def test_what_twilio_refuses_is_refused(
    twilio: Client, change: dict[str, str], status: int, code: int
) -> None:
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(**{"to": MARIA, "from_": OUR_NUMBER, "body": "Hola", **change})
    assert (caught.value.status, caught.value.code) == (status, code)


def test_a_wrong_token_and_a_wrong_account_are_refused(server: SimulatorServer) -> None:
    with pytest.raises(TwilioRestException) as caught:
        _client(server, "wrong").messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    answer = requests.get(
        f"{server.url}/2010-04-01/Accounts/AC1/Messages.json", auth=(ACCOUNT, TOKEN), timeout=5
    )
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert set(answer.json()) == {"code", "message", "more_info", "status"}


def test_texts_are_fetched_listed_redacted_and_deleted(twilio: Client, application: Application) -> None:
    made = twilio.messages.create(
        to=MARIA, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s"
    )
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages(str(made.sid)).delete()
    assert caught.value.code == 20009
    application.wait_for(2)
    assert str(twilio.messages(str(made.sid)).fetch().status) == "delivered"
    assert twilio.messages(str(made.sid)).update(body="").body == ""
    assert twilio.messages(str(made.sid)).delete()
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages(str(made.sid)).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_the_list_is_filtered_and_paged_newest_first(twilio: Client) -> None:
    for number in range(7):
        twilio.messages.create(to=MARIA if number % 2 else JAMES, from_=OUR_NUMBER, body=str(number))
    assert [text.body for text in twilio.messages.list(page_size=2)] == list("6543210")
    assert [text.body for text in twilio.messages.list(to=MARIA, page_size=2)] == list("531")
    assert [text.body for text in twilio.messages.list(from_=OUR_NUMBER, limit=3)] == list("654")
    assert twilio.messages.list(from_=JAMES) == []


def test_the_list_is_filtered_by_the_day_of_sending(twilio: Client, application: Application) -> None:
    twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s")
    application.wait_for(2)
    now, day = datetime.now(UTC), timedelta(days=1)
    assert len(twilio.messages.list(date_sent=now)) == 1
    assert len(twilio.messages.list(date_sent_after=now - day, date_sent_before=now + day)) == 1
    assert twilio.messages.list(date_sent_after=now + day) == []
    assert twilio.messages.list(date_sent_before=now - day) == []


def test_callbacks_are_signed_and_none_tells_the_first_status(
    twilio: Client, application: Application
) -> None:
    made = twilio.messages.create(
        to=MARIA, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/status/7"
    )
    application.wait_for(2)
    assert sorted(application.statuses()) == ["delivered", "sent"]
    path, form = application.requests[0]
    assert path == "/status/7"
    assert (form["MessageSid"], form["To"], form["AccountSid"]) == (made.sid, MARIA, ACCOUNT)


@pytest.mark.parametrize("ending", FAILS_LATER)
def test_some_numbers_fail_later_with_a_code(twilio: Client, application: Application, ending: str) -> None:
    status, code = FAILS_LATER[ending]
    twilio.messages.create(
        to="+1909555" + ending, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s"
    )
    application.wait_for(1 if status == "failed" else 2)
    [last] = [form for _, form in application.requests if form["MessageStatus"] == status]
    assert last["ErrorCode"] == str(code)


def test_a_callback_is_tried_again_only_where_its_address_asks_for_it(
    twilio: Client, application: Application
) -> None:
    application.refuse = 1
    twilio.messages.create(
        to="+19095550185", from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s#rc=2&rp=all"
    )
    application.wait_for(2)
    assert application.statuses() == ["failed", "failed"]
    application.requests.clear()
    application.refuse = 1
    twilio.messages.create(
        to="+19095550185", from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s"
    )
    application.wait_for(1)
    time.sleep(0.5)
    assert application.statuses() == ["failed"]


def test_a_workers_text_is_posted_and_its_answer_reaches_the_phone(
    twilio: Client, server: SimulatorServer, application: Application
) -> None:
    assert server.text(MARIA, "UNETE é 👍") == ["Hola & gracias"]
    [(path, form)] = application.requests
    assert path == "/twilio/inbound"
    assert (form["From"], form["Body"], form["FromCity"], form["NumMedia"]) == (MARIA, "UNETE é 👍", "", "0")
    assert [text.body for text in server.simulator.carrier.phone(MARIA)] == ["UNETE é 👍", "Hola & gracias"]


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        ("drop_after_accept", True),
        ("error_after_accept", True),
        ("error_before_accept", False),
        ("too_many", False),
    ],
)
def test_faults_do_what_they_say(twilio: Client, server: SimulatorServer, fault: str, taken: bool) -> None:
    requests.post(server.url + "/simulator/faults", json={fault: 1.0}, timeout=5).raise_for_status()
    with pytest.raises((TwilioRestException, requests.ConnectionError)):
        twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    requests.post(server.url + "/simulator/faults", json={fault: 0.0}, timeout=5).raise_for_status()
    assert len(server.alerts_to(MARIA)) == taken
    ledger = requests.get(server.url + "/simulator/ledger", timeout=5).json()
    assert ledger["total"] == taken


def test_a_dropped_connection_gives_no_octet_of_an_answer(twilio: Client, server: SimulatorServer) -> None:
    server.simulator.faults.drop_after_accept = 1.0
    try:
        with pytest.raises(requests.ConnectionError):
            twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    finally:
        server.simulator.faults.drop_after_accept = 0.0


def test_an_unknown_fault_is_refused(server: SimulatorServer) -> None:
    answer = requests.post(server.url + "/simulator/faults", json={"gremlins": 1}, timeout=5)
    assert answer.status_code == 422
    assert "gremlins" in answer.text


def test_with_default_handling_stop_blocks_and_start_unblocks(application: Application) -> None:
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), application.url + "/twilio/inbound", opt_out=OptOut.DEFAULT
    )
    with SimulatorServer(config) as handling:
        twilio = _client(handling, TOKEN)
        handling.text(MARIA, "Stop")
        with pytest.raises(TwilioRestException) as caught:
            twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
        assert caught.value.code == 21610
        own, ours = handling.simulator.carrier.texts_to(MARIA)
        assert (own.status, own.error_code) == ("delivered", None)
        assert ours.error_code == 21610  # a second answer to a STOP does not arrive
        handling.text(MARIA, "START")
        assert twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola").sid


def test_with_advanced_handling_the_webhook_says_what_was_done(application: Application) -> None:
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), application.url + "/twilio/inbound", opt_out=OptOut.ADVANCED
    )
    with SimulatorServer(config) as handling:
        application.requests.clear()
        handling.text(MARIA, "STOP")
        assert application.requests[0][1]["OptOutType"] == "STOP"
