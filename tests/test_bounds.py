"""Nobody fills our memory with one request."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerts.bounds import MOST_OCTETS
from tests.api import Api
from tests.console.browser import FROM_A_FORM

pytestmark = pytest.mark.anyio


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
    assert answer.status_code in (400, 422, 499, 500)
    assert answer.status_code != 500


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/welcome/x", "/join/1"])
async def test_forms_are_small(api: Api, path: str) -> None:
    answer = await api.client.post(
        path, data={"email": "x" * 30_000, "phone": "1" * 30_000}, headers=FROM_A_FORM
    )
    assert answer.status_code in (403, 404, 422)
