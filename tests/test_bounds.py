"""Nobody fills our memory with one request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from html import unescape

import pytest

from alerts import bounds
from alerts.bounds import MOST_OCTETS
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from tests.api import Api
from tests.console.browser import FROM_A_FORM
from tests.story import inland_empire

pytestmark = pytest.mark.anyio
BROKE_OFF = (
    "What you sent stopped coming, and nothing of it was kept. Send it again where the signal is better."
)


async def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    answer = await api.client.post("/v1/lists", json={"name": "x" * MOST_OCTETS})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (
        await api.client.post("/v1/lists", content=b"", headers={"Content-Length": "-1"})
    ).status_code == 413


async def test_one_that_does_not_say_how_long_it_is_is_not_read_to_its_end(api: Api) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 20 * MOST_OCTETS:
            read += 100_000
            yield b"x" * 100_000

    answer = await api.client.post(
        "/v1/lists", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert read < 2 * MOST_OCTETS


class Endless:
    """A body without an end, and how much of it was read. After 20 MB there is no more all the same."""

    def __init__(self) -> None:
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.read < 20 * MOST_OCTETS:
            self.read += 100_000
            yield b"x" * 100_000


@pytest.mark.parametrize(
    "path", ["/v1/lists", "/v1/subscribers/import", "/v1/subscribers/imports/1/take-back"]
)
@pytest.mark.parametrize("kind", ["text/csv", "text/plain", "application/json"])
async def test_nothing_is_read_of_who_has_no_key(api: Api, path: str, kind: str) -> None:
    body = Endless()
    headers = {"Content-Type": kind, "Idempotency-Key": "x", "Authorization": "Bearer nobody"}
    answer = await api.client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_key")
    assert body.read == 0


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/v1/subscribers/import?lists=1", "text/plain"),
        ("/v1/subscribers/import?lists=1", "application/json"),
        ("/v1/subscribers/imports/1/take-back", "text/csv"),
        ("/v1/subscribers/imports", "text/csv"),
        ("/imports/new", "text/csv"),
    ],
)
async def test_only_a_file_may_be_large(api: Api, path: str, kind: str) -> None:
    body = Endless()
    headers = {"Content-Type": kind, "Idempotency-Key": "x"}
    answer = await api.client.post(path, content=body, headers=headers)
    assert answer.status_code in (303, 404, 405, 413, 422)
    assert body.read <= MOST_OCTETS + 100_000
    declared = headers | {"Content-Length": str(MOST_OCTETS + 1)}
    assert (await api.client.post(path, content=b"", headers=declared)).status_code == 413


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/welcome/x", "/join/1"])
async def test_forms_are_small(api: Api, path: str) -> None:
    answer = await api.client.post(
        path, data={"email": "x" * 30_000, "phone": "1" * 30_000}, headers=FROM_A_FORM
    )
    assert answer.status_code in (403, 404, 422)


class Silent:
    """A body of which nothing more comes after its beginning, for a while."""

    def __init__(self, begins: bytes) -> None:
        self.begins, self.heard = begins, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.begins
        await asyncio.sleep(5)
        self.heard = True


@pytest.mark.parametrize(
    ("path", "kind", "begins"),
    [
        ("/v1/lists", "application/json", b'{"name": '),
        ("/v1/subscribers/import?lists=1", "text/csv", b"phone\n"),
    ],
)
@pytest.mark.parametrize("once", [{}, {"Idempotency-Key": "once"}])
async def test_nobody_is_waited_for_who_says_nothing_more(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str, kind: str, begins: bytes, once: dict[str, str]
) -> None:
    monkeypatch.setattr(bounds, "MOST_SILENCE", 0.2)
    await api.post("/v1/lists", inland_empire())
    body = Silent(begins)
    answer = await api.client.post(path, content=body, headers={"Content-Type": kind} | once)
    assert (answer.status_code, answer.json()["code"]) == (408, "broke_off")
    assert not body.heard
    assert not (await api.get("/v1/subscribers/imports"))["items"]


async def test_a_form_that_stops_coming_is_told_so(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MOST_SILENCE", 0.2)
    headers = FROM_A_FORM | {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await api.client.post("/sign-in?language=so", content=Silent(b"email="), headers=headers)
    assert answer.status_code == 408
    assert tr(Language.SO, BROKE_OFF) in unescape(answer.text)
