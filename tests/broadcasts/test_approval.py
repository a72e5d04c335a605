"""Many people are texted by two organizers, and for some seconds it can still be undone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.story import TEXTS, alert, lobby_action
from tests.worker import Worker, sent

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("two_organizers")]


@pytest.fixture
async def draft(api: Api, inland: int) -> int:
    """An alert to three people: one more than one organizer may text alone."""
    action = await api.post("/v1/actions", lobby_action())
    return int((await api.post("/v1/alerts", alert(inland, action["id"])))["id"])


async def approve(api: Api, number: int, status: int = 200) -> Any:
    version = (await api.get(f"/v1/alerts/{number}/preview"))["approval"]["version"]
    return await api.post(f"/v1/alerts/{number}/approve", {"version": version}, status=status)


async def test_one_organizer_cannot_text_many_alone(api: Api, trusted_api: Api, draft: int) -> None:
    problem = await api.post(f"/v1/alerts/{draft}/send", status=409)
    assert problem["code"] == "needs_approval"
    assert "3 people" in problem["detail"]
    assert (await api.get(f"/v1/alerts/{draft}/preview"))["approval"]["needed"]
    assert (await approve(api, draft, 403))["code"] == "own_alert"
    assert (await approve(trusted_api, draft))["approved"]
    assert (await api.post(f"/v1/alerts/{draft}/send", status=202))["state"] == "scheduled"


CHANGES: list[dict[str, Any]] = [
    {"text": {**TEXTS, "en": "{title}: {when}"}},
    {"asks_rsvp": False},
    {"urgent": True, "urgent_reason": "Police at the gate"},
    {"send_before": "PT2H"},
    {"send_at": "2099-01-01T00:00:00Z"},
    {"audience": {"lists": [1], "languages": ["en", "es", "so"]}},
]


@pytest.mark.parametrize("change", CHANGES, ids=",".join)
async def test_any_change_voids_the_approval(
    api: Api, trusted_api: Api, draft: int, change: dict[str, Any]
) -> None:
    await approve(trusted_api, draft)
    changed = await api.patch(f"/v1/alerts/{draft}", change)
    assert not changed["approved"]
    assert (await api.post(f"/v1/alerts/{draft}/send", status=409))["code"] == "needs_approval"
    assert (await approve(api, draft, 403))["code"] == "own_alert"


async def test_another_time_of_the_action_voids_it_too(api: Api, trusted_api: Api, draft: int) -> None:
    await approve(trusted_api, draft)
    await api.patch("/v1/actions/1", {"place": "Another gate"})
    assert (await api.post(f"/v1/alerts/{draft}/send", status=409))["code"] == "needs_approval"


async def test_another_day_of_the_action_voids_what_was_approved_for_so_long_before(
    api: Api, trusted_api: Api, draft: int
) -> None:
    plain = {"en": "Tomorrow!", "es": "¡Mañana!", "so": "Berri!"}
    await api.patch(f"/v1/alerts/{draft}", {"text": plain, "send_before": "P1D"})
    await approve(trusted_api, draft)
    starts = datetime.fromisoformat((await api.get("/v1/actions/1"))["starts_at"]) + timedelta(days=1)
    moved = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat()}
    await api.patch("/v1/actions/1", moved)
    assert not (await api.get(f"/v1/alerts/{draft}"))["approved"]
    assert (await api.post(f"/v1/alerts/{draft}/send", status=409))["code"] == "needs_approval"


@pytest.mark.parametrize(
    "change", [{"place": "Another gate"}, {"title": {"en": "Walkout", "es": "Paro", "so": "Shaqo joojin"}}]
)
async def test_who_changed_what_it_tells_does_not_approve_that(
    api: Api, trusted_api: Api, draft: int, change: dict[str, Any]
) -> None:
    await trusted_api.patch("/v1/actions/1", change)
    assert (await approve(trusted_api, draft, 403))["code"] == "own_alert"
    assert (await approve(api, draft, 403))["code"] == "own_alert"
    await api.patch(f"/v1/alerts/{draft}", {"text": TEXTS})  # who wrote it has seen the change
    assert (await approve(trusted_api, draft))["approved"]


async def test_who_only_changed_the_details_may_approve(api: Api, trusted_api: Api, draft: int) -> None:
    await trusted_api.patch("/v1/actions/1", {"details": {"en": "Bring water"}})
    assert (await approve(trusted_api, draft))["approved"]


async def test_what_changed_while_it_was_looked_at_is_not_approved(
    api: Api, trusted_api: Api, draft: int
) -> None:
    seen = (await trusted_api.get(f"/v1/alerts/{draft}/preview"))["approval"]["version"]
    await api.patch(f"/v1/alerts/{draft}", {"text": {**TEXTS, "en": "Now!"}})
    problem = await trusted_api.post(f"/v1/alerts/{draft}/approve", {"version": seen}, status=409)
    assert problem["code"] == "changed_meanwhile"


async def test_who_changed_it_last_is_its_writer(api: Api, trusted_api: Api, draft: int) -> None:
    await trusted_api.patch(f"/v1/alerts/{draft}", {"text": {**TEXTS, "en": "Now!"}})
    assert (await approve(trusted_api, draft, 403))["code"] == "own_alert"
    assert (await approve(api, draft))["approved"]


async def test_a_send_to_many_can_be_undone_and_nobody_got_anything(
    api: Api, trusted_api: Api, draft: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await approve(trusted_api, draft)
    going = await api.post(f"/v1/alerts/{draft}/send", status=202)
    wait = datetime.fromisoformat(going["due_at"]) - datetime.now(UTC)
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)
    assert await worker.tick() == []
    assert (await api.post(f"/v1/alerts/{draft}/undo", status=200))["state"] == "draft"
    await _due(draft)
    assert await worker.tick() == []
    assert sent(twilio) == []
    # Nothing was changed, so what was approved still is.
    assert (await api.post(f"/v1/alerts/{draft}/send", status=202))["state"] == "scheduled"
    await _due(draft)
    assert [one.alert_id for one in await worker.tick()] == [draft]
    assert await worker.fan_out(draft) == 3
    assert (await api.post(f"/v1/alerts/{draft}/undo", status=409))["code"] == "wrong_state"


async def test_a_send_in_a_moment_can_be_undone_as_long(api: Api, trusted_api: Api, draft: int) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=5)
    await api.patch(f"/v1/alerts/{draft}", {"send_at": soon.isoformat()})
    await approve(trusted_api, draft)
    going = await api.post(f"/v1/alerts/{draft}/send", status=202)
    assert datetime.fromisoformat(going["due_at"]) - datetime.now(UTC) > timedelta(seconds=50)


async def test_what_is_due_and_not_what_was_approved_any_more_waits_for_a_second_look(
    api: Api, trusted_api: Api, draft: int, worker: Worker
) -> None:
    await approve(trusted_api, draft)
    await api.post(f"/v1/alerts/{draft}/send", status=202)
    await api.patch("/v1/actions/1", {"title": {"en": "Walkout", "es": "Huelga", "so": "Shaqo joojin"}})
    await _due(draft)
    assert await worker.tick() == []
    paused = await api.get(f"/v1/alerts/{draft}")
    assert (paused["state"], "second organizer" in paused["trouble"]) == ("paused", True)
    assert (await api.post(f"/v1/alerts/{draft}/resume", status=409))["code"] == "needs_approval"
    await approve(trusted_api, draft)
    assert (await api.post(f"/v1/alerts/{draft}/resume", status=200))["state"] == "sending"
    assert await worker.fan_out(draft) == 3


async def test_few_people_are_texted_at_once_by_one(api: Api, inland: int, worker: Worker) -> None:
    few = alert(inland, None, audience={"lists": [inland], "languages": ["es"]}, text={"es": "Hola"})
    made = await api.post("/v1/alerts", few)
    assert (await api.post(f"/v1/alerts/{made['id']}/send", status=202))["state"] == "sending"
    assert await worker.fan_out(made["id"]) == 1


async def test_all_of_it_stands_in_the_audit_trail(api: Api, trusted_api: Api, draft: int) -> None:
    await approve(trusted_api, draft)
    await approve(trusted_api, draft)
    await api.post(f"/v1/alerts/{draft}/send", status=202)
    await api.post(f"/v1/alerts/{draft}/undo", status=200)
    await api.post(f"/v1/alerts/{draft}/cancel", status=200)
    trail = (await api.get(f"/v1/audit?noun=alert&number={draft}"))["items"]
    keys = [entry["actor"] for entry in trail]
    assert [entry["what"] for entry in trail] == ["written", "approved", "sent", "undone", "cancelled"]
    assert keys[0] == keys[2] == keys[3] != keys[1]
    assert trail[1]["facts"]["people"] == 3
    assert (await api.get(f"/v1/audit?noun=alert&number={draft}&limit=2"))["next"] == trail[1]["id"]


async def test_the_trail_cannot_be_changed(api: Api, draft: int) -> None:
    for statement in ("UPDATE audit SET who = 'nobody'", "DELETE FROM audit"):
        with pytest.raises(Exception, match="append-only"):
            async with session_scope() as session:
                await session.execute(text(statement))


async def _due(number: int) -> None:
    async with session_scope() as session:
        await session.execute(
            text("UPDATE alerts SET due_at = now() WHERE id = :id AND due_at IS NOT NULL"), {"id": number}
        )
