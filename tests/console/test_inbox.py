"""The inbox's pages: read, answered once, closed; what workers write is text and nothing else."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.settings import settings
from alerts.storage.engine import session_scope
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
    assert '<dd lang="es">Español</dd>' in page
    assert "<dd>Inland Empire</dd>" in page
    assert MARIA not in page
    fields = await filled_in(ana, thread) | {"text": "A las 6."}
    for _ in range(2):  # a double tap
        answer = await ana.submit(f"{thread}/answer", fields, on=thread)
        assert answer.headers["location"] == f"{thread}?sent=1#answer"
    page = await ana.open(f"{thread}?sent=1")
    assert page.index('id="answer"') < page.index("Your answer is on its way.") < page.index("<textarea")
    assert "></textarea>" in page
    assert "on its way" not in await ana.open(thread)
    await worker.fan_out(1)
    assert [(one.to, one.body) for one in sent(twilio)] == [(MARIA, "A las 6.")]
    assert "Nobody." in await ana.open("/inbox")
    assert thread in await ana.open("/inbox?show=answered")


async def test_nobody_answers_past_a_text_that_they_have_not_seen(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    thread = await asked(api, ana)
    fields = await filled_in(ana, thread) | {"text": "A las 6."}
    await api.text(MARIA, "o mejor dime dónde, por favor")
    refused = (await ana.submit(f"{thread}/answer", fields, 409, on=thread)).text
    assert ">A las 6.</textarea>" in refused
    trouble, way = refused.index("Something was said in this conversation"), refused.index('href="#text"')
    assert trouble < way < refused.index('<ol class="thread">') < refused.index('id="text"')
    again = await filled_in(ana, thread) | {"text": "A las 6."}
    await ana.submit(f"{thread}/answer", again, on=thread)
    await api.text(MARIA, "y hasta qué hora, por favor")
    await ana.submit(f"{thread}/answer", again, 409, on=thread)  # the last word is not ours any more
    again = await filled_in(ana, thread) | {"text": "A las 6."}
    await ana.submit(f"{thread}/answer", again, on=thread)  # the same words, and meant
    await worker.fan_out(2)
    assert [one.body for one in sent(twilio)] == ["A las 6."] * 2


async def test_the_same_words_of_another_organizer_are_no_double_tap(
    api: Api, ana: Browser, inland: int
) -> None:
    thread = await asked(api, ana)
    async with browser() as rosa:
        await rosa.settle_in(await invited("rosa@example.org", Role.ORGANIZER, name="Rosa"))
        fields = await filled_in(rosa, thread) | {"text": "A las 6."}
        await ana.submit(f"{thread}/answer", fields, on=thread)
        refused = await rosa.submit(f"{thread}/answer", fields, 409, on=thread)
        assert "Something was said in this conversation meanwhile" in refused.text


async def test_who_reads_the_whole_of_it_keeps_the_whole_of_it(api: Api, ana: Browser, inland: int) -> None:
    thread = await asked(api, ana)
    for number in range(31):
        await api.text(MARIA, f"otra pregunta, la número {number}, por favor")
    assert "Earlier texts" in await ana.open(thread)
    texts = await _news(ana, f"{thread}?whole=1")
    await api.text(MARIA, "y la última, por favor")
    assert QUESTION in await ana.open(texts)
    assert QUESTION not in await ana.open(texts.replace("whole=1", "whole=0"))


async def test_from_a_conversation_one_comes_to_the_person(api: Api, ana: Browser, inland: int) -> None:
    thread = await asked(api, ana)
    person = f"/subscribers/{thread.rsplit('/', 1)[1]}"
    assert f'href="{person}"' in await ana.open(thread)
    page = await ana.open(person)
    assert "Forget them" in page
    assert MARIA not in page


async def test_a_kept_answer_comes_into_the_box_with_one_tap(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.post("/v1/canned-answers", {"name": "Bus", "text": {"en": "At 6.", "es": "A las 6."}})
    await api.post("/v1/canned-answers", {"name": "English only", "text": {"en": "No."}})
    thread = await asked(api, ana)
    page = await ana.open(thread)
    [canned] = re.findall(r'name="canned" value="(\d+)"', page)
    assert "English only" not in page
    tapped = await ana.submit(f"{thread}/count", {"text": "", "canned": canned}, 200, on=thread)
    assert ">A las 6.</textarea>" in tapped.text
    assert "Message parts: 1, in GSM-7." in tapped.text
    fields = await filled_in(ana, thread) | {"text": "A las 6, en la clínica."}
    await ana.submit(f"{thread}/answer", fields, on=thread)
    await worker.fan_out(1)
    assert [one.body for one in sent(twilio)] == ["A las 6, en la clínica."]


async def test_an_answer_is_counted_before_it_goes_out(
    api: Api, ana: Browser, inland: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICE_PER_PART", "0.0113")
    settings.cache_clear()
    thread = await asked(api, ana)
    dear = {"text": "Sí, " * 30}
    page = (await ana.submit(f"{thread}/count", dear, 200, on=thread)).text
    assert "Message parts: 2, in UCS-2. That is about 0.03 USD. These letters make it dear: í" in page
    piece = await ana.submit(f"{thread}/count", dear, 200, on=thread, **{"HX-Request": "true"})
    assert piece.text.strip().startswith('<p id="takes"')
    empty = await ana.submit(f"{thread}/count", {"text": " "}, 422, on=thread)
    assert "There is nothing in it yet." in empty.text
    [one] = (await api.get("/v1/conversations"))["items"]
    measured = await api.post(f"/v1/conversations/{one['id']}/messages/measure", dear, status=200)
    assert (measured["parts"], measured["cheaper"]) == (2, {"í": "i"})
    assert measured["price"] == {"amount": "0.03", "currency": "USD"}
    monkeypatch.undo()
    settings.cache_clear()


async def test_the_alert_that_is_answered_stands_in_the_thread(
    api: Api, ana: Browser, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.fan_out(called)
    await api.text(MARIA, "si, voy con 2")
    thread = await asked(api, ana)
    page = await ana.open(thread)
    alert, question = page.index("¿Vienes? SI o NO"), page.index(QUESTION)
    assert alert < page.index("si, voy con 2") < question
    assert f'<a id="alert-{called}" href="/alerts/{called}">Alert {called}</a>' in page
    assert "Yes, guests: 2</dt>" in page
    said = (await api.get(f"/v1/conversations/{thread.rsplit('/', 1)[1]}"))["texts"]
    assert [(one["by"], one["alert"]) for one in said if one["alert"]] == [("alert", called)]
    assert said == sorted(said, key=lambda one: one["at"])


async def test_who_opens_it_has_read_it_and_can_leave_it_for_another(
    api: Api, ana: Browser, inland: int
) -> None:
    thread = await asked(api, ana)
    assert "1 not read" in await ana.open("/inbox")
    await ana.open(thread)
    assert "not read" not in await ana.open("/inbox")
    assert thread in await ana.open("/inbox")  # still somebody's turn
    await ana.submit(f"{thread}/unread", {}, on=thread)
    assert "1 not read" in await ana.open("/inbox")


async def test_a_conversation_is_given_to_somebody_and_it_is_written_down(
    api: Api, ana: Browser, inland: int
) -> None:
    thread = await asked(api, ana)
    await invited("rosa@example.org", Role.ORGANIZER)
    await invited("vera@example.org", Role.VIEWER)
    organizers = (await api.get("/v1/organizers"))["items"]
    marisol, rosa, vera = (one["id"] for one in organizers)
    assert thread not in await ana.open("/inbox?show=mine")
    await ana.submit(f"{thread}/take", {}, on=thread)
    assert thread in await ana.open("/inbox?show=mine")
    page = await ana.open(thread)
    assert f'<option value="{marisol}" selected>' in page
    assert f'<option value="{vera}"' not in page
    await ana.submit(f"{thread}/assign", {"organizer": str(rosa)}, on=thread)
    assert thread not in await ana.open("/inbox?show=mine")
    assert [
        one["assigned_to"] for one in (await api.get(f"/v1/conversations?assigned_to={rosa}"))["items"]
    ] == [rosa]
    refused = await ana.submit(f"{thread}/assign", {"organizer": str(vera)}, 409, on=thread)
    assert "This person may not answer." in refused.text
    await ana.submit(f"{thread}/assign", {"organizer": ""}, on=thread)
    entries = [one for one in (await api.get("/v1/audit"))["items"] if one["what"] == "assigned"]
    assert [(one["facts"]["before"], one["facts"]["to"]) for one in entries] == [
        (None, marisol),
        (marisol, rosa),
        (rosa, None),
    ]


async def test_what_is_new_comes_by_itself_and_keeps_nobody_signed_in(
    api: Api, ana: Browser, inland: int
) -> None:
    thread = await asked(api, ana)
    texts, lists = await _news(ana, thread), await _news(ana, "/inbox")
    for path in (texts, lists):
        await ana.open(path, 204)
    await _rest()
    before = await _seen_at()
    await api.text(MARIA, "y otra pregunta, por favor")
    piece = await ana.open(texts)
    assert "y otra pregunta" in piece
    assert "<html" not in piece
    assert 'name="moved"' in piece
    await ana.open(_asks(piece), 204)
    assert "y otra pregunta" in await ana.open(lists)
    assert await _seen_at() == before


async def _news(one: Browser, path: str) -> str:
    return _asks(await one.open(path))


def _asks(page: str) -> str:
    found = re.search(r'hx-get="([^"]+/news[^"]*)"', page)
    assert found
    return unescape(found[1])


async def _rest() -> None:
    """As if the organizer had not touched anything for a while."""
    async with session_scope() as session:
        await session.execute(text("UPDATE organizer_sessions SET seen_at = seen_at - interval '5 minutes'"))


async def _seen_at() -> object:
    async with session_scope() as session:
        return await session.scalar(text("SELECT max(seen_at) FROM organizer_sessions"))


async def test_closed_and_opened_again(api: Api, ana: Browser, inland: int) -> None:
    thread = await asked(api, ana)
    await ana.submit(f"{thread}/close", {}, on=thread)
    assert thread in await ana.open("/inbox?show=closed")
    assert "Open it again" in await ana.open(thread)
    await ana.submit(f"{thread}/reopen", {}, on=thread)
    assert thread in await ana.open("/inbox")
    assert thread in await ana.open("/inbox?show=all")


async def test_kept_answers_are_added_changed_and_removed(api: Api, ana: Browser, inland: int) -> None:
    texts = {"name": "Bus", "text-en": "At 6.", "text-so": "6da."}
    await ana.submit("/inbox/kept", texts, on="/inbox/kept")
    again = await ana.submit("/inbox/kept", texts, 409, on="/inbox/kept")
    assert "There is a kept answer with this name already." in again.text
    empty = await ana.submit("/inbox/kept", {"name": "Rain"}, 422, on="/inbox/kept")
    assert "Missing, or not possible: the text." in empty.text
    assert 'value="Rain"' in empty.text
    [one] = (await api.get("/v1/canned-answers"))["items"]
    path = f"/inbox/kept/{one['id']}"
    assert ">6da.</textarea>" in await ana.open(path)
    await ana.submit(path, texts | {"text-es": "A las 6.", "text-so": ""}, on=path)
    assert (await api.get("/v1/canned-answers"))["items"][0]["text"] == {"en": "At 6.", "es": "A las 6."}
    await ana.submit(f"{path}/remove", {}, 422, on=path)
    assert len((await api.get("/v1/canned-answers"))["items"]) == 1
    await ana.submit(f"{path}/remove", {"sure": "1"}, on=path)
    assert (await api.get("/v1/canned-answers"))["items"] == []


@pytest.mark.parametrize("typed", ["", "   ", "a" * 1601])
async def test_an_empty_or_endless_answer_is_refused(api: Api, ana: Browser, inland: int, typed: str) -> None:
    thread = await asked(api, ana)
    answer = await ana.submit(
        f"{thread}/answer", await filled_in(ana, thread) | {"text": typed}, 422, on=thread
    )
    assert "Missing, or not possible: the text." in answer.text
    assert '<li><a href="#text">the text</a></li>' in answer.text
    assert re.search(r'<textarea id="text"[^>]* aria-invalid="true"', answer.text)


async def test_taken_closed_and_left(api: Api, ana: Browser, inland: int) -> None:
    thread = await asked(api, ana)
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
    "😀" * 5_000,  # of 10,000 the webhook says that they are too many
    '"><img src=x onerror=y>',
]


@pytest.mark.parametrize("words", HOSTILE)
async def test_what_a_worker_texts_is_shown_as_text(api: Api, ana: Browser, inland: int, words: str) -> None:
    page = await ana.open(await asked(api, ana, f"{words} what is this please tell me"))
    assert "<script>" not in page
    assert all(found.startswith('src="/assets/') for found in page.split("<script ")[1:])
    assert "<img" not in page
    assert 'dir="auto"' in page


async def test_whoever_may_read_numbers_sees_them_and_it_is_written_down(api: Api, inland: int) -> None:
    async with browser() as one:
        await one.settle_in(await invited("rosa@example.org", Role.ORGANIZER, may_read_numbers=True))
        assert MARIA in await one.open(await asked(api, one))
        items = (await api.get("/v1/audit"))["items"]
        assert any("number" in entry["noun"] or entry["what"] == "read" for entry in items)
