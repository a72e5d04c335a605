"""What no rule understands reaches the organizers, and their answer reaches the worker."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import engine, session_scope
from tests.api import Api
from tests.conftest import OUR_NUMBER
from tests.story import JAMES, MARIA, YASMIN
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio


async def inbox(api: Api, query: str = "") -> list[dict[str, Any]]:
    return list((await api.get(f"/v1/conversations{query}"))["items"])


async def test_a_question_becomes_a_conversation_with_its_language_and_a_masked_number(
    api: Api, trusted_api: Api, inland: int
) -> None:
    assert await inbox(api) == []  # joining is nothing for a human
    await api.text(MARIA, "¿a qué hora pasa el camión?")
    [one] = await inbox(api)
    assert (
        one.items()
        >= {
            "phone": "•••01",
            "language": "es",
            "standing": "active",
            "state": "open",
            "unread": 1,
            "taken_by": None,
        }.items()
    )
    thread = await api.get(f"/v1/conversations/{one['id']}")
    said = [(text["by"], text["text"]) for text in thread["texts"]]
    assert said[-2:] == [
        ("worker", "¿a qué hora pasa el camión?"),
        ("machine", "Gracias. Una persona va a leer esto y te responde."),
    ]
    assert (await trusted_api.get(f"/v1/conversations/{one['id']}"))["phone"] == MARIA


async def test_they_are_told_once_a_day_that_a_person_will_read_it(api: Api, inland: int) -> None:
    assert await api.text(JAMES, "is there a bus from the plant")
    assert await api.text(JAMES, "and can my cousin ride along") is None
    [one] = await inbox(api)
    assert one["unread"] == 2
    async with session_scope() as session:
        await session.execute(text("UPDATE threads SET promised_at = promised_at - interval '25 hours'"))
    assert await api.text(JAMES, "hello is anybody there")


async def test_an_organizers_answer_goes_out_and_the_thread_shows_how_far_it_came(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.text(YASMIN, "baska xaggee buu ka baxayaa")
    [one] = await inbox(api)
    now = await api.post(f"/v1/conversations/{one['id']}/messages", {"text": "Albaabka 3."}, status=202)
    assert (now["state"], now["unread"], now["taken_by"]) == ("waiting", 0, "test")
    await worker.fan_out(0)
    [text_] = sent(twilio)
    assert (text_.to, text_.sender, text_.body) == (YASMIN, OUR_NUMBER, "Albaabka 3.")
    last = (await api.get(f"/v1/conversations/{one['id']}"))["texts"][-1]
    assert last.items() >= {"by": "test", "text": "Albaabka 3.", "state": "accepted"}.items()
    await api.text(YASMIN, "mahadsanid walaal")
    [one] = await inbox(api, "?state=open")
    assert one["unread"] == 1


async def test_a_stranger_can_be_answered(api: Api, worker: Worker, twilio: SimulatorServer) -> None:
    await api.text(JAMES, "is this the workers center?")
    [one] = await inbox(api)
    assert one["standing"] == "pending"
    await api.post(f"/v1/conversations/{one['id']}/messages", {"text": "It is."}, status=202)
    await worker.fan_out(0)
    assert [text_.body for text_ in sent(twilio)] == ["It is."]


async def test_whoever_left_is_answered_by_nobody(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.text(JAMES, "who are you people anyway")
    [one] = await inbox(api)
    await api.post(f"/v1/conversations/{one['id']}/messages", {"text": "Hi"}, status=202)
    await api.text(JAMES, "STOP")  # after the answer was written, before it is sent
    await worker.fan_out(0)
    assert sent(twilio) == []
    path = f"/v1/conversations/{one['id']}/messages"
    assert (await api.post(path, {"text": "Hi"}, status=409))["code"] == "subscriber_left"


async def test_a_conversation_is_taken_closed_and_opened_by_the_next_text(api: Api, inland: int) -> None:
    await api.text(MARIA, "tengo una pregunta sobre mi cheque")
    [one] = await inbox(api)
    taken = await api.post(f"/v1/conversations/{one['id']}/take", {"name": "Marisol"}, status=200)
    assert (taken["taken_by"], taken["unread"]) == ("Marisol", 0)
    assert len(await inbox(api, "?taken_by=Marisol")) == 1
    closed = await api.post(f"/v1/conversations/{one['id']}/close", status=200)
    assert closed["state"] == "closed"
    assert await inbox(api, "?state=open") == []
    await api.text(MARIA, "AYUDA")  # answered by the machine: nothing for a human
    assert await inbox(api, "?state=open") == []
    await api.text(MARIA, "y otra cosa sobre el cheque")
    [one] = await inbox(api, "?state=open")
    assert one["taken_by"] == "Marisol"
    given_back = await api.post(f"/v1/conversations/{one['id']}/take", {"name": None}, status=200)
    assert given_back["taken_by"] is None


async def test_canned_answers_go_out_in_the_persons_language(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    text_ = {"en": "The bus leaves at 5.", "so": "Basku wuxuu baxaa 5."}
    canned = await api.post("/v1/canned-answers", {"name": "Bus", "text": text_})
    assert (await api.get("/v1/canned-answers"))["items"] == [canned]
    assert (await api.post("/v1/canned-answers", {"name": "Bus", "text": text_}, status=409))["code"] == (
        "canned_name_taken"
    )
    for phone in (YASMIN, MARIA):
        await api.text(phone, "bus bus bus?")
    somali, spanish = await inbox(api)
    await api.post(f"/v1/conversations/{somali['id']}/messages", {"canned": canned["id"]}, status=202)
    await worker.fan_out(0)
    assert [one.body for one in sent(twilio)] == ["Basku wuxuu baxaa 5."]
    path = f"/v1/conversations/{spanish['id']}/messages"
    problem = await api.post(path, {"canned": canned["id"]}, status=422)
    assert problem["code"] == "no_canned_text"
    assert (await api.client.delete(f"/v1/canned-answers/{canned['id']}")).status_code == 204
    await api.post(path, {"canned": canned["id"]}, status=404)


@pytest.mark.parametrize(
    ("body", "status"),
    [({}, 422), ({"text": " "}, 422), ({"text": "a", "canned": 1}, 422), ({"text": "x" * 1601}, 422)],
)
async def test_a_bad_answer_is_refused(api: Api, inland: int, body: dict[str, Any], status: int) -> None:
    await api.text(JAMES, "hello there friends, question")
    [one] = await inbox(api)
    await api.post(f"/v1/conversations/{one['id']}/messages", body, status=status)


async def test_what_is_no_conversation_is_not_found(api: Api, inland: int) -> None:
    for path in ("/v1/conversations/1", "/v1/conversations/99"):  # who only joined; who is nobody
        assert (await api.get(path, status=404))["code"] == "not_found"
    await api.post("/v1/conversations/1/messages", {"text": "Hi"}, status=404)
    await api.post("/v1/conversations/1/close", status=404)


async def test_the_inbox_is_read_page_by_page_those_that_waited_longest_first(api: Api, inland: int) -> None:
    for phone in (YASMIN, JAMES, MARIA):
        await api.text(phone, "a question for people, please")
    page = await api.get("/v1/conversations?limit=1")
    seen = [one["id"] for one in page["items"]]
    while page["next"]:
        page = await api.get(f"/v1/conversations?limit=1&after={page['next']}")
        seen += [one["id"] for one in page["items"]]
    assert len(seen) == 3
    assert [one["id"] for one in await inbox(api)] == seen
    assert (await api.get("/v1/conversations?after=soon", status=422))["code"] == "bad_cursor"


async def test_what_nobody_has_read_comes_first_page_by_page(api: Api, inland: int) -> None:
    for phone in (YASMIN, JAMES, MARIA):
        await api.text(phone, "a question for people, please")
    first, second, third = (one["id"] for one in await inbox(api))
    assert (await api.post(f"/v1/conversations/{first}/read", status=200))["unread"] == 0
    assert [one["id"] for one in await inbox(api)] == [second, third, first]
    page, seen = await api.get("/v1/conversations?limit=1"), []
    while page["items"]:
        seen += [one["id"] for one in page["items"]]
        if not page["next"]:
            break
        page = await api.get(f"/v1/conversations?limit=1&after={page['next']}")
    assert seen == [second, third, first]
    assert (await api.post(f"/v1/conversations/{first}/unread", status=200))["unread"] == 1
    assert [one["id"] for one in await inbox(api)] == [first, second, third]
    for cursor in ("read-1", "seen-1.0-1", "read-x-1", "unread-1e99-1"):
        assert (await api.get(f"/v1/conversations?after={cursor}", status=422))["code"] == "bad_cursor"


async def test_a_conversation_is_given_to_who_may_answer_only(api: Api, inland: int) -> None:
    await api.text(JAMES, "is there a bus from the plant")
    [one] = await inbox(api)
    path = f"/v1/conversations/{one['id']}"
    assert (await api.post(f"{path}/assign", {"organizer": 4}, status=409))["code"] == "cannot_look_after"
    viewer = await api.post("/v1/organizers", {"email": "v@example.org", "name": "V", "role": "viewer"})
    assert (await api.post(f"{path}/assign", {"organizer": viewer["id"]}, status=409))["code"] == (
        "cannot_look_after"
    )
    rosa = await api.post("/v1/organizers", {"email": "r@example.org", "name": "Rosa", "role": "organizer"})
    given = await api.post(f"{path}/assign", {"organizer": rosa["id"]}, status=200)
    assert (given["taken_by"], given["assigned_to"]) == ("Rosa", rosa["id"])
    await api.post(f"{path}/close", status=200)
    opened = await api.post(f"{path}/reopen", status=200)
    assert (opened["state"], opened["assigned_to"]) == ("open", rosa["id"])
    nobodys = await api.post(f"{path}/assign", {"organizer": None}, status=200)
    assert (nobodys["taken_by"], nobodys["assigned_to"]) == (None, None)


async def test_a_canned_answer_is_changed(api: Api) -> None:
    bus, rain = [
        await api.post("/v1/canned-answers", {"name": name, "text": {"en": "Yes."}})
        for name in ("Bus", "Rain")
    ]
    path = f"/v1/canned-answers/{rain['id']}"
    assert (await api.patch(path, {"name": "Bus"}, status=409))["code"] == "canned_name_taken"
    changed = await api.patch(path, {"text": {"es": "Si."}})
    assert changed == {**rain, "text": {"es": "Si."}}
    assert (await api.get("/v1/canned-answers"))["items"] == [bus, changed]


async def test_pictures_are_noted_and_never_fetched(api: Api, inland: int) -> None:
    media = {"NumMedia": "2", "MediaUrl0": "http://127.0.0.1:1/never", "MediaContentType0": "image/jpeg"}
    assert await api.text(MARIA, "", **media)
    [one] = await inbox(api)
    worker = (await api.get(f"/v1/conversations/{one['id']}"))["texts"][-2]
    assert (worker["by"], worker["text"], worker["media"]) == ("worker", "", 2)


async def test_a_doubtful_wish_is_told_the_one_word_way_out_and_kept_for_a_human(
    api: Api, inland: int
) -> None:
    assert "STOP" in str(await api.text(JAMES, "I'm done with this"))
    [one] = await inbox(api)
    assert one["standing"] == "active"


async def test_our_own_numbers_are_never_answered_and_nothing_is_kept(api: Api) -> None:
    assert await api.text(OUR_NUMBER, "JOIN") is None
    assert await api.text(MARIA, "JOIN", To=MARIA) is None
    assert (await api.get("/v1/subscribers"))["items"] == []


async def test_two_machines_that_answer_each_other_stop_after_a_few(api: Api, inland: int) -> None:
    answers = [await api.text(MARIA, "INFO") for _ in range(6)]
    assert [answer is not None for answer in answers] == [True] * 3 + [False] * 3


async def test_a_number_that_floods_is_answered_once_muted_and_can_still_leave(api: Api, inland: int) -> None:
    answers = [await api.text(MARIA, f"oferta numero {number}") for number in range(30)]
    assert [answer for answer in answers if answer] == [
        "Gracias. Una persona va a leer esto y te responde.",
        "Son muchos mensajes. Una persona los va a leer; en una hora te respondemos otra vez.",
    ]
    assert await api.text(MARIA, "ayuda") is None
    assert "ya no te mandamos mensajes" in str(await api.text(MARIA, "ALTO"))
    [one] = await inbox(api)
    assert (one["standing"], one["unread"]) == ("left", 30)


async def test_what_people_write_is_sealed_at_rest(api: Api, inland: int) -> None:
    await api.text(MARIA, "mi jefe se llama Sr. Gris, ayudenme por favor con esto")
    [one] = await inbox(api)
    await api.post(f"/v1/conversations/{one['id']}/messages", {"text": "Llamamos al Sr. Gris"}, status=202)
    async with engine().connect() as connection:
        tables = await connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        )
        for table in tables.all():
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()
            for row in rows:
                octets = b"".join(bytes(value) for value in row if isinstance(value, bytes | memoryview))
                assert b"Gris" not in octets
                assert "Gris" not in str([value for value in row if not isinstance(value, bytes)])
