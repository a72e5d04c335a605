"""Whoever has a list of numbers and may not read ours must not learn who of them is subscribed."""

from __future__ import annotations

import asyncio

import pytest

from alerts.storage.engine import session_scope
from alerts.subscribers import finding
from alerts.team.actors import Actor, Role, scopes_of
from alerts.team.keys import create_api_key
from alerts.team.organizers import Facts, invite
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN

pytestmark = pytest.mark.anyio
NOBODYS = "+19095550199"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may not read numbers looks for three an hour."""
    monkeypatch.setattr(finding, "MOST_LOOKS", 3)


@pytest.fixture
async def two_keys(api: Api) -> list[str]:
    """Of one organizer."""
    async with session_scope() as session:
        who = (await invite(session, Facts("eva@example.org", "Eva", Role.ORGANIZER), None)).who
        scopes = scopes_of(who.role, may_read_numbers=False)
        by = Actor(who.id, who.id, "x", scopes)
        return [(await create_api_key(session, "one", scopes, by=by)).key for _ in range(2)]


async def look(api: Api, phone: str, **headers: str) -> tuple[int, str | None]:
    answer = await api.client.post("/v1/subscribers/find", json={"phone": phone}, headers=headers)
    return answer.status_code, answer.json().get("code")


async def trail(api: Api) -> list[tuple[str, int]]:
    return [(one["what"], one["number"]) for one in (await api.get("/v1/audit?noun=numbers"))["items"]]


async def test_a_look_for_nobody_stands_in_the_trail_too(api: Api, inland: int) -> None:
    assert await look(api, NOBODYS) == (404, "not_found")
    assert (await look(api, MARIA))[0] == 200
    assert await trail(api) == [("looked for", 0), ("looked for", 1)]


@pytest.mark.usefixtures("three", "inland")
async def test_nobody_looks_for_many_whatever_their_keys(api: Api, two_keys: list[str]) -> None:
    one, other = ({"Authorization": f"Bearer {key}"} for key in two_keys)
    for headers in (one, other, one):
        assert await look(api, NOBODYS, **headers) == (404, "not_found")
    for headers in (one, other):
        assert await look(api, MARIA, **headers) == (429, "too_many_looks")
    assert (await look(api, MARIA))[0] == 200  # somebody else
    assert ("looked for too often", 0) in await trail(api)


@pytest.mark.usefixtures("three", "inland")
async def test_many_at_once_are_counted_one_by_one(api: Api) -> None:
    answers = await asyncio.gather(*(look(api, NOBODYS) for _ in range(8)))
    assert sorted(status for status, _ in answers) == [404] * 3 + [429] * 5


@pytest.mark.usefixtures("three", "inland")
async def test_who_may_read_numbers_is_counted_and_not_stopped(trusted_api: Api) -> None:
    for _ in range(5):
        assert (await look(trusted_api, MARIA))[0] == 200
    assert len(await trail(trusted_api)) == 10  # looked for, and read


@pytest.mark.usefixtures("three", "inland")
async def test_with_an_idempotency_key_the_trace_of_a_refusal_stays_and_nothing_else(api: Api) -> None:
    for times in (1, 2):
        assert await look(api, NOBODYS, **{"Idempotency-Key": "x"}) == (404, "not_found")
        assert len(await trail(api)) == times


def person(phone: str) -> dict[str, object]:
    return {"phone": phone, "language": "es", "lists": [1], "consent": "the sheet at the gate"}


@pytest.mark.usefixtures("inland")
async def test_who_left_and_who_was_forgotten_are_told_apart_by_nobody_without_numbers(
    api: Api, trusted_api: Api
) -> None:
    await api.text(MARIA, "ALTO")
    await api.text(YASMIN, "I TIRTIR")
    await api.text(YASMIN, "HAA")
    answers = [await api.client.post("/v1/subscribers", json=person(one)) for one in (MARIA, YASMIN)]
    assert [one.json()["code"] for one in answers] == ["cannot_be_added"] * 2
    assert answers[0].content == answers[1].content
    assert await trail(api) == [("could not add", 1), ("could not add", 0)]
    for phone, code in ((MARIA, "subscriber_left"), (YASMIN, "subscriber_forgotten")):
        assert (await trusted_api.post("/v1/subscribers", person(phone), 409))["code"] == code
    assert len(await trail(api)) == 4


@pytest.mark.usefixtures("three", "inland")
async def test_adding_is_no_way_around(api: Api) -> None:
    await api.text(MARIA, "ALTO")
    for status in (409, 409, 409, 429):
        await api.post("/v1/subscribers", person(MARIA), status)
    assert await look(api, JAMES) == (429, "too_many_looks")


@pytest.mark.usefixtures("inland")
async def test_whom_one_added_who_was_here_already_stands_in_the_trail(api: Api) -> None:
    await api.post("/v1/subscribers", person(JAMES))
    await api.post("/v1/subscribers", person(NOBODYS))
    assert await trail(api) == [("added again", 3)]
