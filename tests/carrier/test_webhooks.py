"""Our own quick signature is the SDK's, whatever Twilio may post."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from alerts.carrier import webhooks
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
