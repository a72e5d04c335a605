"""A worker texts: the webhook is asked, its answer arrives; what Twilio itself does with STOP."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException

from alerts.carrier.simulator.keywords import WORDS, kind
from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.carrier.simulator.webhooks import answers
from tests.carrier.simulator.conftest import SECOND_NUMBER, SERVICE, Application, client_of, simulated
from tests.conftest import ACCOUNT, OUR_NUMBER
from tests.story import JAMES, MARIA


def say(server: SimulatorServer, **text: Any) -> requests.Response:
    return requests.post(server.url + "/simulator/texts", json=text, timeout=10)


def test_a_text_is_posted_as_twilio_posts_it(server: SimulatorServer, application: Application) -> None:
    answer = say(server, **{"from": MARIA, "to": SECOND_NUMBER, "body": "UNETE é 👍", "media": 1}).json()
    assert answer == {"sid": answer["sid"], "http_status": 200, "answers": ["Hola & gracias"], "error": None}
    [(path, form)] = application.requests
    assert path == "/twilio/inbound"
    assert form["MessageSid"] == form["SmsSid"] == form["SmsMessageSid"] == answer["sid"]
    assert answer["sid"].startswith("MM")
    expected = {
        "AccountSid": ACCOUNT,
        "From": MARIA,
        "To": SECOND_NUMBER,
        "Body": "UNETE é 👍",
        "NumMedia": "1",
        "NumSegments": "1",
        "SmsStatus": "received",
        "ApiVersion": "2010-04-01",
        "MessagingServiceSid": SERVICE,
        "FromCity": "",  # blank fields are sent, and signed
        "FromCountry": "US",
        "MediaContentType0": "image/jpeg",
    }
    assert expected.items() <= form.items()
    assert "OptOutType" not in form
    assert [text.body for text in server.simulator.carrier.phone(MARIA)] == ["UNETE é 👍", "Hola & gracias"]


def test_the_same_sid_again_is_the_same_text_delivered_again(
    server: SimulatorServer, application: Application
) -> None:
    sid = "SM" + "a" * 32
    assert server.text(MARIA, "UNETE", sid) == server.text(MARIA, "UNETE", sid)
    assert [form["MessageSid"] for _, form in application.requests] == [sid, sid]
    assert [one.sid for one in server.simulator.messages if one.direction == "inbound"] == [sid]


@pytest.mark.parametrize(
    ("twiml", "texts"),
    [
        ("", []),
        ("<Response/>", []),
        ("<Response><Message></Message></Response>", []),
        ("<Response><Message>Hola</Message></Response>", ["Hola"]),
        ("<Response><Message><Body>Hola</Body></Message></Response>", ["Hola"]),
        (
            "<?xml version='1.0'?>\n<Response>\n<Message>\n ¿Vienes? \n</Message></Response>",
            ["¿Vienes?"],
        ),
        ("<Response><Message>1</Message><Message>2 &lt;b&gt;</Message></Response>", ["1", "2 <b>"]),
    ],
)  # fmt: skip
def test_twiml_is_read(twiml: str, texts: list[str]) -> None:
    assert answers(twiml) == texts


@pytest.mark.parametrize(
    ("twiml", "refuse", "status", "error"), [("not xml", 0, 200, 12100), ("<Response/>", 1, 500, 11200)]
)
def test_a_webhook_that_fails_is_told_with_twilios_code(
    server: SimulatorServer, application: Application, twiml: str, refuse: int, status: int, error: int
) -> None:
    application.twiml, application.refuse = twiml, refuse
    answer = say(server, **{"from": MARIA, "body": "UNETE"}).json()
    assert (answer["http_status"], answer["error"], answer["answers"]) == (status, error, [])
    application.refuse = refuse
    with pytest.raises(RuntimeError):
        server.text(MARIA, "UNETE")


def test_a_webhook_that_nobody_answers_is_told(application: Application) -> None:
    with simulated(application, inbound_url="http://127.0.0.1:1/#rc=0") as server:
        answer = say(server, **{"from": MARIA, "body": "UNETE"}).json()
    assert (answer["http_status"], answer["error"]) == (0, 11200)


@pytest.mark.parametrize(
    "text",
    [
        {},
        {"from": "hola", "body": "x"},
        {"from": MARIA, "body": 7},
        {"from": MARIA, "to": JAMES, "body": "x"},
        {"from": MARIA, "body": "x" * 1601},
        {"from": MARIA, "body": "x", "media": -1},
        {"from": MARIA, "body": "x", "media": "many"},
    ],
)
def test_a_senseless_text_is_refused_and_told_why(
    server: SimulatorServer, application: Application, text: dict[str, Any]
) -> None:
    answer = say(server, **text)
    assert answer.status_code == 422
    assert answer.json()["error"]
    assert application.requests == []
    not_json = requests.post(server.url + "/simulator/texts", data=b"\xff{", timeout=5)
    assert not_json.status_code == 422


def test_half_a_surrogate_pair_is_replaced(server: SimulatorServer, application: Application) -> None:
    assert server.text(MARIA, "\ud83d x") == ["Hola & gracias"]
    assert application.requests[0][1]["Body"] == "\ufffd x"


STOPS = [word for word, means in WORDS.items() if means == "STOP"]


@pytest.mark.parametrize(
    ("body", "mode", "means"),
    [
        *((word, "default", "STOP") for word in STOPS),
        (" stop\n", "default", "STOP"),
        ("STOP PLEASE", "default", None),  # Twilio compares the whole text
        ("OPT OUT", "default", None),
        ("ALTO", "default", None),
        ("ALTO", "advanced", "STOP"),
        ("Joóji", "advanced", None),
        ("STOP", "advanced", "STOP"),
        ("yes", "default", "START"),
        ("info", "default", "HELP"),
        ("STOP", "off", None),
        ("ALTO", "off", None),
    ],
)
def test_twilios_words(body: str, mode: str, means: str | None) -> None:
    assert kind(body, mode, {"ALTO": "STOP"}) == means


def test_an_unknown_way_of_opting_out_is_refused() -> None:
    with pytest.raises(ValueError, match="default, advanced, off"):
        SimulatorConfig(ACCOUNT, "x", (OUR_NUMBER,), "http://x", opt_out="sometimes")


def test_by_default_stop_blocks_and_start_brings_back(application: Application) -> None:
    with simulated(application, opt_out="default", messaging_service_sid=None) as server:
        twilio = client_of(server)
        server.text(MARIA, "Stop")
        assert server.simulator.opted_out == {MARIA}
        with pytest.raises(TwilioRestException) as caught:
            twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
        assert caught.value.code == 21610
        own, ours = server.simulator.texts_to(MARIA)
        assert (own.status, own.body[:27]) == ("delivered", "You have successfully been ")
        assert (ours.status, ours.error_code) == (
            "failed",
            21610,
        )  # a second answer to a STOP does not arrive
        ledger = requests.get(server.url + "/simulator/ledger", timeout=5).json()
        assert (ledger["blocked"], ledger["opted_out"]) == (1, [MARIA])
        [(_, form)] = application.requests  # asked all the same
        assert "OptOutType" not in form  # only advanced handling tells
        # Without a service, STOP to one number says nothing about another.
        assert twilio.messages.create(to=MARIA, from_=SECOND_NUMBER, body="Hola").sid
        server.text(MARIA, "START")
        assert twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola").sid


def test_by_default_yes_is_answered_by_twilio_only_to_who_had_left(application: Application) -> None:
    with simulated(application, opt_out="default") as server:
        server.text(MARIA, "YES")
        assert [text.body for text in server.simulator.texts_to(MARIA)] == ["Hola & gracias"]
        server.text(MARIA, "HELP")
        assert [text.body[:10] for text in server.simulator.texts_to(MARIA)][1:] == [
            "Reply STOP",
            "Hola & gra",
        ]


def test_with_a_service_stop_covers_all_of_its_numbers(application: Application) -> None:
    with simulated(application, opt_out="default") as server:
        server.text(MARIA, "STOP", to=SECOND_NUMBER)
        for sender in ({"from_": OUR_NUMBER}, {"messaging_service_sid": SERVICE}):
            with pytest.raises(TwilioRestException) as caught:
                client_of(server).messages.create(to=MARIA, body="Hola", **sender)
            assert caught.value.code == 21610


def test_a_stop_delivered_again_is_no_second_stop(application: Application) -> None:
    with simulated(application, opt_out="default") as server:
        sid = "SM" + "b" * 32
        server.text(MARIA, "STOP", sid)
        server.text(MARIA, "START")
        server.text(MARIA, "STOP", sid)
        assert server.simulator.opted_out == frozenset()


def test_advanced_handling_knows_words_of_ones_own_and_says_what_was_done(application: Application) -> None:
    with simulated(application, opt_out="advanced", keywords={"ALTO": "STOP"}) as server:
        server.text(MARIA, "alto")
        server.text(MARIA, "UNETE")
        server.text(MARIA, "START")
        types = [form.get("OptOutType") for _, form in application.requests]
        assert types == ["STOP", None, "START"]
        assert server.simulator.opted_out == frozenset()


def test_switched_off_nothing_is_done(server: SimulatorServer, application: Application) -> None:
    assert server.text(MARIA, "STOP") == ["Hola & gracias"]
    assert server.simulator.opted_out == frozenset()
    assert len(server.simulator.texts_to(MARIA)) == 1
