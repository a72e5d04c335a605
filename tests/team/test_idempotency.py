"""A POST that is sent again with its Idempotency-Key is answered again and done once."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from alerts.storage.engine import engine, session_scope
from alerts.team.idempotency import forget_old_answers
from tests.api import Api
from tests.story import inland_empire

pytestmark = pytest.mark.anyio

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def post(
    api: Api, body: Any, key: str = KEY, path: str = "/v1/lists", **headers: str
) -> httpx.Response:
    return await api.client.post(path, json=body, headers={"Idempotency-Key": key, **headers})


async def test_the_same_request_again_gets_the_same_answer_and_is_done_once(api: Api) -> None:
    first = await post(api, inland_empire())
    again = await post(api, inland_empire())
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await api.get("/v1/lists"))["items"]) == 1


async def test_at_the_same_moment_too(api: Api) -> None:
    answers = await asyncio.gather(*(post(api, inland_empire()) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len((await api.get("/v1/lists"))["items"]) == 1


async def test_another_key_is_another_request(api: Api) -> None:
    await post(api, inland_empire())
    assert (await post(api, inland_empire(), "other")).json()["code"] == "list_name_taken"


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/lists", inland_empire(name="Other")), ("/v1/lists?x=1", inland_empire())]
)
async def test_a_key_for_another_request_is_refused(api: Api, path: str, body: Any) -> None:
    await post(api, inland_empire())
    answer = await post(api, body, path=path)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_request_that_failed_may_be_mended_and_sent_again_with_its_key(api: Api) -> None:
    assert (await post(api, inland_empire(timezone="Mars"))).status_code == 422
    assert (await post(api, inland_empire())).status_code == 201


@pytest.mark.parametrize("key", ["", " " * 3 + "\t", "x" * 256])
async def test_a_bad_key_is_refused(api: Api, key: str) -> None:
    answer = await post(api, inland_empire(), key)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


async def test_nobody_else_gets_an_answer_by_the_key(api: Api, trusted_api: Api) -> None:
    await post(api, inland_empire())
    other = await post(trusted_api, inland_empire(name="Other", join_words={"en": "GO"}))
    assert other.json()["id"] == 2
    stranger = await post(api, inland_empire(), Authorization="Bearer nobody")
    assert stranger.status_code == 401


async def test_an_answer_is_sealed_at_rest_and_forgotten_after_a_day(api: Api) -> None:
    await post(api, inland_empire())
    async with engine().connect() as connection:
        [answer] = (await connection.execute(text("SELECT answer FROM idempotency"))).scalars()
    assert b"Inland" not in bytes(answer)
    await forget_old_answers()
    assert (await post(api, inland_empire())).headers["Idempotency-Replayed"] == "true"
    async with session_scope() as session:
        await session.execute(text("UPDATE idempotency SET created_at = now() - interval '25 hours'"))
    await forget_old_answers()
    assert (await post(api, inland_empire())).json()["code"] == "list_name_taken"


async def test_sending_an_alert_twice_by_the_same_key_asks_the_workers_once(api: Api, inland: int) -> None:
    from alerts.storage.redis import queue

    draft = await api.post(
        "/v1/alerts", {"audience": {"lists": [inland]}, "text": dict.fromkeys(["en", "es", "so"], "Hi")}
    )
    path = f"/v1/alerts/{draft['id']}/send"
    for _ in range(2):
        assert (await post(api, None, path=path)).status_code == 202
    assert queue().count == 1
