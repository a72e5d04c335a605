"""Our own quick signature is the SDK's, whatever Twilio may post."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from alerts.carrier import webhooks
from alerts.settings import settings
from tests.api import Api
from tests.conftest import PUBLIC_URL, TOKEN

URL = "https://alerts.example/twilio/inbound"
fields = st.lists(st.tuples(st.text(), st.text()))


@given(st.text(), st.just(URL) | st.text(), fields)
@example("token", URL, [("Body", ""), ("Body", "b"), ("Body", "a"), ("Body", "a"), ("A", " ñ 🙂 ")])
@example("", "", [])
@example("token", URL + "?a=b", [("B", "1"), ("BA", ""), ("B", "A")])
def test_signed_as_the_sdk_signs(token: str, url: str, form: list[tuple[str, str]]) -> None:
    # What a browser cannot encode never arrives: lone surrogates.
    token, url = (text.encode(errors="replace").decode() for text in (token, url))
    form = parse_qsl(urlencode(form, errors="replace"), keep_blank_values=True)
    expected = RequestValidator(token).compute_signature(url, ImmutableMultiDict(form))
    assert webhooks.sign(token, url, form) == expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("signed_for", "status"),
    [
        ("http://alerts.test/twilio/status/4242", 204),
        ("http://alerts.test:80/twilio/status/4242", 204),  # Twilio signs some addresses with their port
        ("https://alerts.test/twilio/status/4242", 403),
        ("http://alerts.test/twilio/status/4242/", 403),
        ("http://alerts.test/twilio/status/4242?a=b", 403),
    ],
)
async def test_the_address_is_signed_to_the_slash(api: Api, signed_for: str, status: int) -> None:
    form = {"MessageSid": "SM" + "a" * 32, "MessageStatus": "sent", "Blank": ""}
    signature = RequestValidator(TOKEN).compute_signature(signed_for, form)
    answer = await api.webhook("/twilio/status/4242", form, signature=signature)
    assert answer.status_code == status


@pytest.mark.anyio
async def test_a_query_is_signed_too(api: Api) -> None:
    assert PUBLIC_URL == "http://alerts.test"
    form = {"MessageSid": "SM" + "a" * 32, "MessageStatus": "sent"}
    assert (await api.webhook("/twilio/status/4242?a=b%20c&d=", form)).status_code == 204


def test_the_sdks_own_vector_holds() -> None:
    """Of the official SDK's tests and of Twilio's page on security: not a number of anybody."""
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
        "Caller": "+14158675309",
    }
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert webhooks.sign("12345", url, form.items()) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


@pytest.fixture
def second_token(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """While one token takes the place of the other, Twilio signs with either."""
    monkeypatch.setenv("TWILIO_AUTH_TOKEN_SECONDARY", "the next one")
    settings.cache_clear()
    yield "the next one"
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.anyio
async def test_two_tokens_are_good_while_they_change(api: Api, second_token: str) -> None:
    path, form = "/twilio/status/4242", {"MessageSid": "SM" + "a" * 32, "MessageStatus": "sent"}
    for token, status in ((TOKEN, 204), (second_token, 204), ("an old one", 403), ("", 403)):
        signature = RequestValidator(token).compute_signature(PUBLIC_URL + path, form)
        assert (await api.webhook(path, form, signature=signature)).status_code == status
        with_port = RequestValidator(token).compute_signature("http://alerts.test:80" + path, form)
        assert (await api.webhook(path, form, signature=with_port)).status_code == status


@pytest.mark.anyio
async def test_behind_a_proxy_the_address_is_the_public_one(api: Api) -> None:
    form = {"MessageSid": "SM" + "a" * 32, "MessageStatus": "sent"}
    signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + "/twilio/status/4242", form)
    headers = {
        "X-Twilio-Signature": signature,
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": "10.0.0.7:8000",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
    }
    answer = await api.client.post("/twilio/status/4242", content=urlencode(form), headers=headers)
    assert answer.status_code == 204


@pytest.mark.anyio
async def test_a_body_is_bounded(api: Api) -> None:
    form = {"MessageSid": "SM" + "a" * 32, "Body": "x" * webhooks.MOST_OCTETS}
    assert (await api.webhook("/twilio/inbound", form)).status_code == 413
    many = {f"f{n}": "" for n in range(webhooks.MOST_FIELDS + 1)}
    assert (await api.webhook("/twilio/inbound", many)).status_code == 403


VALUES = [
    "",
    "\x00",
    "0",
    "-1",
    "9" * 30,
    "é" * 500,
    "\u202eevil",
    "<script>",
    "SM" + "a" * 32,
    "delivered",
    "+1",
]


NAMES = [
    "MessageSid",
    "From",
    "To",
    "Body",
    "NumMedia",
    "MessageStatus",
    "ErrorCode",
    "OptOutType",
    "Account",
]


@pytest.mark.anyio
async def test_whatever_is_posted_nothing_breaks(api: Api) -> None:
    """A bounded fuzz: fields that are missing, mad, or sent twice; signed, as if Twilio were mad."""
    chance = random.Random(19)
    seen = Counter[int]()
    for _ in range(400):
        form = {name: chance.choice(VALUES) for name in NAMES if chance.random() < 0.7}
        path = chance.choice(["/twilio/inbound", f"/twilio/status/{chance.choice([0, 1, 2**63 - 1, 2**63])}"])
        answer = await api.webhook(path, form)
        seen[answer.status_code] += 1
        assert answer.status_code < 500, (path, form)
    assert seen[204] > 50
    assert seen[200] > 20
