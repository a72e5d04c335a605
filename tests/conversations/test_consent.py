"""Consent: asked for twice where a list wants that, proven, taken back, and forgotten."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import engine, session_scope
from alerts.subscribers.phones import mask
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, inland_empire
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio


async def subscriber_of(api: Api, phone: str) -> dict[str, Any]:
    return dict(await api.post("/v1/subscribers/find", {"phone": phone}, status=200))


async def kinds(api: Api, phone: str) -> list[str]:
    who = await subscriber_of(api, phone)
    return [event["kind"] for event in (await api.get(f"/v1/subscribers/{who['id']}/consent"))["items"]]


@pytest.fixture
async def careful(api: Api) -> int:
    """A list that asks for a yes first."""
    return int((await api.post("/v1/lists", inland_empire(confirms=True)))["id"])


@pytest.mark.parametrize(
    ("phone", "word", "question", "yes", "welcome"),
    [
        (JAMES, "JOIN", "answer YES to get our texts", "yes please", "you are on the list Inland Empire"),
        (MARIA, "UNETE", "responde SI para recibir", "Sí", "entraste a Inland Empire"),
        (YASMIN, "KU BIIR", "ku jawaab HAA", "haa", "waxaad ku jirtaa Inland Empire"),
        (JAMES, "JOIN", "answer YES", "START", "you are on the list"),
    ],
)
async def test_a_list_may_ask_for_a_yes_before_anything_is_sent(  # noqa: PLR0917 - the table's columns
    api: Api, careful: int, phone: str, word: str, question: str, yes: str, welcome: str
) -> None:
    asked = str(await api.text(phone, word))
    assert question in asked
    for must_name in ("Warehouse Workers Center", "HELP", "STOP"):
        assert must_name in asked
    who = await subscriber_of(api, phone)
    assert (who["standing"], who["lists"]) == ("pending", [])
    assert welcome in str(await api.text(phone, yes))
    who = await subscriber_of(api, phone)
    assert (who["standing"], who["lists"]) == ("active", [careful])
    assert await kinds(api, phone) == ["joined", "confirmed"]


async def test_whoever_does_not_confirm_gets_no_alert(
    api: Api, careful: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.text(JAMES, "JOIN")
    await api.text(MARIA, "UNETE")
    await api.text(MARIA, "si")
    draft = await api.post("/v1/alerts", {"audience": {"lists": [careful]}, "text": {"es": "Hola"}})
    await api.post(f"/v1/alerts/{draft['id']}/send", status=202)
    await worker.fan_out(draft["id"])
    assert [one.to for one in sent(twilio)] == [MARIA]


async def test_somebody_who_left_and_is_asked_to_confirm_is_still_left_alone_until_the_yes(
    api: Api, careful: int
) -> None:
    await api.text(JAMES, "JOIN")
    await api.text(JAMES, "yes")
    await api.text(JAMES, "STOP")
    await api.text(JAMES, "JOIN")
    assert (await subscriber_of(api, JAMES))["standing"] == "pending"
    await api.text(JAMES, "STOP")
    assert (await subscriber_of(api, JAMES))["standing"] == "left"
    assert await kinds(api, JAMES) == ["joined", "confirmed", "left", "joined", "left"]


async def test_a_stop_is_confirmed_once(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    assert await api.text(MARIA, "ALTO")
    assert await api.text(MARIA, "ALTO") is None
    assert await api.text(MARIA, "dejen de mandarme mensajes") is None
    assert await kinds(api, MARIA) == ["joined", "left"]


async def test_a_stranger_who_wants_no_texts_is_not_texted_by_a_later_import(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    assert "no more texts" in str(await api.text(JAMES, "STOP"))
    added = {"phone": JAMES, "language": "en", "lists": [1], "consent": "An old sheet"}
    assert (await api.post("/v1/subscribers", added, status=409))["code"] == "cannot_be_added"


@pytest.mark.parametrize(
    ("body", "opt_out_type", "standing"),
    [("salte de aqui", "STOP", "left"), ("hola", "HELP", "active"), ("otra vez", "START", "active")],
)
async def test_what_the_carrier_did_with_a_text_is_so_for_us(
    api: Api, body: str, opt_out_type: str, standing: str
) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    if opt_out_type == "START":
        await api.text(MARIA, "ALTO")
    assert await api.text(MARIA, body, OptOutType=opt_out_type) is None
    assert (await subscriber_of(api, MARIA))["standing"] == standing


async def test_whoever_was_unreachable_and_texts_us_is_reachable(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    async with session_scope() as session:
        await session.execute(text("UPDATE subscribers SET standing = 'unreachable'"))
    await api.text(MARIA, "hola")
    assert (await subscriber_of(api, MARIA))["standing"] == "active"


async def test_the_proof_of_consent_has_the_exact_words_the_time_the_list_and_the_channel(
    api: Api, trusted_api: Api
) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, " Únete!! ", sid="SM" + "7" * 32)
    await api.text(MARIA, "ya no me escriban")
    proof = await trusted_api.post("/v1/subscribers/proof", {"phone": MARIA}, status=200)
    assert (proof["phone"], proof["standing"], proof["language"]) == (MARIA, "left", "es")
    joined, left = proof["events"]
    assert (
        joined.items()
        >= {
            "kind": "joined",
            "words": " Únete!! ",
            "list_name": "Inland Empire",
            "channel": "text",
            "source": "SM" + "7" * 32,
        }.items()
    )
    assert joined["at"] <= left["at"]
    assert left["words"] == "ya no me escriban"


async def test_the_proof_needs_a_key_that_may_read_numbers(api: Api) -> None:
    problem = await api.post("/v1/subscribers/proof", {"phone": MARIA}, status=403)
    assert problem["code"] == "may_not_read_numbers"


@pytest.mark.parametrize(
    ("phone", "join", "wish", "question", "again", "last"),
    [
        (JAMES, "JOIN", "FORGET ME", "answer YES", "yes", "all we knew of you is erased"),
        (MARIA, "UNETE", "Bórrame", "responde SI", "si", "ya no queda nada tuyo"),
        (YASMIN, "KU BIIR", "I TIRTIR", "ku jawaab HAA", "haa", "waa la tirtiray"),
        (MARIA, "UNETE", "BORRAME", "responde SI", "borrame", "ya no queda nada tuyo"),
    ],
)
async def test_to_be_forgotten_takes_one_confirmation_and_leaves_a_digest(  # noqa: PLR0917 - the table's
    api: Api, phone: str, join: str, wish: str, question: str, again: str, last: str
) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(phone, join)
    who = await subscriber_of(api, phone)
    await api.text(phone, "my brother Ahmed works in building 4")
    assert question in str(await api.text(phone, wish))
    assert (await subscriber_of(api, phone))["standing"] == "left"  # whatever they answer
    sid = "SM" + "9" * 32
    assert last in str(await api.text(phone, again, sid=sid))
    await api.post("/v1/subscribers/find", {"phone": phone}, status=404)
    assert await _rows_of(who["id"]) == {}
    # The same MessageSid again: the same answer, and nobody is back.
    assert last in str(await api.text(phone, again, sid=sid))
    await api.post("/v1/subscribers/find", {"phone": phone}, status=404)
    added = {"phone": phone, "language": "en", "lists": [1], "consent": "An old sheet"}
    assert (await api.post("/v1/subscribers", added, status=409))["code"] == "cannot_be_added"
    # Their own word brings them back, as somebody new.
    await api.text(phone, join)
    back = await subscriber_of(api, phone)
    assert back["id"] != who["id"]
    assert (await api.post("/v1/subscribers", {**added, "language": "es"}))["standing"] == "active"


async def _rows_of(subscriber_id: int) -> dict[str, int]:
    """How many rows of each table are about a subscriber."""
    found = {}
    async with engine().connect() as connection:
        tables = await connection.scalars(
            text("SELECT table_name FROM information_schema.columns WHERE column_name = 'subscriber_id'")
        )
        for table in tables.all():
            count = text(f"SELECT count(*) FROM {table} WHERE subscriber_id = :id")
            found[table] = await connection.scalar(count, {"id": subscriber_id})
        found["subscribers"] = await connection.scalar(
            text("SELECT count(*) FROM subscribers WHERE id = :id"), {"id": subscriber_id}
        )
    return {table: count for table, count in found.items() if count}


async def test_no_octet_of_the_number_or_the_words_of_the_forgotten_is_left(api: Api) -> None:
    from alerts.storage.sealing import sealer

    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    sealed = sealer().seal_findable("subscribers.phone", MARIA)
    for body in ("tengo miedo", "BORRAME", "si"):
        await api.text(MARIA, body)
    async with engine().connect() as connection:
        tables = await connection.scalars(
            text("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        )
        for table in tables.all():
            rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()
            for row in rows:
                assert sealed not in [bytes(value) for value in row if isinstance(value, bytes | memoryview)]
                assert mask(MARIA)[-2:] not in [value for value in row if isinstance(value, str)]
        left = (await connection.execute(text("SELECT subscriber_id, body, intent FROM replies"))).all()
    assert [tuple(row) for row in left] == [(None, None, "confirm")]


async def test_whoever_does_not_confirm_to_be_forgotten_is_left_alone_and_kept(api: Api) -> None:
    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    await api.text(MARIA, "BORRAME")
    await api.text(MARIA, "no")
    assert (await subscriber_of(api, MARIA))["standing"] == "left"


async def test_the_proof_of_consent_of_others_stays_append_only(api: Api) -> None:
    from sqlalchemy.exc import DBAPIError

    await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    for statement in ("DELETE FROM consent_events", "UPDATE consent_events SET kind = 'left'"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with session_scope() as session:
                await session.execute(text(statement))
