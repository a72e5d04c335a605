"""What the release before wrote in the clear is shown as before, and sealed while the system runs."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from alerts.storage import unsealed
from alerts.storage.engine import driver_of, session_scope
from tests.api import Api
from tests.story import JAMES
from workers.clock import tick

pytestmark = pytest.mark.anyio
QUESTION = "Where do we meet if it rains, can somebody tell me?"
IN_THE_CLEAR = {
    "messages": "author <> ''",
    "threads": "taken_by IS NOT NULL",
    "imports": "source IS NOT NULL",
    "consent_events": "source IS NOT NULL",
}
# As the release before writes.
WRITTEN_BEFORE = """
    UPDATE messages SET author = 'Narwhal', signed = NULL;
    UPDATE threads SET taken_by = 'Narwhal', keeper = NULL WHERE subscriber_id = 3;
    INSERT INTO imports (lists, columns, day_first, rows, by, source)
    VALUES ('{1}', '{}', false, 1, 1, 'okapi');
    INSERT INTO consent_events (subscriber_id, kind, channel, language, source)
    SELECT 3, 'joined', 'import', 'en', 'okapi ' || n FROM generate_series(1, 5) AS n;
"""


@pytest.fixture
async def before(api: Api, inland: int) -> None:
    await api.text(JAMES, QUESTION)
    await api.post("/v1/conversations/3/messages", {"text": "Inside."}, 202)
    await _run(WRITTEN_BEFORE)


async def _run(statements: str) -> None:
    async with session_scope() as session:
        for one in statements.split(";\n"):
            if one.strip():
                await session.execute(text(one))


async def _clear() -> dict[str, int]:
    async with session_scope() as session:
        return {
            table: await session.scalar(text(f"SELECT count(*) FROM {table} WHERE {clear}")) or 0
            for table, clear in IN_THE_CLEAR.items()
        }


async def _shown(api: Api) -> list[Any]:
    talk = await api.get("/v1/conversations/3")
    events = (await api.get("/v1/subscribers/3/consent"))["items"]
    found = await api.get("/v1/conversations?taken_by=Narwhal")
    said = [one["by"] for one in talk["texts"]]
    return [talk["taken_by"], said, [one["source"] for one in events], len(found["items"])]


@pytest.mark.usefixtures("before")
async def test_it_is_sealed_some_at_a_time_and_shown_as_before(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unsealed, "AT_ONCE", 2)
    was = await _shown(api)
    assert was[0] == "Narwhal"
    assert "Narwhal" in was[1]
    assert was[2][-5:] == [f"okapi {n}" for n in range(1, 6)]
    assert was[3] == 1
    assert await _clear() == {"messages": 1, "threads": 1, "imports": 1, "consent_events": 5}
    await tick(0)
    assert (await _clear())["consent_events"] == 3
    for _ in range(3):
        await tick(1)
    assert set((await _clear()).values()) == {0}
    assert await _shown(api) == was


@pytest.mark.usefixtures("before")
async def test_what_came_late_is_found_an_hour_later(api: Api) -> None:
    await tick(0)
    await _run("UPDATE messages SET author = 'Ibex', signed = NULL")
    await tick(1)
    assert (await _clear())["messages"] == 1
    await tick(3600)
    assert (await _clear())["messages"] == 0
    assert "Ibex" in str(await api.get("/v1/conversations/3"))


@pytest.mark.usefixtures("before")
async def test_it_is_sealed_by_the_release_of_now_and_nothing_of_it_lies_in_the_clear(
    api: Api, postgres_url: str
) -> None:
    async with session_scope() as session:
        while await unsealed.seal_some(await driver_of(session), {}):
            pass
    await api.post("/v1/conversations/3/take", {"name": "Narwhal"}, 200)
    with psycopg.connect(postgres_url) as connection:
        for table in IN_THE_CLEAR:
            rows = connection.execute(f"SELECT t::text FROM {table} t".encode()).fetchall()
            assert rows, table
            assert not [row for (row,) in rows if "Narwhal" in row or "okapi" in row], table


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize(
    "change", ["source = 'other'", "origin = NULL, source = NULL", "kind = 'left'", "source = NULL"]
)
async def test_whoever_seals_can_change_nothing_else(api: Api, change: str) -> None:
    with pytest.raises(Exception, match="append-only"):
        await _run(f"SET LOCAL alerts.resealing = 'yes';\nUPDATE consent_events SET {change}")
