"""Saved texts with versions, and kits that coalitions exchange."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api import Api
from tests.broadcasts.test_changes import REMINDER
from tests.story import MARIA, TEXTS, alert, lobby_action

pytestmark = pytest.mark.anyio


async def test_a_change_is_a_new_version_and_none_is_lost(api: Api, trusted_api: Api) -> None:
    made = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    path = f"/v1/templates/{made['id']}"
    changed = await trusted_api.patch(path, {"text": {"en": "{title}!"}})
    assert (made["version"], changed["version"]) == (1, 2)
    assert changed["written_by"] != made["written_by"]
    assert (await api.get(path))["text"] == {"en": "{title}!"}
    assert (await api.get(path + "?version=1"))["text"] == TEXTS
    assert [one["version"] for one in (await api.get(path + "/versions"))["items"]] == [1, 2]
    assert (await api.get(path + "/versions?limit=1"))["next"] == 1
    assert [one["version"] for one in (await api.get("/v1/templates"))["items"]] == [2]


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        ({"name": "Call", "text": {"en": "{wen}"}}, "unknown_placeholder", 422),
        ({"name": "Call", "text": {"en": "{when"}}, "unbalanced_brace", 422),
        ({"name": " ", "text": TEXTS}, "invalid", 422),
        ({"name": "Call", "text": {}}, "invalid", 422),
        ({"name": "Taken", "text": TEXTS}, "template_name_taken", 409),
    ],
)
async def test_a_bad_template_is_refused(api: Api, body: dict[str, Any], code: str, status: int) -> None:
    await api.post("/v1/templates", {"name": "Taken", "text": TEXTS})
    assert (await api.post("/v1/templates", body, status=status))["code"] == code


@pytest.mark.parametrize("body", [{}, {"name": " "}, {"name": None}, {"name": "x" * 61}, {"text": {}}])
async def test_a_change_that_is_none_is_refused(api: Api, body: dict[str, Any]) -> None:
    made = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    await api.patch(f"/v1/templates/{made['id']}", body, 422)


async def test_an_alert_is_made_of_the_newest_version_and_keeps_it(api: Api, inland: int) -> None:
    action = await api.post("/v1/actions", lobby_action())
    made = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    body = {key: value for key, value in alert(inland, action["id"]).items() if key != "text"}
    first = await api.post("/v1/alerts", {**body, "template": made["id"]})
    await api.patch(f"/v1/templates/{made['id']}", {"text": {**TEXTS, "en": "Now!"}})
    second = await api.post("/v1/alerts", {**body, "template": made["id"]})
    assert (first["text"], first["template_version"]) == (TEXTS, 1)
    assert (second["text"]["en"], second["template_version"]) == ("Now!", 2)
    assert (await api.get(f"/v1/alerts/{first['id']}"))["text"] == TEXTS
    await api.post("/v1/alerts", {**body, "template": 99}, status=404)
    await api.post("/v1/alerts", {**body, "template": made["id"], "text": TEXTS}, status=422)
    await api.post("/v1/alerts", body, status=422)


async def test_another_name_changes_no_version_and_frees_the_old_one(api: Api) -> None:
    made = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    path = f"/v1/templates/{made['id']}"
    assert await api.patch(path, {"name": "Lobby"}) == {**made, "name": "Lobby"}
    both = await api.patch(path, {"name": "Gate", "text": {"en": "Now!"}})
    assert (both["name"], both["version"], both["text"]) == ("Gate", 2, {"en": "Now!"})
    await api.patch(path, {"name": "Gate"})  # as it is: nothing was done
    other = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    taken = await api.patch(f"/v1/templates/{other['id']}", {"name": "Gate", "text": {"en": "Lost"}}, 409)
    assert taken["code"] == "template_name_taken"
    assert taken["detail"].endswith("Choose another name, or change, rename or remove that one.")
    assert await api.get(f"/v1/templates/{other['id']}") == other
    trail = [one for one in (await api.get("/v1/audit?limit=200"))["items"] if one["noun"] == "template"]
    assert [(one["what"], one["facts"]) for one in trail] == [
        ("kept", {}),
        ("renamed", {"name": "Call → Lobby"}),
        ("renamed", {"name": "Lobby → Gate"}),
        ("changed", {"version": 2}),
        ("kept", {}),
    ]


async def test_the_same_name_for_two_at_one_moment_is_taken_once(api: Api) -> None:
    made = [await api.post("/v1/templates", {"name": name, "text": TEXTS}) for name in "abc"]
    answers = await asyncio.gather(
        *(api.client.patch(f"/v1/templates/{one['id']}", json={"name": "Gate"}) for one in made)
    )
    assert sorted(one.status_code for one in answers) == [200, 409, 409]


async def test_what_is_removed_is_gone_and_alerts_of_it_are_whole(api: Api, inland: int) -> None:
    action = await api.post("/v1/actions", lobby_action())
    made = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    path = f"/v1/templates/{made['id']}"
    await api.patch(path, {"text": {**TEXTS, "en": "Now!"}})
    body = {key: value for key, value in alert(inland, action["id"]).items() if key != "text"}
    draft, out = [await api.post("/v1/alerts", {**body, "template": made["id"]}) for _ in range(2)]
    await api.post(f"/v1/alerts/{out['id']}/send", status=202)
    kit = await api.get(f"/v1/actions/{action['id']}/kit")

    assert (await api.client.delete(path)).status_code == 204
    for gone in (path, f"{path}?version=1", f"{path}/versions"):
        await api.get(gone, 404)
    assert (await api.get("/v1/templates"))["items"] == []
    await api.patch(path, {"name": "Again"}, 404)
    assert (await api.client.delete(path)).status_code == 404
    await api.post("/v1/alerts", {**body, "template": made["id"]}, status=404)

    found = await api.get(f"/v1/alerts/{draft['id']}")
    assert (found["template"], found["template_version"], found["text"]["en"]) == (made["id"], 2, "Now!")
    assert await api.get(f"/v1/actions/{action['id']}/kit") == kit
    await api.get(f"/v1/alerts/{out['id']}/report/whole")
    await api.patch(f"/v1/alerts/{draft['id']}", {"asks_rsvp": False})

    again = await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    assert (again["version"], again["id"] != made["id"]) == (1, True)
    removed = [one for one in (await api.get("/v1/audit?limit=200"))["items"] if one["what"] == "removed"]
    assert [(one["noun"], one["number"], one["facts"]) for one in removed] == [
        ("template", made["id"], {"name": "Call"})
    ]


async def test_a_kit_carries_an_action_and_its_texts_and_nobody(api: Api, inland: int) -> None:
    action = await api.post("/v1/actions", lobby_action())
    await api.post("/v1/alerts", alert(inland, action["id"], send_before="P2D"))
    await api.post(f"/v1/actions/{action['id']}/reminders", REMINDER)
    gone = await api.post("/v1/alerts", alert(inland, action["id"], text={**TEXTS, "en": "Never"}))
    await api.post(f"/v1/alerts/{gone['id']}/cancel", status=200)
    kit = await api.get(f"/v1/actions/{action['id']}/kit")
    written = json.dumps(kit)
    assert MARIA not in written
    assert "Never" not in written
    assert '"lists"' not in written

    later = datetime.fromisoformat(action["starts_at"]) + timedelta(days=30)
    use = {
        "kit": json.loads(written),
        "lists": [inland],
        "place": "Shakopee, gate 3",
        "timezone": "America/Chicago",
        "starts_at": later.isoformat(),
        "ends_at": (later + timedelta(hours=1)).isoformat(),
    }
    made = await api.post("/v1/kits", use)
    copy = await api.get(f"/v1/actions/{made['action']}")
    assert (copy["place"], copy["title"]) == ("Shakopee, gate 3", action["title"])
    call, reminder = [await api.get(f"/v1/alerts/{number}") for number in made["alerts"]]
    assert (call["kind"], call["state"], call["text"], call["send_before"]) == ("call", "draft", TEXTS, "P2D")
    assert (reminder["kind"], reminder["state"], reminder["send_before"]) == ("reminder", "draft", "P1D")
    assert reminder["audience"]["action"] == made["action"]
    assert (await api.get(f"/v1/actions/{made['action']}/kit"))["alerts"] == kit["alerts"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 2},
        {"format": "something else"},
        {"alerts": [{"text": {"en": "{wen}"}, "asks_rsvp": False}]},
        {"subscribers": ["+19095550101"]},
    ],
)
async def test_a_kit_that_is_none_is_refused_and_nothing_of_it_stays(
    api: Api, inland: int, wrong: dict[str, Any]
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    kit = await api.get(f"/v1/actions/{action['id']}/kit")
    await api.post("/v1/kits", {"kit": {**kit, **wrong}, "lists": [inland]}, status=422)
    await api.post("/v1/kits", {"kit": kit, "lists": [0]}, status=422)
    assert len((await api.get("/v1/actions"))["items"]) == 1


async def test_a_kit_moved_behind_its_own_end_is_refused(api: Api) -> None:
    action = await api.post("/v1/actions", lobby_action())
    kit = await api.get(f"/v1/actions/{action['id']}/kit")
    problem = await api.post("/v1/kits", {"kit": kit, "starts_at": "2099-01-01T00:00:00Z"}, status=422)
    assert problem["code"] == "ends_before_start"
