"""A POST that is sent again with its Idempotency-Key is answered again and done once."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from alerts.storage.engine import engine, session_scope
from alerts.team.idempotency import forget_old_answers
from alerts.team.models import Idempotency
from tests.api import Api
from tests.story import MARIA, inland_empire

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


FILE = "phone\n+19095550101\n+19095550102\n"
PLACES = "?lists={}&language=en&consent_source=sheet&consent_date=2026-01-01"


async def bring(api: Api, inland: int, file: str) -> httpx.Response:
    headers = {"Idempotency-Key": KEY, "Content-Type": "text/csv"}
    path = "/v1/subscribers/import" + PLACES.format(inland)
    return await api.client.post(path, content=file.encode(), headers=headers)


async def test_a_file_that_comes_again_is_taken_in_once(api: Api, inland: int) -> None:
    first, again = await bring(api, inland, FILE), await bring(api, inland, FILE)
    assert first.status_code == 202
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len((await api.get("/v1/subscribers/imports"))["items"]) == 1


async def test_another_file_of_the_same_length_is_not_the_same_request(api: Api, inland: int) -> None:
    await bring(api, inland, FILE)
    other = await bring(api, inland, FILE.replace("0102", "0103"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_what_was_asked_cannot_be_guessed_from_the_database(api: Api, inland: int) -> None:
    body, path = {"phone": MARIA}, "/v1/subscribers/find"
    sent = await post(api, body, f"find {MARIA}", path)
    async with engine().connect() as connection:
        [row] = (await connection.execute(text("SELECT * FROM idempotency"))).mappings()
    guess = hashlib.sha256(f"{path}?\n".encode() + sent.request.content).digest()
    everything = b" ".join(
        bytes(one) if isinstance(one, bytes) else str(one).encode() for one in row.values()
    )
    for secret in (guess, guess.hex().encode(), MARIA.encode(), hashlib.sha256(MARIA.encode()).digest()):
        assert secret not in everything


async def test_what_the_release_before_answered_is_answered_again(api: Api) -> None:
    first = await post(api, inland_empire())
    plain = hashlib.sha256(b"/v1/lists?\n" + first.request.content).digest()
    async with session_scope() as session:
        before = text("UPDATE idempotency SET key = :key, request = :request, asked = NULL")
        await session.execute(before, {"key": KEY, "request": plain})
    assert (await post(api, inland_empire())).headers["Idempotency-Replayed"] == "true"
    other = await post(api, inland_empire(name="Other"))
    assert other.json()["code"] == "idempotency_key_reused"


async def test_what_is_shown_once_is_not_kept_for_a_second_time(api: Api) -> None:
    rosa = {"email": "rosa@example.org", "name": "Rosa", "role": "organizer"}
    made = await post(api, rosa, "1", "/v1/organizers")
    again = f"/v1/organizers/{made.json()['id']}/invite"
    asked: list[tuple[str, str, Any]] = [("1", "/v1/organizers", rosa), ("2", again, None)]
    asked.append(("3", "/v1/keys", {"name": "spare", "scopes": ["read"]}))
    for key, path, body in asked[1:]:
        assert (await post(api, body, key, path)).is_success
    for key, path, body in asked:
        repeated = await post(api, body, key, path)
        assert (repeated.status_code, repeated.json()["code"]) == (409, "shown_once")
    assert len((await api.get("/v1/keys"))["items"]) == 2
    async with session_scope() as session:
        kept = (
            await session.scalars(select(Idempotency.answer).where(Idempotency.status.is_not(None)))
        ).all()
    assert kept == [None] * 3


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
