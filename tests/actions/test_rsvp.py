"""An answer by text belongs to the action of the newest alert that asked, and can be changed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from alerts.storage.engine import session_scope
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, alert, lobby_action
from tests.worker import Worker

pytestmark = pytest.mark.anyio


async def summary(api: Api, action: int) -> dict[str, object]:
    return dict(await api.get(f"/v1/actions/{action}/summary"))


async def test_answers_in_three_languages_are_counted_by_language(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    assert "Qué bien que vienes: Entrega en el lobby" in str(await api.text(MARIA, "SÍ"))
    assert "HAA" in str(await api.text(YASMIN, "maya"))
    assert "bringing 2" in str(await api.text(JAMES, "YES +2"))
    counted = await summary(api, 1)
    assert counted["answers"] == {"yes": 2, "no": 1, "maybe": 0, "guests": 2}
    assert counted["languages"] == {
        "en": {"yes": 1, "no": 0, "maybe": 0, "guests": 2},
        "es": {"yes": 1, "no": 0, "maybe": 0, "guests": 0},
        "so": {"yes": 0, "no": 1, "maybe": 0, "guests": 0},
    }


async def test_an_answer_can_be_changed(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    await api.text(JAMES, "YES +3")
    await api.text(JAMES, "NO")
    assert (await summary(api, 1))["answers"] == {"yes": 0, "no": 1, "maybe": 0, "guests": 0}
    [row] = (await api.get("/v1/actions/1/rsvps"))["items"]
    assert (row["answer"], row["guests"]) == ("no", 0)


async def ask_again(api: Api, inland: int, worker: Worker, **changes: Any) -> int:
    """Another action that everybody on the list is asked about."""
    second = await api.post("/v1/actions", lobby_action(**changes))
    asking = await api.post("/v1/alerts", alert(inland, second["id"]))
    await api.post(f"/v1/alerts/{asking['id']}/send", status=202)
    await worker.fan_out(asking["id"])
    return int(second["id"])


async def answers(api: Api, action: int) -> dict[str, int]:
    """Those that somebody gave."""
    counted = (await api.get(f"/v1/actions/{action}/summary"))["answers"]
    return {answer: people for answer, people in counted.items() if people}


async def test_the_newest_question_is_answered_where_the_one_before_was_put_long_ago(
    api: Api, called: int, inland: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    async with session_scope() as session:
        await session.execute(text("UPDATE deliveries SET claimed_at = claimed_at - interval '13 hours'"))
    second = await ask_again(api, inland, worker)
    silent = await api.post("/v1/alerts", alert(inland, 1, asks_rsvp=False))
    await api.post(f"/v1/alerts/{silent['id']}/send", status=202)
    await worker.fan_out(silent["id"])
    await api.text(JAMES, "yes")
    assert (await answers(api, 1), await answers(api, second)) == ({}, {"yes": 1})


async def test_between_two_questions_a_numbered_one_is_asked_and_the_number_answers(
    api: Api, called: int, inland: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    title = {"en": "Rally", "es": "Mitin", "so": "Isu soo bax"}
    second = await ask_again(api, inland, worker, title=title, kind="rally")
    asked = await api.text(MARIA, "si voy con 2")
    assert str(asked).startswith("Elige uno y responde con su cifra: 1 Mitin ")
    assert ", 2 Entrega en el lobby " in str(asked)
    assert (await answers(api, 1), await answers(api, second)) == ({}, {})
    assert "Entrega en el lobby" in str(await api.text(MARIA, "2"))
    assert (await answers(api, 1), await answers(api, second)) == ({"yes": 1, "guests": 2}, {})
    # The other is the only one left without an answer.
    assert "Mitin" in str(await api.text(MARIA, "sí"))
    assert await answers(api, second) == {"yes": 1}
    # A number with no question open is for a human.
    assert await api.text(MARIA, "2") == "Gracias. Una persona va a leer esto y te responde."


async def test_an_action_that_is_named_is_the_one_that_is_answered(
    api: Api, called: int, inland: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    title = {"en": "Rally", "es": "Mitin", "so": "Isu soo bax"}
    second = await ask_again(api, inland, worker, title=title, kind="rally")
    await api.text(JAMES, "yes to the lobby action")
    assert (await answers(api, 1), await answers(api, second)) == ({"yes": 1}, {})


async def test_an_answer_to_no_question_goes_to_a_person(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)  # written, but on nobody's phone yet
    assert await api.text(MARIA, "SI") == "Gracias. Una persona va a leer esto y te responde."
    assert (await summary(api, 1))["answers"] == {"yes": 0, "no": 0, "maybe": 0, "guests": 0}


async def test_an_answer_to_a_cancelled_action_goes_to_a_person(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    await api.post("/v1/actions/1/cancel", status=200)
    assert await api.text(MARIA, "SI") == "Gracias. Una persona va a leer esto y te responde."


async def test_cancel_is_what_the_carrier_makes_of_it_a_way_out(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    await api.text(JAMES, "CANCEL")
    who = await api.post("/v1/subscribers/find", {"phone": JAMES}, status=200)
    assert who["standing"] == "left"
