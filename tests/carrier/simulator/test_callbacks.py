"""Status callbacks: signed, in the right number, and repeated only as Twilio repeats them."""

from __future__ import annotations

import socket
import time

import pytest
from twilio.rest import Client

from alerts.carrier.simulator.magic import FAILS_LATER
from alerts.carrier.simulator.server import SimulatorServer
from alerts.carrier.simulator.webhooks import Overrides
from tests.carrier.simulator.conftest import SERVICE, Application, client_of, simulated, until
from tests.conftest import ACCOUNT, OUR_NUMBER
from tests.story import MARIA

ONE_CALLBACK = "+19095550185"  # fails at once, with one callback


def create(twilio: Client, url: str, to: str = MARIA) -> str:
    return str(twilio.messages.create(to=to, from_=OUR_NUMBER, body="Hola", status_callback=url).sid)


def test_callbacks_are_signed_and_none_tells_the_first_status(
    twilio: Client, application: Application
) -> None:
    # An address that aiohttp would spell otherwise: what is signed must be what is asked for.
    sid = create(twilio, application.url + "/status/%7E7?list=a%20b&x=")
    application.wait_for(2)
    assert sorted(application.statuses()) == ["delivered", "sent"]  # the network keeps no order
    path, form = next(one for one in application.requests if one[1]["MessageStatus"] == "sent")
    assert path == "/status/%7E7?list=a%20b&x="
    assert form == {
        "MessageSid": sid,
        "SmsSid": sid,
        "MessageStatus": "sent",
        "SmsStatus": "sent",
        "AccountSid": ACCOUNT,
        "From": OUR_NUMBER,
        "To": MARIA,
        "ApiVersion": "2010-04-01",
    }


def test_a_text_of_a_messaging_service_tells_that_it_was_queued(
    twilio: Client, application: Application
) -> None:
    twilio.messages.create(
        to=MARIA, messaging_service_sid=SERVICE, body="Hola", status_callback=application.url + "/s"
    )
    application.wait_for(3)
    assert sorted(application.statuses()) == ["delivered", "queued", "sent"]
    assert application.requests[0][1]["MessagingServiceSid"] == SERVICE


def test_sending_is_told_where_the_account_asks_for_it(application: Application) -> None:
    with simulated(application, tells_sending=True) as server:
        create(client_of(server), application.url + "/s")
        application.wait_for(3)
    assert sorted(application.statuses()) == ["delivered", "sending", "sent"]


@pytest.mark.parametrize("ending", FAILS_LATER)
def test_some_numbers_fail_later_with_a_code(
    server: SimulatorServer, twilio: Client, application: Application, ending: str
) -> None:
    status, code = FAILS_LATER[ending]
    sid = create(twilio, application.url + "/s", "+1909555" + ending)
    application.wait_for(2 if status == "undelivered" else 1)
    told = {form["MessageStatus"]: form for _path, form in application.requests}
    assert told.keys() == {status} | ({"sent"} if status == "undelivered" else set())
    last = told[status]
    assert last.get("ErrorCode") == (str(code) if code else None)
    fetched = twilio.messages(sid).fetch()
    assert (str(fetched.status), fetched.error_code) == (status, code)
    assert bool(fetched.error_message) == bool(code)


@pytest.mark.parametrize(
    ("fragment", "refusal", "attempts"),
    [
        ("", 500, 1),
        ("", 404, 1),
        ("#rc=3", 500, 1),  # by default only a failed connection is repeated
        ("#rc=3&rp=ct,rt", 500, 1),
        ("#rc=2&rp=all", 500, 3),
        ("#rc=2&rp=all", 404, 3),
        ("#rc=2&rp=5xx", 503, 3),
        ("#rc=2&rp=5xx", 404, 1),
        ("#rc=0&rp=all", 500, 1),
        ("#rc=many&rp=all", 500, 2),
    ],
)
def test_a_callback_is_repeated_only_where_its_address_asks_for_it(
    server: SimulatorServer,
    twilio: Client,
    application: Application,
    fragment: str,
    refusal: int,
    attempts: int,
) -> None:
    application.refuse, application.refusal = 99, refusal
    create(twilio, application.url + "/s" + fragment, ONE_CALLBACK)
    until(lambda: server.simulator.webhooks.counts["given_up"] == 1)
    assert application.statuses() == ["failed"] * attempts
    assert len(set(application.tokens)) == 1  # I-Twilio-Idempotency-Token: the same on each repetition


def test_a_repetition_that_is_taken_is_the_last(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    application.refuse = 1
    create(twilio, application.url + "/s#rc=5&rp=all", ONE_CALLBACK)
    until(lambda: server.simulator.webhooks.counts["taken"] == 1)
    assert application.statuses() == ["failed", "failed"]


@pytest.mark.parametrize(("policy", "attempts"), [("rp=ct", 1), ("rp=rt", 2)])
def test_a_slow_answer_is_repeated_only_where_the_address_asks_for_it(
    server: SimulatorServer, twilio: Client, application: Application, policy: str, attempts: int
) -> None:
    application.slow = 0.3
    create(twilio, application.url + f"/s#rt=100&rc=1&{policy}", ONE_CALLBACK)
    until(lambda: server.simulator.webhooks.counts["given_up"] == 1)
    assert len(application.requests) == attempts


def test_a_failed_connection_is_repeated_once_unasked(server: SimulatorServer, twilio: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        nobody = f"http://127.0.0.1:{listener.getsockname()[1]}/s"
    began = time.monotonic()
    create(twilio, nobody, ONE_CALLBACK)
    until(lambda: server.simulator.webhooks.counts["given_up"] == 1)
    assert time.monotonic() - began > 0.2  # the pause before the second attempt


def test_an_address_that_is_none_harms_nothing(server: SimulatorServer, twilio: Client) -> None:
    for url in ("ftp://x", "http://[", "not a url", "http://127.0.0.1:99999/"):
        create(twilio, url, ONE_CALLBACK)
    until(lambda: server.simulator.webhooks.counts["given_up"] == 4)


@pytest.mark.parametrize(
    ("url", "overrides"),
    [
        ("http://a/b", Overrides()),
        (
            "http://a/b#ct=3000&rt=1500&rc=5&rp=all",
            Overrides(3.0, 1.5, 5, frozenset({"ct", "rt", "4xx", "5xx"})),
        ),
        ("http://a/b#rc=9&rt=99999", Overrides(repeats=5)),
        ("http://a/b#rp=nonsense", Overrides(on=frozenset())),
    ],
)
def test_connection_overrides_are_read_from_the_fragment(url: str, overrides: Overrides) -> None:
    assert Overrides.of(url) == overrides


def test_callbacks_come_twice_late_or_never_on_request(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    faults = server.simulator.faults
    faults.callback_twice = 1.0
    create(twilio, application.url + "/s")
    application.wait_for(4)
    assert sorted(application.statuses()) == ["delivered", "delivered", "sent", "sent"]
    faults.callback_twice, faults.callback_lost = 0.0, 1.0
    create(twilio, application.url + "/s")
    until(lambda: server.simulator.webhooks.counts["lost"] == 2)
    assert len(application.requests) == 4


def test_a_reordered_callback_is_overtaken(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    server.simulator.faults.change({"callback_reordered": 0.5, "callback_delay": 0.05})

    def both_seen() -> bool:
        made = len(application.requests)
        create(twilio, application.url + "/s")
        application.wait_for(made + 2)
        order: dict[str, list[str]] = {}
        for _, form in application.requests:
            order.setdefault(form["MessageSid"], []).append(form["MessageStatus"])
        kinds = {tuple(statuses) for statuses in order.values()}
        return kinds == {("sent", "delivered"), ("delivered", "sent")}

    until(both_seen)


def test_a_stuck_text_is_on_the_list_and_nothing_is_told_of_it_for_a_while(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    server.simulator.faults.change({"stuck": 1.0, "stuck_seconds": 3.0})
    began = time.monotonic()
    create(twilio, application.url + "/s")
    [listed] = twilio.messages.list(to=MARIA)
    assert (str(listed.status), listed.date_sent) == ("queued", None)
    application.wait_for(2)
    assert time.monotonic() - began >= 3.0
    assert sorted(application.statuses()) == ["delivered", "sent"]


def test_what_is_forgotten_calls_nobody(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    server.simulator.faults.callback_delay = server.simulator.faults.callback_delay_least = 1.0
    create(twilio, application.url + "/s")
    server.simulator.carrier.forget_everything()
    time.sleep(1.5)
    assert application.requests == []


def test_what_is_forgotten_is_not_repeated(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    application.refuse = 99
    create(twilio, application.url + "/s#rc=5&rp=all", ONE_CALLBACK)
    application.wait_for(1)
    server.simulator.carrier.forget_everything()
    until(lambda: server.simulator.webhooks.counts["waiting"] == 0)
    assert len(application.requests) == 1
