"""The official SDK, unchanged but for its base URL, cannot tell the simulator from Twilio."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client

from alerts.carrier.simulator.magic import FAILS_LATER, MESSAGES, REFUSED, TWILIO_FROM, TWILIO_TO
from alerts.carrier.simulator.server import SimulatorServer
from tests.carrier.simulator.conftest import SECOND_NUMBER, SERVICE, Application, client_of, until
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.story import JAMES, MARIA, YASMIN

# Source: Twilio's OpenAPI description, api.v2010.account.message.
PROPERTIES = {
    "body", "num_segments", "direction", "from", "to", "date_updated", "price", "error_message", "uri",
    "account_sid", "num_media", "status", "messaging_service_sid", "sid", "date_sent", "date_created",
    "error_code", "price_unit", "api_version", "subresource_uris",
}  # fmt: skip


def messages_url(server: SimulatorServer, rest: str = "") -> str:
    return f"{server.url}/2010-04-01/Accounts/{ACCOUNT}/Messages{rest}.json"


def test_a_text_is_created_as_twilio_creates_it(twilio: Client) -> None:
    made = twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    assert made.sid is not None
    assert made.sid.startswith("SM")
    assert (made.to, made.from_, made.body, str(made.status)) == (MARIA, OUR_NUMBER, "Hola", "queued")
    assert (made.num_segments, made.num_media, str(made.direction)) == ("1", "0", "outbound-api")
    assert (made.error_code, made.price, made.date_sent) == (None, None, None)
    assert made.date_created is not None
    assert abs(datetime.now(UTC) - made.date_created) < timedelta(minutes=1)


def test_the_answer_has_every_property_of_twilios_schema(server: SimulatorServer) -> None:
    form = {
        "To": MARIA,
        "From": OUR_NUMBER,
        "Body": "Acción",
        "InventedIn2027": "x",
        "ValidityPeriod": "3600",
    }
    answer = requests.post(messages_url(server), data=form, auth=(ACCOUNT, TOKEN), timeout=5)
    assert answer.status_code == 201
    made = answer.json()
    assert set(made) == PROPERTIES
    assert made["uri"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{made['sid']}.json"
    assert made["num_segments"] == "1"
    assert parsedate_to_datetime(made["date_created"]).tzinfo is not None


def test_a_text_of_a_messaging_service_has_no_sender_until_it_is_queued(
    server: SimulatorServer, twilio: Client
) -> None:
    server.simulator.faults.callback_delay = 0.05
    made = twilio.messages.create(to=MARIA, messaging_service_sid=SERVICE, body="Hola")
    assert (str(made.status), made.from_, made.num_segments) == ("accepted", None, "0")
    assert made.messaging_service_sid == SERVICE
    until(lambda: str(made.fetch().status) == "delivered")
    assert (made.fetch().from_ or "").startswith("+1")
    assert made.fetch().num_segments == "1"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"to": ""}, 21604),
        ({"from_": ""}, 21603),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"body": "💥" * 801}, 21617),
        ({"to": "hola"}, 21211),
        ({"to": "+1"}, 21211),
        ({"to": "+1909555010"}, 21211),
        ({"to": "+٣٤٥٦٧٨٩٠١"}, 21211),
        ({"validity_period": 36001}, 21624),
        ({"from_": JAMES}, 21606),
        ({"from_": "", "messaging_service_sid": "MG" + "1" * 32}, 21703),
        *(({"to": "+1909555" + ending}, code) for ending, code in REFUSED.items()),
        *(({"to": number}, code) for number, code in TWILIO_TO.items()),
        *(({"from_": number}, code) for number, code in TWILIO_FROM.items() if code),
    ],
)
def test_what_twilio_refuses_is_refused(twilio: Client, change: dict[str, Any], code: int) -> None:
    with pytest.raises(TwilioRestException) as caught:
        twilio.messages.create(**{"to": MARIA, "from_": OUR_NUMBER, "body": "Hola", **change})
    assert (caught.value.status, caught.value.code) == (400, code)
    assert caught.value.msg
    assert "{" not in caught.value.msg


def test_every_code_of_a_magic_number_has_words() -> None:
    later = {code for _, code in FAILS_LATER.values() if code}
    assert {*REFUSED.values(), *TWILIO_TO.values(), *later} <= set(MESSAGES)


def test_what_twilio_takes_is_taken(server: SimulatorServer, twilio: Client) -> None:
    assert twilio.messages.create(to="(909) 555-0101", from_=OUR_NUMBER, body="Hola").to == MARIA
    assert twilio.messages.create(to=MARIA, from_="+15005550006", body="Hola").sid
    assert twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="💥" * 800).num_segments == "25"
    assert twilio.messages.create(to="+19091230190", from_=OUR_NUMBER, body="not 555-01").sid
    with_media = twilio.messages.create(
        to=MARIA, from_=OUR_NUMBER, media_url=["https://example.org/flyer.png"]
    )
    assert ((with_media.sid or "")[:2], with_media.num_media) == ("MM", "1")
    form = urlencode({"To": MARIA, "From": OUR_NUMBER}) + "&Body=%ff"  # not UTF-8
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(messages_url(server), form, headers=headers, auth=(ACCOUNT, TOKEN), timeout=5)
    assert answer.json()["body"] == "\ufffd"


@pytest.mark.parametrize("authorization", [None, "", "Basic", "Basic !!", "Bearer x", "Basic ACé".encode()])
def test_without_credentials_there_is_no_answer_but_20003(
    server: SimulatorServer, authorization: str | bytes | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = requests.get(messages_url(server), headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_wrong_token_account_path_or_method_is_refused(server: SimulatorServer) -> None:
    with pytest.raises(TwilioRestException) as caught:
        client_of(server, "wrong").messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola")
    assert (caught.value.status, caught.value.code) == (401, 20003)
    asked: list[tuple[str, str, int, int]] = [
        ("GET", "/2010-04-01/Accounts/AC1/Messages.json", 404, 20404),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Nothing.json", 404, 20404),
        ("PUT", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json", 405, 20004),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageSize=x", 400, 20001),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?DateSent=soon", 400, 20001),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json?PageToken=zz", 400, 20001),
    ]
    for method, path, status, code in asked:
        answer = requests.request(method, server.url + path, auth=(ACCOUNT, TOKEN), timeout=5)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
        assert set(answer.json()) == {"code", "message", "more_info", "status"}


def test_texts_are_fetched_redacted_and_deleted(twilio: Client, application: Application) -> None:
    made = twilio.messages.create(
        to=MARIA, from_=OUR_NUMBER, body="a" * 200, status_callback=application.url + "/s"
    )
    with pytest.raises(TwilioRestException) as caught:
        made.delete()
    assert caught.value.code == 20009
    application.wait_for(2)
    arrived = made.fetch()
    assert (str(arrived.status), arrived.num_segments) == ("delivered", "2")
    assert arrived.date_sent is not None
    assert arrived.price is not None
    redacted = made.update(body="")
    assert (redacted.body, redacted.num_segments) == ("", "2")
    assert made.delete()
    for again in (made.fetch, made.delete):
        with pytest.raises(TwilioRestException) as caught:
            again()
        assert (caught.value.status, caught.value.code) == (404, 20404)
    assert twilio.messages.list(to=MARIA) == []
    assert twilio.messages.list() == []


def test_a_text_is_canceled_before_it_leaves_and_not_after(
    server: SimulatorServer, twilio: Client, application: Application
) -> None:
    server.simulator.faults.callback_delay = server.simulator.faults.callback_delay_least = 2.0
    made = twilio.messages.create(
        to=MARIA, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s"
    )
    assert str(made.update(status="canceled").status) == "canceled"
    time.sleep(2.5)  # it would have left meanwhile
    assert str(made.fetch().status) == "canceled"
    assert application.requests == []
    server.simulator.faults.callback_delay = server.simulator.faults.callback_delay_least = 0.0
    other = twilio.messages.create(
        to=MARIA, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s"
    )
    application.wait_for(2)
    with pytest.raises(TwilioRestException) as caught:
        other.update(status="canceled")
    assert caught.value.code == 30409


def test_the_list_is_filtered_and_paged_newest_first(twilio: Client) -> None:
    for number in range(7):
        twilio.messages.create(to=MARIA if number % 2 else JAMES, from_=OUR_NUMBER, body=str(number))
    assert [text.body for text in twilio.messages.list(page_size=2)] == list("6543210")
    assert [text.body for text in twilio.messages.list(to=MARIA, page_size=2)] == list("531")
    assert [text.body for text in twilio.messages.list(from_=OUR_NUMBER, limit=3)] == list("654")
    assert twilio.messages.list(from_=JAMES) == []


def test_a_text_that_comes_between_two_pages_moves_none_from_one_to_the_other(twilio: Client) -> None:
    for number in range(6):
        twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body=str(number))
    first = twilio.messages.page(to=MARIA, page_size=3)
    assert [text.body for text in first] == list("543")
    twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="late")
    second = first.next_page()
    assert second is not None
    assert [text.body for text in second] == list("210")
    assert second.next_page() is None
    by_number = twilio.messages.page(page_size=2, page_number=1)
    assert [text.body for text in by_number] == list("43")


def test_the_list_is_filtered_by_the_day_of_sending(twilio: Client, application: Application) -> None:
    twilio.messages.create(to=MARIA, from_=OUR_NUMBER, body="Hola", status_callback=application.url + "/s")
    application.wait_for(2)
    now, day = datetime.now(UTC), timedelta(days=1)
    assert len(twilio.messages.list(date_sent=now)) == 1
    assert len(twilio.messages.list(date_sent_after=now, date_sent_before=now)) == 1
    assert len(twilio.messages.list(date_sent_after=now - day, date_sent_before=now + day)) == 1
    assert twilio.messages.list(date_sent_after=now + day) == []
    assert twilio.messages.list(date_sent_before=now - day) == []


def test_a_waiting_text_is_on_no_day_and_has_no_sender_to_find(
    server: SimulatorServer, twilio: Client
) -> None:
    server.simulator.faults.callback_delay = server.simulator.faults.callback_delay_least = 5.0
    twilio.messages.create(to=MARIA, messaging_service_sid=SERVICE, body="Hola")
    assert len(twilio.messages.list(to=MARIA)) == 1
    assert twilio.messages.list(to=MARIA, date_sent=datetime.now(UTC)) == []
    chosen = server.simulator.texts_to(MARIA)[0].sender
    assert twilio.messages.list(from_=chosen) == []


def test_inbound_texts_are_listed_too(server: SimulatorServer, twilio: Client) -> None:
    server.text(MARIA, "UNETE")
    [inbound] = twilio.messages.list(from_=MARIA)
    assert (str(inbound.direction), str(inbound.status), inbound.to) == ("inbound", "received", OUR_NUMBER)
    [reply] = twilio.messages.list(to=MARIA, date_sent=datetime.now(UTC))
    assert str(reply.direction) == "outbound-reply"


def test_the_account_and_its_numbers_are_told_but_not_its_token(twilio: Client) -> None:
    account = twilio.api.accounts(ACCOUNT).fetch()
    assert (account.sid, str(account.status), account.auth_token) == (ACCOUNT, "active", None)
    ours = [number.phone_number for number in twilio.incoming_phone_numbers.list()]
    assert ours == [OUR_NUMBER, SECOND_NUMBER]
    assert len(twilio.incoming_phone_numbers.list(phone_number=OUR_NUMBER)) == 1
    assert twilio.incoming_phone_numbers.list(phone_number=JAMES) == []


def test_the_asynchronous_sdk_gets_the_same(server: SimulatorServer) -> None:
    async def story() -> None:
        async with AsyncTwilioHttpClient() as http:
            client = Client(ACCOUNT, TOKEN, http_client=http)
            client.api.base_url = server.url
            made = await asyncio.gather(
                *(client.messages.create_async(to=YASMIN, from_=OUR_NUMBER, body=str(n)) for n in range(20))
            )
            assert len({text.sid for text in made}) == 20
            listed = await client.messages.list_async(to=YASMIN, page_size=7)
            assert {text.sid for text in listed} == {text.sid for text in made}
            assert (await client.messages(str(made[0].sid)).fetch_async()).body == made[0].body
            with pytest.raises(TwilioRestException) as caught:
                await client.messages.create_async(to="+19095550193", from_=OUR_NUMBER, body="Hola")
            assert caught.value.code == 21610

    asyncio.run(story())
