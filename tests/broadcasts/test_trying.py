"""Tests of an alert reach people who never asked for them: whom, how many, and who sent them is known."""

from __future__ import annotations

import asyncio

import pytest

from alerts.broadcasts import trying
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from alerts.team.actors import Actor, Role, scopes_of
from alerts.team.keys import create_api_key
from alerts.team.organizers import Facts, invite
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, alert
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
OWN, OTHER = "+19095550161", "+19095550162"


@pytest.fixture
async def test_of(api: Api, inland: int) -> str:
    """The path by which a draft is tried."""
    made = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
    return f"/v1/alerts/{made['id']}/test"


async def keys(api: Api, phone: str | None, many: int = 1) -> list[dict[str, str]]:
    """The headers of requests with keys of one organizer."""
    async with session_scope() as session:
        facts = Facts(f"{phone}@example.org", "Eva", Role.ORGANIZER, phone=phone)
        who = (await invite(session, facts, None)).who
        scopes = scopes_of(who.role, may_read_numbers=False)
        by = Actor(who.id, who.id, "x", scopes)
        made = [(await create_api_key(session, "one", scopes, by=by)).key for _ in range(many)]
    return [{"Authorization": f"Bearer {key}"} for key in made]


async def attempt(api: Api, path: str, headers: dict[str, str], phone: str | None = None) -> tuple[int, str]:
    body = {"languages": ["es"]} | ({"phone": phone} if phone else {})
    answer = await api.client.post(path, json=body, headers=headers)
    return answer.status_code, answer.json().get("code", "")


async def tested(api: Api) -> list[str]:
    entries = (await api.get("/v1/audit?noun=alert"))["items"]
    return [one["facts"]["phone"] for one in entries if one["what"] == "tested"]


async def test_a_test_goes_to_ones_own_number_unless_another_is_named(
    api: Api, test_of: str, worker: Worker, twilio: SimulatorServer
) -> None:
    [eva] = await keys(api, "(909) 555-0161")
    assert await attempt(api, test_of, eva) == (202, "")
    assert await attempt(api, test_of, eva, OTHER) == (202, "")
    await worker.fan_out(0)
    assert sorted(one.to for one in sent(twilio)) == [OWN, OTHER]
    assert await tested(api) == ["•••61", "•••62"]


@pytest.mark.parametrize("phone", [None, "12"])
async def test_without_a_number_there_is_none_to_text(api: Api, test_of: str, phone: str | None) -> None:
    [eva] = await keys(api, phone)
    assert await attempt(api, test_of, eva) == (422, "no_number_of_yours")
    answer = await api.client.post(test_of, json={})  # a key that is nobody's
    assert answer.json()["code"] == "no_number_of_yours"


async def test_a_person_has_so_many_tests_an_hour_with_all_their_keys(
    api: Api, test_of: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "MOST_TESTS", 3)
    one, other = await keys(api, OWN, 2)
    answers = await asyncio.gather(*(attempt(api, test_of, headers) for headers in (one, other) * 3))
    assert sorted(answers) == [(202, "")] * 3 + [(429, "too_many_tests")] * 3
    [somebody] = await keys(api, OTHER)
    assert await attempt(api, test_of, somebody) == (202, "")


async def test_nobody_who_left_or_was_forgotten_is_texted_and_that_it_was_tried_stays_known(
    api: Api, test_of: str, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.text(MARIA, "ALTO")
    await api.text(YASMIN, "I TIRTIR")
    await api.text(YASMIN, "HAA")
    people = (await api.get("/v1/subscribers"))["items"]
    answers = [await api.client.post(test_of, json={"phone": one}) for one in (MARIA, YASMIN)]
    assert [one.json()["code"] for one in answers] == ["wants_no_texts"] * 2
    assert answers[0].content == answers[1].content
    assert (await api.get("/v1/subscribers"))["items"] == people  # nobody came back
    entries = (await api.get("/v1/audit?noun=numbers"))["items"]
    assert [(one["what"], one["number"]) for one in entries] == [("could not test", 1), ("could not test", 0)]
    await worker.fan_out(0)
    assert not [one for one in sent(twilio) if one.to in (MARIA, YASMIN) and "PRUEBA" in one.body]
    assert await tested(api) == []


async def test_a_test_that_is_too_long_in_one_language_goes_out_in_none(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    text = {"en": "Hi", "es": "a" * 1_598}  # with the word for a test too long
    made = await api.post("/v1/alerts", alert(inland, None, text=text))
    assert (await api.client.post(f"/v1/alerts/{made['id']}/test", json={"phone": JAMES})).status_code == 422
    await worker.fan_out(0)
    assert sent(twilio) == []
