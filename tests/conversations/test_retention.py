"""What workers wrote is forgotten when the conversation is long over; how much they wrote is not."""

from __future__ import annotations

import pytest

from tests.api import Api
from tests.broadcasts.test_retention import ask, change, days_go_by
from tests.story import JAMES, MARIA, YASMIN, inland_empire

pytestmark = pytest.mark.anyio
QUESTION = "Where do we meet if it rains, can somebody tell me?"


async def _gone_at_the_carrier() -> None:
    await change("UPDATE replies SET at_carrier = false")


async def test_words_go_after_the_conversation_was_closed_and_counts_stay(api: Api, inland: int) -> None:
    await api.text(JAMES, QUESTION)
    [thread] = (await api.get("/v1/conversations"))["items"]
    path = f"/v1/conversations/{thread['id']}"
    await api.post(f"{path}/messages", {"text": "Inside."}, 202)
    await _gone_at_the_carrier()
    await days_go_by(59)
    await api.post(f"{path}/close", status=200)
    await days_go_by(59)
    assert len((await api.get(path))["texts"]) >= 2
    await days_go_by(2)
    await api.get(path, 404)
    assert await ask("SELECT count(*) FROM messages") == 0
    assert await ask("SELECT count(*) FROM replies") == 0
    assert await ask("SELECT sum(texts) FROM kept_replies") == 4  # three joined, one asked
    assert await ask("SELECT count(*) FROM subscribers WHERE standing = 'active'") == 3


async def test_an_open_conversation_keeps_its_words(api: Api, inland: int) -> None:
    await api.text(JAMES, QUESTION)
    await _gone_at_the_carrier()
    await days_go_by(200)
    [thread] = (await api.get("/v1/conversations"))["items"]
    assert QUESTION in str(await api.get(f"/v1/conversations/{thread['id']}"))


async def test_one_that_nobody_closes_closes_itself(api: Api, inland: int) -> None:
    await api.text(JAMES, QUESTION)
    [thread] = (await api.get("/v1/conversations"))["items"]
    await api.post(f"/v1/conversations/{thread['id']}/messages", {"text": "Inside."}, 202)
    await _gone_at_the_carrier()
    await days_go_by(61)
    assert (await api.get("/v1/conversations"))["items"][0]["state"] == "closed"
    await days_go_by(61)
    assert (await api.get("/v1/conversations"))["items"] == []


async def test_the_words_of_an_answer_go_and_its_proof_stays(api: Api, inland: int) -> None:
    before = await ask("SELECT count(*) FROM consent_events")
    await _gone_at_the_carrier()
    await days_go_by(61)
    assert await ask("SELECT count(*) FROM replies") == 0
    assert await ask("SELECT count(*) FROM consent_events WHERE words IS NOT NULL") == before == 3


async def test_whoever_never_confirmed_goes_after_a_week(api: Api) -> None:
    await api.post("/v1/lists", inland_empire(confirms=True))
    await api.text(MARIA, "UNETE")
    await api.text(YASMIN, "KU BIIR")
    await api.text(YASMIN, "HAA")
    await days_go_by(6)
    assert await ask("SELECT count(*) FROM subscribers") == 2
    await days_go_by(2)
    assert [row["standing"] for row in (await api.get("/v1/subscribers"))["items"]] == ["active"]
    assert (
        await ask(
            "SELECT count(*) FROM consent_events WHERE subscriber_id NOT IN (SELECT id FROM subscribers)"
        )
        == 0
    )
    assert await ask("SELECT count(*) FROM forgotten") == 0  # they may be asked again


async def test_a_stranger_who_asked_something_stays_until_somebody_answered(api: Api, inland: int) -> None:
    await api.text("+19095550177", QUESTION)
    await days_go_by(30)
    assert await ask("SELECT count(*) FROM subscribers") == 4
    [thread] = (await api.get("/v1/conversations"))["items"]
    await api.post(f"/v1/conversations/{thread['id']}/close", status=200)
    await days_go_by(1)
    assert await ask("SELECT count(*) FROM subscribers") == 3
