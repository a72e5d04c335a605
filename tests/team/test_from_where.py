"""Where a request comes from: what our own proxies say, and never what whoever asks has made up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import Request

from alerts.settings import settings
from alerts.team.access import address_of, network_of
from tests.api import Api
from tests.console.browser import Browser, browser, invited

ROUTER = "10.9.8.7"


def asked(*forwarded: str, peer: str = ROUTER) -> Request:
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    return Request({"type": "http", "headers": headers, "client": (peer, 1)})


@pytest.fixture
def one_proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TRUSTED_PROXIES", "1")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        ("0", ["203.0.113.66"], ROUTER),  # uvicorn has looked already
        ("1", ["192.0.2.1"], "192.0.2.1"),
        ("1", ["203.0.113.66, 192.0.2.1"], "192.0.2.1"),
        ("1", ["203.0.113.66", "192.0.2.1"], "192.0.2.1"),
        ("2", ["203.0.113.66, 192.0.2.1, 198.51.100.7"], "192.0.2.1"),
        ("2", ["203.0.113.66,192.0.2.1", "198.51.100.7"], "192.0.2.1"),
        ("2", ["192.0.2.1"], ROUTER),  # it did not come through both
        ("1", [], ROUTER),
        ("1", ["203.0.113.66, 192.0.2.1:49152"], "192.0.2.1"),
        ("1", ["[2001:db8::1]:49152"], "2001:db8::1"),
        ("1", ["2001:db8::1"], "2001:db8::1"),
    ],
)
def test_it_is_what_the_outermost_of_our_proxies_saw(
    proxies: str, forwarded: list[str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "alerts.team.access.settings",
        lambda: settings().model_copy(update={"trusted_proxies": int(proxies)}),
    )
    assert address_of(asked(*forwarded)) == address


@pytest.mark.usefixtures("one_proxy")
def test_what_is_no_address_is_no_network() -> None:
    assert network_of(asked("203.0.113.66, _hidden")) == "unknown"
    assert network_of(asked("192.0.2.1")) == "192.0.2.0/24"


@pytest.mark.anyio
@pytest.mark.usefixtures("one_proxy")
async def test_whoever_makes_up_where_they_come_from_waits_all_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.team.guessing.FREE_OF_A_NETWORK", 3)
    async with browser() as one:
        for number in range(4):  # as the router passes it on: what came, and whom it speaks with
            await _guess(one, f"198.51.{number}.1, 192.0.2.1", 401 if number < 3 else 429)
        await _guess(one, "198.51.9.1, 192.0.3.1", 401)


async def _guess(one: Browser, forwarded: str, status: int) -> None:
    form = {"email": f"nobody{status}{forwarded[7:9]}@example.org", "password": "x"}
    await one.submit("/sign-in", form, status, **{"X-Forwarded-For": forwarded})


@pytest.mark.anyio
@pytest.mark.usefixtures("one_proxy")
async def test_the_account_shows_the_network_that_the_proxy_saw(api: Api) -> None:
    async with browser() as one:
        one.client.headers["X-Forwarded-For"] = "203.0.113.66, 192.0.2.1"
        await one.settle_in(await invited("ana@example.org"))
        page = await one.open("/account")
    assert "192.0.2.0/24" in page
    assert "203.0.113" not in page
