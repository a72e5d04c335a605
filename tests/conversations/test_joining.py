"""A worker texts a word and is subscribed, in the language of that word, and can leave."""

from __future__ import annotations

import pytest

from tests.api import Api, inbound_form
from tests.story import JAMES, MARIA, YASMIN, inland_empire

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("word", "language", "in_the_answer"),
    [
        ("JOIN", "en", "you are on the list Inland Empire"),
        ("join", "en", "you are on the list"),
        ("UNETE", "es", "entraste a Inland Empire"),
        ("Únete!", "es", "entraste a"),
        ("KU BIIR", "so", "waxaad ku jirtaa Inland Empire"),
        ("kubiir", "so", "waxaad ku jirtaa"),
        ("KU  BIIR.", "so", "waxaad ku jirtaa"),
    ],
)
async def test_a_join_word_subscribes_in_its_language(
    api: Api, word: str, language: str, in_the_answer: str
) -> None:
    made = await api.post("/v1/lists", inland_empire())
    answer = await api.text(MARIA, word)
    assert answer is not None
    assert in_the_answer in answer
    for must_name in ("Warehouse Workers Center", "HELP", "STOP"):
        assert must_name in answer
    [subscriber] = (await api.get("/v1/subscribers"))["items"]
    assert subscriber["language"] == language
    assert subscriber["lists"] == [made["id"]]
    assert subscriber["standing"] == "active"


async def test_the_same_message_sid_twice_changes_nothing_and_gets_the_same_answer(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    first = await api.text(MARIA, "UNETE", sid="SM" + "1" * 32)
    again = await api.text(MARIA, "UNETE", sid="SM" + "1" * 32)
    assert first == again
    [subscriber] = (await api.get("/v1/subscribers"))["items"]
    events = (await api.get(f"/v1/subscribers/{subscriber['id']}/consent"))["items"]
    assert [event["kind"] for event in events] == ["joined"]


async def test_joining_again_is_answered_as_such(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    assert await api.text(MARIA, "unete") == "Ya estabas en la lista Inland Empire. Para salir: STOP."


@pytest.mark.parametrize(
    "word",
    ["STOP", "ALTO", "JOOJI", "stop please", "ya no me manden mensajes", "iga saar liiska"],
)
async def test_a_way_out_in_any_language_is_answered_once_in_the_subscribers(api: Api, word: str) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(YASMIN, "KU BIIR")
    answer = await api.text(YASMIN, word)
    assert answer is not None
    assert answer.startswith("Warehouse Workers Center: fariimo dambe kuuma soo diri doono")
    [subscriber] = (await api.get("/v1/subscribers"))["items"]
    assert subscriber["standing"] == "left"
    events = (await api.get(f"/v1/subscribers/{subscriber['id']}/consent"))["items"]
    assert [event["kind"] for event in events] == ["joined", "left"]


@pytest.mark.parametrize(("word", "hint"), [("START", "ku soo dhawow"), ("KU BIIR", "waxaad ku jirtaa")])
async def test_whoever_left_comes_back_by_their_own_word(api: Api, word: str, hint: str) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(YASMIN, "KU BIIR")
    await api.text(YASMIN, "JOOJI")
    answer = await api.text(YASMIN, word)
    assert answer is not None
    assert hint in answer
    [subscriber] = (await api.get("/v1/subscribers"))["items"]
    assert subscriber["standing"] == "active"


@pytest.mark.parametrize(
    ("word", "hint"),
    [("HELP", "a person will read"), ("AYUDA", "te lee una persona"), ("CAAWIN", "qof baa akhrin")],
)
async def test_help_is_answered_even_to_strangers(api: Api, word: str, hint: str) -> None:
    answer = await api.text(JAMES, word)
    assert answer is not None
    assert hint in answer
    assert "STOP" in answer


async def test_a_stranger_is_told_how_to_join(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    answer = await api.text(JAMES, "hello?")
    assert answer == "Warehouse Workers Center: you are not on our list. To get our texts, answer JOIN."
    [stranger] = (await api.get("/v1/subscribers"))["items"]
    assert (stranger["standing"], stranger["lists"]) == ("pending", [])


async def test_a_question_is_kept_for_a_person(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    assert await api.text(MARIA, "van a dar comida?") == "Gracias. Una persona va a leer esto y te responde."


async def test_a_language_can_be_changed_by_text(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "JOIN")
    assert await api.text(MARIA, "Español") == "De ahora en adelante te escribimos en español."
    [subscriber] = (await api.get("/v1/subscribers"))["items"]
    assert subscriber["language"] == "es"


async def test_where_the_carrier_answered_already_we_do_not(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    assert await api.text(MARIA, "BAJA", OptOutType="STOP") is None
    [subscriber] = (await api.get("/v1/subscribers"))["items"]
    assert subscriber["standing"] == "left"


@pytest.mark.parametrize("signature", ["", "wrong", "x" * 28])
async def test_a_wrong_signature_is_refused_and_nothing_is_recorded(api: Api, signature: str) -> None:
    await api.post("/v1/lists", inland_empire())
    answer = await api.webhook("/twilio/inbound", inbound_form(MARIA, "UNETE"), signature)
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await api.get("/v1/subscribers"))["items"] == []


async def test_a_signature_for_other_words_is_refused(api: Api) -> None:
    form = inbound_form(MARIA, "UNETE")
    taken = (await api.webhook("/twilio/inbound", form)).request.headers["X-Twilio-Signature"]
    answer = await api.webhook("/twilio/inbound", {**form, "Body": "ALTO"}, taken)
    assert answer.status_code == 403


async def test_a_webhook_without_its_header_is_refused(api: Api) -> None:
    answer = await api.client.post("/twilio/inbound", content="From=%2B19095550101")
    assert answer.status_code == 403


async def test_a_huge_webhook_is_refused(api: Api) -> None:
    answer = await api.webhook("/twilio/inbound", inbound_form(MARIA, "x" * 70_000))
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body", ["", " ", "\x00", "💥" * 700, "<script>alert(1)</script>", "=1+1", "\u202e" * 100]
)
async def test_whatever_is_texted_is_answered(api: Api, body: str) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    assert await api.text(MARIA, body)
