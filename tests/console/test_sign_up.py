"""The public sign-up page: three languages, a text that asks for a yes, and nothing told about anybody."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest

from alerts.carrier.simulator.server import SimulatorServer
from alerts.conversations import signing_up
from tests.api import Api
from tests.story import JAMES, MARIA, inland_empire
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio


async def sign_up(api: Api, phone: str, language: str = "es") -> httpx.Response:
    return await api.client.post(
        f"/join/1?language={language}",
        content=urlencode({"phone": phone}),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )


@pytest.fixture
async def listed(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())


@pytest.mark.parametrize(
    ("language", "title", "button", "other_way"),
    [
        ("en", "Get our texts: Inland Empire", "Sign me up", "Or text JOIN to (909) 555-0100."),
        ("es", "Recibe nuestros avisos: Inland Empire", "Inscribirme", "O manda UNETE al (909) 555-0100."),
        (
            "so",
            "Hel fariimahayaga: Inland Empire",
            "I diiwaangeli",
            "Ama fariin KU BIIR u dir (909) 555-0100.",
        ),
    ],
)
async def test_the_page_is_there_in_three_languages_without_cookies_or_scripts(
    api: Api, listed: None, language: str, title: str, button: str, other_way: str
) -> None:
    page = await api.client.get(f"/join/1?language={language}")
    assert page.status_code == 200
    for must_be_there in (f'<html lang="{language}">', title, button, other_way, "STOP"):
        assert must_be_there in page.text
    assert "set-cookie" not in page.headers
    assert "<script" not in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


async def test_whoever_signs_up_is_asked_by_text_and_a_yes_puts_them_on_the_list(
    api: Api, trusted_api: Api, listed: None, worker: Worker, twilio: SimulatorServer
) -> None:
    page = await sign_up(api, "(909) 555-0101")
    assert page.status_code == 200
    assert "Te mandamos un mensaje." in page.text
    assert "0101" not in page.text + str(page.url)
    await worker.fan_out(0)
    [asked] = sent(twilio)
    assert asked.to == MARIA
    assert "responde SI para recibir avisos de Inland Empire" in asked.body
    assert (await api.get("/v1/subscribers"))["items"][0]["standing"] == "pending"
    assert "entraste a Inland Empire" in str(await api.text(MARIA, "si"))
    proof = await trusted_api.post("/v1/subscribers/proof", {"phone": MARIA}, status=200)
    assert [(one["kind"], one["channel"]) for one in proof["events"]] == [
        ("joined", "web"),
        ("confirmed", "text"),
    ]
    assert "te mandará avisos" in proof["events"][0]["words"]  # what they agreed to


@pytest.mark.parametrize("before", ["left", "forgotten", "on it", "asked"])
async def test_nobody_is_texted_who_must_not_be_and_the_page_does_not_tell(
    api: Api, listed: None, worker: Worker, twilio: SimulatorServer, before: str
) -> None:
    if before == "asked":
        await sign_up(api, JAMES)
        await worker.fan_out(0)
        twilio.simulator.carrier.forget_everything()
    else:
        await api.text(JAMES, "JOIN")
    for body in {"left": ["STOP"], "forgotten": ["FORGET ME", "FORGET ME"]}.get(before, []):
        await api.text(JAMES, body)
    same = await sign_up(api, JAMES)
    other = await sign_up(api, MARIA)
    assert same.text == other.text
    assert same.status_code == other.status_code == 200
    await worker.fan_out(0)
    assert [one.to for one in sent(twilio)] == [MARIA]


@pytest.mark.parametrize("phone", ["", "hello", "911", "+1 800 555 0101", "9" * 500, "9" * 5000, "\u202e"])
async def test_what_is_no_mobile_number_is_told_beside_the_form(api: Api, listed: None, phone: str) -> None:
    page = await sign_up(api, phone)
    assert page.status_code == 422
    assert "Ese no es un número de celular" in page.text
    assert "<form" in page.text
    assert (await api.get("/v1/subscribers"))["items"] == []


async def test_a_number_that_was_typed_wrongly_is_there_to_be_mended(api: Api, listed: None) -> None:
    assert ' value="909 555 01"' in (await sign_up(api, "909 555 01")).text
    assert ' value="&#34;&gt;' in (await sign_up(api, '"><script>')).text


async def test_a_list_that_does_not_exist_has_no_page(api: Api) -> None:
    assert (await api.client.get("/join/7")).status_code == 404
    assert (await sign_up(api, MARIA)).status_code == 404


async def test_too_many_sign_ups_from_one_place_are_refused_for_an_hour(
    api: Api, listed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_up, "MOST_FROM_ONE_PLACE", 2)
    assert [(await sign_up(api, f"909 555 010{digit}")).status_code for digit in range(1, 5)] == [
        200,
        200,
        429,
        429,
    ]
    assert len((await api.get("/v1/subscribers"))["items"]) == 2


async def test_without_redis_nobody_is_let_through(
    api: Api, listed: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from redis.asyncio import Redis

    monkeypatch.setattr(signing_up, "async_redis", lambda: Redis.from_url("unix:///nowhere"))
    assert (await sign_up(api, MARIA)).status_code == 429


async def test_redis_holds_no_address_and_no_number(api: Api, listed: None) -> None:
    from alerts.storage.redis import redis

    await sign_up(api, MARIA)
    keys = str(redis().keys("*"))
    assert "signups:" in keys
    assert "127.0.0.1" not in keys
    assert MARIA not in keys
