"""Deliveries in a partition a month: nothing of a live alert is dropped, and reports stay as they are."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from alerts.broadcasts.months import LAST, Month, begin_month, drop_month, empty_rest, months, take_stock
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.letters import someone, write
from tests.broadcasts.test_retention import PLAIN_TEXT, change, days_go_by
from tests.story import JAMES, MARIA, YASMIN, alert
from tests.worker import Worker

pytestmark = pytest.mark.anyio
SOON, LATER = date(2099, 1, 15), date(2099, 2, 15)


@pytest.fixture(autouse=True)
async def one_month(whole: None) -> None:
    """As a new database has it."""


async def there_are() -> list[Month]:
    async with session_scope() as session:
        return await months(session)


async def where(alert_id: int) -> set[str]:
    async with session_scope() as session:
        query = text("SELECT DISTINCT tableoid::regclass::text FROM deliveries WHERE alert_id = :id")
        return set(await session.scalars(query, {"id": alert_id}))


async def sent(api: Api, worker: Worker, list_id: int, action_id: int | None = None) -> int:
    made = await api.post("/v1/alerts", alert(list_id, action_id, text=PLAIN_TEXT, asks_rsvp=False))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    await worker.tick()
    return int(made["id"])


async def test_alerts_of_a_month_stand_together(api: Api, inland: int, worker: Worker) -> None:
    old = await sent(api, worker, inland)
    draft = (await api.post("/v1/alerts", alert(inland, None, text=PLAIN_TEXT)))["id"]
    assert await begin_month(SOON) == "deliveries_2099_01"
    assert await there_are() == [
        Month("deliveries_2026_11", 0, draft + 1),
        Month("deliveries_2099_01", draft + 1, LAST),
    ]
    new = await sent(api, worker, inland)
    await api.post(f"/v1/alerts/{draft}/send", status=202)
    await worker.fan_out(draft)
    assert await where(old) == await where(draft) == {"deliveries_2026_11"}
    assert await where(new) == {"deliveries_2099_01"}
    for one in (old, draft, new):
        assert (await api.get(f"/v1/alerts/{one}/report"))["people"] == 3


async def test_a_month_begins_once(api: Api, inland: int, worker: Worker) -> None:
    await sent(api, worker, inland)
    done = await asyncio.gather(*(begin_month(SOON) for _ in range(4)))
    assert sorted(map(str, done)) == ["None", "None", "None", "deliveries_2099_01"]
    assert await begin_month(SOON) is None
    assert await begin_month(date(2027, 1, 1)) is None  # a clock that is slow changes nothing


async def test_a_month_of_nothing_leaves_no_partition(database: None) -> None:
    assert await begin_month(SOON) == "deliveries_2099_01"
    assert await begin_month(LATER) == "deliveries_2099_02"
    assert await there_are() == [Month("deliveries_2099_02", 0, LAST)]


async def test_not_in_the_middle_of_a_send_on_the_first_day(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    assert await begin_month(date(2099, 1, 1)) is None
    assert await begin_month(date(2099, 1, 2)) == "deliveries_2099_01"
    await worker.fan_out(called)
    assert (await api.get(f"/v1/alerts/{called}/report"))["states"].get("waiting", 0) == 0


async def test_nor_while_somebody_writes(api: Api, inland: int, worker: Worker) -> None:
    await sent(api, worker, inland)
    async with session_scope() as busy:
        await busy.execute(text("UPDATE deliveries SET changed_at = now()"))
        assert await begin_month(SOON) is None
        assert len(await there_are()) == 1
    assert await begin_month(SOON) == "deliveries_2099_01"


async def test_texts_on_their_way_are_settled_across_months(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    assert await begin_month(SOON) == "deliveries_2099_01"
    await worker.fan_out(called)
    states = (await api.get(f"/v1/alerts/{called}/report"))["states"]
    assert sum(states[one] for one in ("accepted", "sent", "delivered")) == 3


async def test_a_month_that_names_nobody_goes_and_every_report_says_the_same(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    await worker.tick()
    await api.text(MARIA, "si, 2")
    await api.text(JAMES, "no")
    await api.text(YASMIN, "JOOJI")
    later = await sent(api, worker, 1, 1)
    await write(await someone(api, MARIA))
    await worker.fan_out(0)
    await worker.tick()
    assert await begin_month(SOON) == "deliveries_2099_01"

    async def everything() -> list[Any]:
        return [
            await api.get(path)
            for one in (called, later)
            for path in (f"/v1/alerts/{one}/report", f"/v1/alerts/{one}/report/whole", "/v1/actions/1/report")
        ]

    assert await drop_month() is None  # it names people still
    await days_go_by(40)
    assert len(await there_are()) == 2  # a letter's copy is at the carrier still
    before = await everything()
    await change("UPDATE alerts SET copies_erased_at = now() WHERE to_subscriber IS NOT NULL")
    await days_go_by(0)
    assert [month.name for month in await there_are()] == ["deliveries_2099_01"]
    assert await everything() == before
    assert await where(called) == set()
    assert (await api.get(f"/v1/alerts/{called}/deliveries"))["items"] == []
    assert await drop_month() is None


async def test_an_old_draft_is_sent_after_its_month_is_gone(api: Api, inland: int, worker: Worker) -> None:
    await sent(api, worker, inland)
    draft = (await api.post("/v1/alerts", alert(inland, None, text=PLAIN_TEXT)))["id"]
    await begin_month(SOON)
    await days_go_by(40)
    assert [month.name for month in await there_are()] == ["deliveries_2099_01"]
    await api.post(f"/v1/alerts/{draft}/send", status=202)
    await worker.fan_out(draft)
    assert await where(draft) == {"deliveries_rest"}
    reported = await api.get(f"/v1/alerts/{draft}/report/whole")
    assert reported["people"] == 3
    assert await begin_month(LATER) == "deliveries_2099_02"
    assert await empty_rest() is None  # it names people still
    await days_go_by(40)
    assert await where(draft) == set()
    assert await api.get(f"/v1/alerts/{draft}/report/whole") == reported
    [told] = [
        one
        for one in (await api.get("/v1/audit"))["items"]
        if one["number"] == draft and one["what"] == "dropped"
    ]
    assert told["facts"] == {"month": "deliveries_rest"}


async def test_a_callback_for_what_is_gone_is_told_and_harms_nothing(
    api: Api, inland: int, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    from alerts.broadcasts.callbacks import Callback, record_callbacks
    from alerts.broadcasts.states import DeliveryState

    one = await sent(api, worker, inland)
    [gone, *_] = (await api.get(f"/v1/alerts/{one}/deliveries"))["items"]
    await begin_month(SOON)
    await days_go_by(40)
    assert await where(one) == set()
    async with session_scope() as session:
        callback = Callback(gone["id"], "SM" + "0" * 32, DeliveryState.DELIVERED, None)
        await record_callbacks(session, [callback])
    assert "no such delivery" in caplog.text


ONE = "WHERE id = (SELECT min(id) FROM deliveries)"
LIVES = {
    "a delivery that names somebody": f"UPDATE deliveries SET subscriber_id = 1 {ONE}",
    "one that waits": f"UPDATE deliveries SET state = 'waiting' {ONE}",
    "one that nobody knows about": f"UPDATE deliveries SET state = 'unknown' {ONE}",
    "an alert that was not forgotten": "UPDATE alerts SET unlinked_at = NULL",
}


@pytest.mark.parametrize("why", LIVES)
async def test_nothing_that_lives_is_dropped(api: Api, inland: int, worker: Worker, why: str) -> None:
    one = await sent(api, worker, inland)
    await days_go_by(40)
    await begin_month(SOON)
    await change(LIVES[why])
    assert await drop_month() is None
    assert await where(one) == {"deliveries_2026_11"}


async def test_what_waited_of_an_alert_that_stayed_paused_is_withdrawn_before_it_goes(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.prepare(called)
    await api.post(f"/v1/alerts/{called}/pause", status=200)
    await begin_month(SOON)
    await days_go_by(100)  # cancelled, and its people forgotten
    assert await where(called) == {"deliveries_2026_11"}
    await worker.tick()
    assert await drop_month() == "deliveries_2026_11"
    whole = await api.get(f"/v1/alerts/{called}/report/whole")
    assert {state: people for state, people in whole["states"].items() if people} == {"cancelled": 3}


async def test_a_month_that_goes_leaves_no_text_at_the_carrier_and_is_audited(
    api: Api, inland: int, worker: Worker
) -> None:
    await sent(api, worker, inland)
    await days_go_by(40)
    await begin_month(SOON)
    await change(f"UPDATE deliveries SET message_sid = 'SMlate' {ONE}")
    assert await drop_month() == "deliveries_2026_11"
    async with session_scope() as session:
        listed = await session.scalars(text("SELECT message_sid FROM copies WHERE message_sid = 'SMlate'"))
        assert listed.all() == ["SMlate"]
    entries = (await api.get("/v1/audit"))["items"]
    assert [one["facts"] for one in entries if one["what"] == "dropped"] == [{"month": "deliveries_2026_11"}]


@pytest.mark.parametrize("why", LIVES)
async def test_nothing_that_lives_is_taken_from_the_rest(
    api: Api, inland: int, worker: Worker, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = (await api.post("/v1/alerts", alert(inland, None, text=PLAIN_TEXT)))["id"]
    await sent(api, worker, inland)
    await begin_month(SOON)
    await days_go_by(40)
    await api.post(f"/v1/alerts/{draft}/send", status=202)
    await worker.fan_out(draft)
    await worker.tick()
    from alerts.broadcasts import months as room

    monkeypatch.setattr(room, "_REST_OVER", text("SELECT NULL"))
    await days_go_by(40)
    monkeypatch.undo()
    await change(LIVES[why])
    assert await empty_rest() is None
    assert await where(draft) == {"deliveries_rest"}


async def test_postgresql_looks_at_all_months_together_once_a_day(
    api: Api, inland: int, worker: Worker
) -> None:
    await sent(api, worker, inland)
    await begin_month(SOON)
    await change("SELECT pg_stat_reset_single_table_counters('deliveries'::regclass)")  # as if never
    async with session_scope() as busy:
        await busy.execute(text("LOCK TABLE deliveries IN SHARE UPDATE EXCLUSIVE MODE"))
        assert not await take_stock()
    assert await take_stock()
    assert not await take_stock()
    async with session_scope() as session:
        known = "SELECT count(*) FROM pg_stats WHERE tablename = 'deliveries' AND inherited"
        assert await session.scalar(text(known))
