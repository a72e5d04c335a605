"""Who got an alert is forgotten when it is long over; what became of it is not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.conversations import retention
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.letters import someone, write
from tests.story import JAMES, MARIA, YASMIN, alert
from tests.worker import Worker

pytestmark = pytest.mark.anyio
PLAIN_TEXT = {"en": "Hi", "es": "Hola", "so": "Nabad"}


async def change(statement: str, **given: Any) -> None:
    async with session_scope() as session:
        await session.execute(text(statement), given)


async def ask(statement: str) -> Any:
    async with session_scope() as session:
        return (await session.execute(text(statement))).scalar_one()


async def days_go_by(days: int) -> None:
    """All that has a time is so much longer ago; and what is kept no longer is forgotten."""
    for statement in (
        "UPDATE actions SET starts_at = starts_at - :days, ends_at = ends_at - :days",
        "UPDATE alerts SET finished_at = finished_at - :days, prepared_at = prepared_at - :days,"
        " created_at = created_at - :days",
        "UPDATE replies SET received_at = received_at - :days",
        "UPDATE threads SET moved_at = moved_at - :days",
        "UPDATE subscribers SET created_at = created_at - :days",
        "UPDATE invitations SET asked_at = asked_at - :days",
    ):
        await change(statement, days=timedelta(days=days))
    while await retention.stint():
        pass


@pytest.fixture
async def over(api: Api, called: int, worker: Worker) -> int:
    """An alert that all three got; Maria comes, Yasmin left because of it."""
    await worker.fan_out(called)
    await worker.tick()
    await api.text(MARIA, "si, 2")
    await api.text(JAMES, "no")
    await api.text(YASMIN, "JOOJI")
    return called


async def test_nobody_is_named_any_more_and_every_report_says_the_same(api: Api, over: int) -> None:
    async def everything() -> list[Any]:
        return [
            await api.get(path)
            for path in (
                f"/v1/alerts/{over}/report",
                f"/v1/alerts/{over}/report/whole",
                "/v1/actions/1/report",
                "/v1/actions/1/summary",
            )
        ]

    before = await everything()
    assert before[1]["left"] == 1
    assert len(before[1]["answers"]) == 2
    await days_go_by(36)  # it is over for 29
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62") == 3
    assert await ask("SELECT count(*) FROM rsvps") == 2
    before = await everything()  # hours have moved with the test's clock
    await days_go_by(2)
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62 OR message_sid <> ''") == 0
    assert await ask("SELECT count(*) FROM rsvps") == 0
    assert await everything() == before
    assert (await api.get("/v1/actions/1/rsvps"))["items"] == []


async def test_the_list_of_deliveries_and_its_csv_name_nobody(api: Api, trusted_api: Api, over: int) -> None:
    assert MARIA in (await trusted_api.client.get(f"/v1/alerts/{over}/report.csv")).text
    await days_go_by(40)
    assert MARIA not in (await trusted_api.client.get(f"/v1/alerts/{over}/report.csv")).text
    page = await api.get(f"/v1/alerts/{over}/deliveries")
    assert [one["subscriber"] for one in page["items"]] == [None] * 3


async def test_an_alert_about_nothing_goes_by_its_own_end(api: Api, inland: int, worker: Worker) -> None:
    made = await api.post("/v1/alerts", alert(inland, None, text=PLAIN_TEXT))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    await worker.tick()
    await days_go_by(29)
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62") == 3
    await days_go_by(2)
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62") == 0


async def test_an_alert_under_way_keeps_its_people(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    await days_go_by(100)
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62") == 3
    await api.post(f"/v1/alerts/{called}/pause", status=200)
    await days_go_by(1)  # whoever paused it until now will not resume it
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "cancelled"
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62") == 0


async def test_what_comes_late_is_counted_as_well(api: Api, over: int, worker: Worker) -> None:
    await days_go_by(40)
    thanks = await api.post("/v1/alerts", alert(1, 1, text=PLAIN_TEXT, asks_rsvp=False))
    await api.post(f"/v1/alerts/{thanks['id']}/send", status=202)
    await worker.fan_out(thanks["id"])
    await worker.tick()
    await api.text(JAMES, "STOP")
    before = await api.get("/v1/actions/1/report")
    assert before["left"] == 2
    await days_go_by(31)
    assert await ask("SELECT count(*) FROM deliveries WHERE subscriber_id < 2^62") == 0
    assert await api.get("/v1/actions/1/report") == before


async def test_letters_go_with_the_rest(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(await someone(api, JAMES))
    await worker.fan_out(0)
    await worker.tick()
    assert await ask("SELECT count(*) FROM alerts WHERE finished_at IS NOT NULL") == 1
    await days_go_by(31)
    assert await ask("SELECT count(*) FROM alerts") == 1  # its copy at the carrier must go first
    await change("UPDATE alerts SET copies_erased_at = now()")
    await days_go_by(1)
    assert await ask("SELECT count(*) FROM alerts") == 0
    assert await ask("SELECT count(*) FROM deliveries") == 0
    assert await ask("SELECT coalesce(sum(deliveries), 0) FROM progress") == 0
