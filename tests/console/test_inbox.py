"""The inbox's pages: read, answered once, closed; what workers write is text and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerts.carrier.simulator.server import SimulatorServer
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import Browser, browser, invited
from tests.console.test_alerts import filled_in
from tests.story import MARIA
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
QUESTION = "¿a qué hora pasa el camión?"


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    """An organizer at a browser."""
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


async def asked(api: Api, ana: Browser, question: str = QUESTION) -> str:
    """The path of the conversation that a worker began."""
    await api.text(MARIA, question)
    [thread] = (await api.get("/v1/conversations"))["items"]
    path = f"/inbox/{thread['id']}"
    assert f'href="{path}"' in await ana.open("/inbox")
    return path


async def test_a_question_is_answered_in_their_language(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    thread = await asked(api, ana)
    page = await ana.open(thread)
    assert QUESTION in page
    assert "Reads Español" in page
    assert MARIA not in page
    fields = await filled_in(ana, thread) | {"text": "A las 6."}
    await ana.submit(f"{thread}/answer", fields, on=thread)
    twice = await ana.submit(f"{thread}/answer", fields, 409, on=thread)
    assert "Something was said in this conversation meanwhile" in twice.text
    assert ">A las 6.</textarea>" in twice.text
    await worker.fan_out(1)
    assert [(one.to, one.body) for one in sent(twilio)] == [(MARIA, "A las 6.")]
    assert "Nobody." in await ana.open("/inbox")
    assert thread in await ana.open("/inbox?state=waiting")


async def test_a_kept_answer_goes_out_in_their_language(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    canned = await api.post("/v1/canned-answers", {"name": "Bus", "text": {"en": "At 6.", "es": "A las 6."}})
    await api.post("/v1/canned-answers", {"name": "English only", "text": {"en": "No."}})
    thread = await asked(api, ana)
    page = await ana.open(thread)
    assert "Bus" in page
    assert "English only" not in page
    fields = await filled_in(ana, thread) | {"canned": str(canned["id"])}
    await ana.submit(f"{thread}/answer", fields, on=thread)
    await worker.fan_out(1)
    assert [one.body for one in sent(twilio)] == ["A las 6."]


@pytest.mark.parametrize("typed", ["", "   ", "a" * 1601])
async def test_an_empty_or_endless_answer_is_refused(api: Api, ana: Browser, inland: int, typed: str) -> None:
    thread = await asked(api, ana)
    answer = await ana.submit(
        f"{thread}/answer", await filled_in(ana, thread) | {"text": typed}, 422, on=thread
    )
    assert "Missing, or not possible: the text." in answer.text


async def test_taken_closed_and_left(api: Api, ana: Browser, inland: int) -> None:
    thread = await asked(api, ana)
    assert "1 not read" in await ana.open("/inbox")
    await ana.submit(f"{thread}/take", {}, on=thread)
    page = await ana.open("/inbox")
    assert "Marisol looks after it" in page
    assert "not read" not in page
    await ana.submit(f"{thread}/close", {}, on=thread)
    assert "Nobody." in await ana.open("/inbox")
    await api.text(MARIA, "STOP")
    page = await ana.open(thread)
    assert "This person wants no more texts" in page
    assert "<textarea" not in page
    await ana.open("/inbox/999", 404)


HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202egnp.exe",
    "😀" * 300,
    '"><img src=x onerror=y>',
]


@pytest.mark.parametrize("words", HOSTILE)
async def test_what_a_worker_texts_is_shown_as_text(api: Api, ana: Browser, inland: int, words: str) -> None:
    page = await ana.open(await asked(api, ana, f"{words} what is this please tell me"))
    assert "<script" not in page
    assert "<img" not in page
    assert 'dir="auto"' in page


async def test_whoever_may_read_numbers_sees_them_and_it_is_written_down(api: Api, inland: int) -> None:
    async with browser() as one:
        await one.settle_in(await invited("rosa@example.org", Role.ORGANIZER, may_read_numbers=True))
        assert MARIA in await one.open(await asked(api, one))
        items = (await api.get("/v1/audit"))["items"]
        assert any("number" in entry["noun"] or entry["what"] == "read" for entry in items)
