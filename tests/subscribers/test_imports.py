"""A file of people is taken in, row by row, once; and can be taken back as a whole."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from sqlalchemy import text

from alerts.storage.engine import session_scope
from alerts.storage.redis import queue
from alerts.subscribers import imports, taking
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, inland_empire

pytestmark = pytest.mark.anyio
GIVEN = "&consent_source=Sheet at the gate&consent_date=2026-11-20&language=en"


async def send_file(api: Api, list_id: int, content: str, more: str = GIVEN, status: int = 202) -> Any:
    path = f"/v1/subscribers/import?lists={list_id}{more}"
    answer = await api.client.post(path, content=content.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == status, answer.text
    return answer.json()


async def finished(api: Api, number: int) -> Any:
    while await taking.stint():
        pass
    return await api.get(f"/v1/subscribers/imports/{number}")


async def taken(api: Api, list_id: int, content: str, more: str = GIVEN) -> Any:
    made = await send_file(api, list_id, content, more)
    return await finished(api, made["id"])


async def subscribers(api: Api) -> dict[str, dict[str, Any]]:
    """By number, as a key sees them that may read numbers."""
    return {one["phone"]: one for one in (await api.get("/v1/subscribers"))["items"]}


@pytest.fixture
async def list_id(api: Api) -> int:
    return int((await api.post("/v1/lists", inland_empire()))["id"])


async def test_people_are_taken_with_language_tags_and_proof(trusted_api: Api, list_id: int) -> None:
    file = "Teléfono;Idioma;Etiquetas;Fecha;Origen\n(909) 555-0101;Español;noche|chofer;20/11/2026;Hoja\n"
    made = await send_file(trusted_api, list_id, file, "")
    assert (made["state"], made["rows"], made["read"]) == ("waiting", 1, 0)
    done = await finished(trusted_api, made["id"])
    assert (done["state"], done["read"], done["taken"], done["refused"]) == ("done", 1, 1, {})
    [maria] = (await subscribers(trusted_api)).values()
    assert (maria["phone"], maria["language"], maria["standing"]) == (MARIA, "es", "active")
    assert (maria["tags"], maria["lists"]) == (["chofer", "noche"], [list_id])
    proof = await trusted_api.post("/v1/subscribers/proof", {"phone": MARIA}, status=200)
    [event] = proof["events"]
    assert (event["kind"], event["channel"], event["list"]) == ("joined", "import", list_id)
    assert event["source"] == f"Hoja, 2026-11-20 (import {made['id']})"


async def test_every_row_is_taken_or_refused_with_a_reason(api: Api, trusted_api: Api, list_id: int) -> None:
    await api.text(YASMIN, "KU BIIR")
    await api.text(YASMIN, "JOOJI")
    await api.text(JAMES, "JOIN")
    file = (
        f"name,phone\nMaria,{MARIA}\nAgain,909-555-0101\nYasmin,{YASMIN}\nJames,{JAMES}\nNobody,12\n=cmd,\n"
    )
    done = await taken(api, list_id, file)
    assert (done["rows"], done["read"], done["taken"]) == (6, 6, 2)
    assert done["refused"] == {"twice": 1, "left": 1, "bad_phone": 1, "no_phone": 1}
    people = await subscribers(trusted_api)
    assert {phone: one["standing"] for phone, one in people.items()} == {
        MARIA: "active",
        YASMIN: "left",
        JAMES: "active",
    }
    refused = await trusted_api.client.get(f"/v1/subscribers/imports/{done['id']}/refused")
    assert refused.headers["content-type"] == "text/csv; charset=utf-8"
    found = list(csv.DictReader(io.StringIO(refused.text.removeprefix("\ufeff"))))
    assert [(row["line"], row["reason"]) for row in found] == [
        ("3", "twice"),
        ("4", "left"),
        ("6", "bad_phone"),
        ("7", "no_phone"),
    ]
    assert found[1]["phone"] == "'" + YASMIN
    assert found[3]["column 1"] == "'=cmd"
    masked = (await api.client.get(f"/v1/subscribers/imports/{done['id']}/refused")).text
    assert YASMIN not in masked
    assert "•••02" in masked
    assert "cmd" not in masked


async def test_who_was_here_keeps_language_and_standing_and_gets_list_and_tags(
    api: Api, trusted_api: Api, list_id: int
) -> None:
    other = await api.post("/v1/lists", inland_empire(name="Other", join_words={"es": "OTRA"}))
    await api.text(MARIA, "OTRA")
    await taken(api, list_id, f"phone,language,tags\n{MARIA},en,night\n")
    [maria] = (await subscribers(trusted_api)).values()
    assert (maria["language"], maria["tags"]) == ("es", ["night"])
    assert sorted(maria["lists"]) == [list_id, other["id"]]


async def test_who_was_forgotten_is_not_known_again(api: Api, trusted_api: Api, list_id: int) -> None:
    await api.text(MARIA, "JOIN")
    await api.text(MARIA, "forget me")
    await api.text(MARIA, "yes")
    assert await subscribers(trusted_api) == {}
    done = await taken(api, list_id, f"phone\n{MARIA}\n{JAMES}\n")
    assert done["refused"] == {"forgotten": 1}
    assert list(await subscribers(trusted_api)) == [JAMES]


async def test_who_is_forgotten_is_forgotten_among_the_refused_rows_too(
    api: Api, trusted_api: Api, list_id: int
) -> None:
    await api.text(MARIA, "JOIN")
    done = await taken(
        api, list_id, f"name,phone,language\nMaria Luz,{MARIA},klingon\nJames,{JAMES},klingon\n"
    )
    assert done["refused"] == {"bad_language": 2}
    await api.text(MARIA, "forget me")
    await api.text(MARIA, "yes")
    path = f"/v1/subscribers/imports/{done['id']}/refused"
    assert "Luz" not in (await trusted_api.client.get(path)).text
    assert "James" in (await trusted_api.client.get(path)).text
    # And a row that comes later leaves nothing but its line.
    again = await taken(api, list_id, f"name,phone\nMaria Luz,{MARIA}\n")
    assert again["refused"] == {"forgotten": 1}
    later = await trusted_api.client.get(f"/v1/subscribers/imports/{again['id']}/refused")
    assert "Luz" not in later.text
    assert MARIA not in later.text


async def test_a_number_sealed_with_an_older_key_is_the_same_person(
    api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from alerts.settings import settings
    from alerts.storage.sealing import sealer

    await api.text(MARIA, "UNETE")
    old = settings().sealing_keys.get_secret_value()
    monkeypatch.setenv("SEALING_KEYS", "2:" + "YmFy" * 10 + "YmE=," + old)
    for cached in (settings, sealer):
        cached.cache_clear()
    try:
        done = await taken(api, list_id, f"phone\n{MARIA}\n")
        assert done["taken"] == 1
        assert len((await api.get("/v1/subscribers"))["items"]) == 1
    finally:
        monkeypatch.undo()
        for cached in (settings, sealer):
            cached.cache_clear()


async def test_doubles_far_apart_are_found(api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "ROWS_A_CHUNK", 2)
    done = await taken(api, list_id, f"phone\n{MARIA}\n{JAMES}\n{YASMIN}\n{MARIA}\n909\n")
    assert (done["read"], done["taken"], done["refused"]) == (5, 3, {"twice": 1, "bad_phone": 1})


async def test_a_worker_that_dies_in_between_loses_and_doubles_nothing(
    api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_A_CHUNK", 1)
    made = await send_file(api, list_id, f"phone\n{MARIA}\n{JAMES}\n12\n")
    take, calls = taking.take, 0

    async def dies(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        await take(*arguments)
        if calls % 2:
            raise RuntimeError("killed before the commit")

    monkeypatch.setattr(taking, "take", dies)
    for _ in range(10):
        try:
            if not await taking.stint():
                break
        except RuntimeError:
            continue
    done = await api.get(f"/v1/subscribers/imports/{made['id']}")
    assert (done["state"], done["read"], done["taken"], done["refused"]) == ("done", 3, 2, {"bad_phone": 1})
    async with session_scope() as session:
        assert await session.scalar(text("SELECT count(*) FROM consent_events")) == 2
        assert await session.scalar(text("SELECT count(*) FROM import_chunks")) == 0


async def test_an_import_is_taken_back_as_a_whole(api: Api, trusted_api: Api, list_id: int) -> None:
    other = await api.post("/v1/lists", inland_empire(name="Other", join_words={"en": "OTHER"}))
    await api.text(JAMES, "OTHER")
    james = (await subscribers(trusted_api))[JAMES]
    await api.patch(f"/v1/subscribers/{james['id']}", {"tags": ["picker"]})
    third = "+19095550104"
    file = f"phone,tags\n{MARIA},night\n{JAMES},night\n{YASMIN},\n{third},\n"
    done = await taken(api, list_id, file)
    await api.text(YASMIN, "stop")
    await api.text(third, "when does it start?")
    await api.post(f"/v1/subscribers/imports/{done['id']}/take-back", status=202)
    await api.post(f"/v1/subscribers/imports/{done['id']}/take-back", status=202)
    assert (await finished(api, done["id"]))["state"] == "taken back"
    people = await subscribers(trusted_api)
    assert MARIA not in people  # came with it, and did nothing since
    assert (people[JAMES]["lists"], people[JAMES]["tags"]) == ([other["id"]], ["picker"])
    assert people[YASMIN]["standing"] == "left"
    assert people[third]["lists"] == []
    assert all(list_id not in one["lists"] for one in people.values())
    async with session_scope() as session:
        kinds = (
            await session.scalars(text("SELECT kind FROM consent_events WHERE channel = 'import'"))
        ).all()
    assert sorted(kinds) == ["joined"] * 4 + ["taken back"] * 4


async def test_an_import_can_be_taken_back_before_it_is_done(
    api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "ROWS_A_CHUNK", 1)
    made = await send_file(api, list_id, f"phone\n{MARIA}\n{JAMES}\n")
    async with session_scope() as session:
        assert await taking._step(session)
    await api.post(f"/v1/subscribers/imports/{made['id']}/take-back", status=202)
    assert (await finished(api, made["id"]))["state"] == "taken back"
    assert (await api.get("/v1/subscribers"))["items"] == []


@pytest.mark.parametrize(
    ("content", "more", "code", "status"),
    [
        ("name,age\nMaria,30\n", GIVEN, "no_phone_column", 422),
        ("phone,mobile\n1,2\n", GIVEN, "column_twice", 422),
        ("phone\n", GIVEN, "nothing_in_it", 422),
        ("", GIVEN, "nothing_in_it", 422),
        ("phone\n1\n", "&lists=99", "not_found", 404),
        ("phone\n1\n", "&language=fr", "invalid", 422),
        ("phone\n1\n", "&consent_date=2999-01-01", "consent_to_come", 422),
    ],
)
async def test_a_file_that_cannot_be_taken_is_refused_at_once_and_nothing_stays(
    api: Api, list_id: int, content: str, more: str, code: str, status: int
) -> None:
    assert (await send_file(api, list_id, content, more, status))["code"] == code
    assert (await api.get("/v1/subscribers/imports"))["items"] == []


async def test_a_file_that_is_too_long_is_refused(
    api: Api, list_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "MOST_ROWS", 2)
    assert (await send_file(api, list_id, "phone\n1\n2\n3\n", GIVEN, 413))["code"] == "too_large"


async def test_sent_again_with_its_key_it_is_one_import(api: Api, list_id: int) -> None:
    path = f"/v1/subscribers/import?lists={list_id}{GIVEN}"
    headers = {"Content-Type": "text/csv", "Idempotency-Key": "a-file"}
    for replayed in (None, "true"):
        answer = await api.client.post(path, content=f"phone\n{MARIA}\n", headers=headers)
        assert answer.status_code == 202
        assert answer.headers.get("Idempotency-Replayed") == replayed
    assert len((await api.get("/v1/subscribers/imports"))["items"]) == 1


async def test_nothing_of_a_file_stands_open_anywhere(api: Api, list_id: int) -> None:
    await send_file(api, list_id, f"phone,name\n{MARIA},Maria Luz\n12345,Bad Row\n")
    for _ in range(2):
        async with session_scope() as session:
            for table in ("imports", "import_chunks", "import_refusals", "subscribers"):
                rows = (await session.execute(text(f"SELECT t::text FROM {table} t"))).scalars().all()
                assert not any("909555" in row or "Luz" in row or "Bad" in row for row in rows)
        assert [job.args for job in queue().get_jobs()] == [[]] or not queue().get_jobs()
        while await taking.stint():
            pass


async def test_refused_rows_are_erased_after_a_week_and_counted_for_ever(api: Api, list_id: int) -> None:
    done = await taken(api, list_id, "phone\n12\n")
    async with session_scope() as session:
        await session.execute(text("UPDATE imports SET finished_at = now() - interval '8 days'"))
        await imports.forget_old_refusals(session)
    refused = await api.client.get(f"/v1/subscribers/imports/{done['id']}/refused")
    assert len(refused.text.splitlines()) == 1
    assert (await api.get(f"/v1/subscribers/imports/{done['id']}"))["refused"] == {"bad_phone": 1}


async def test_subscribers_are_exported_for_a_key_that_may_read_numbers(
    api: Api, trusted_api: Api, list_id: int
) -> None:
    await taken(api, list_id, f"phone,tags\n{MARIA},=evil()\n{JAMES},\n")
    assert (await api.get("/v1/subscribers/export", status=403))["code"] == "may_not_read_numbers"
    answer = await trusted_api.client.get("/v1/subscribers/export")
    found = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [(row["phone"], row["lists"], row["tags"]) for row in found] == [
        ("'" + MARIA, "Inland Empire", "'=evil()"),
        ("'" + JAMES, "Inland Empire", ""),
    ]
    trail = (await api.get("/v1/audit?noun=numbers"))["items"]
    assert [(entry["what"], entry["facts"]) for entry in trail] == [("exported", {"people": 2})]
    # What was given out can come back.
    again = await taken(api, list_id, answer.text)
    assert again["refused"] == {}
    few = await trusted_api.client.get(f"/v1/subscribers/export?list={list_id}&language=so")
    assert len(few.text.splitlines()) == 1


async def test_who_left_one_house_does_not_come_to_the_next_by_its_export(
    api: Api, trusted_api: Api, list_id: int
) -> None:
    await api.text(MARIA, "UNETE")
    for word in ("KU BIIR", "JOOJI"):
        await api.text(YASMIN, word)
    await api.text(JAMES, "who is this?")
    exported = (await trusted_api.client.get("/v1/subscribers/export")).text
    async with session_scope() as session:  # the next house knows nobody
        await session.execute(text("DELETE FROM subscribers"))
    done = await taken(trusted_api, list_id, exported)
    assert (done["taken"], done["refused"]) == (1, {"left": 1, "pending": 1})
    assert {one["phone"]: one["standing"] for one in (await subscribers(trusted_api)).values()} == {
        MARIA: "active"
    }
    path = f"/v1/subscribers/imports/{done['id']}/refused"
    again = await taken(trusted_api, list_id, (await trusted_api.client.get(path)).text)
    assert (again["taken"], again["refused"]) == (0, {"left": 1, "pending": 1})


@pytest.mark.parametrize("order", [1, -1])
async def test_who_left_in_one_row_is_not_taken_for_another(api: Api, list_id: int, order: int) -> None:
    rows = [f"{MARIA},active\n", f"{MARIA},unsubscribed\n"][::order]
    done = await taken(api, list_id, "phone,status\n" + "".join(rows))
    assert (done["taken"], done["refused"]) == (0, {"left": 2})
