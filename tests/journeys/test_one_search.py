"""One id is in what web and worker log of a request and of all that it asked for."""

from __future__ import annotations

import json
from typing import Any

import requests

from tests.journeys.system import System
from tests.story import alert, inland_empire, lobby_action

GIVEN = "one-search-0001"


def logged(system: System) -> list[dict[str, Any]]:
    """Every line of every process; each is JSON."""
    return [json.loads(line) for line in system.everything_logged().splitlines()]


def test_one_search_shows_the_whole_way(system: System) -> None:
    made = system.post("/v1/lists", inland_empire())
    system.twilio.text("+19095550171", "JOIN")
    action = system.post("/v1/actions", lobby_action())
    call = system.post("/v1/alerts", alert(made["id"], action["id"]))
    path = f"/v1/alerts/{call['id']}"
    requests.post(system.url + path + "/send", headers=system.headers() | {"X-Request-Id": GIVEN}, timeout=10)
    system.until(lambda: system.get(path)["state"] == "sent")
    system.until(
        lambda: any(one.get("request") == GIVEN and one["says"] == "job done" for one in logged(system))
    )
    way = [one for one in logged(system) if one.get("request") == GIVEN]
    assert {one["process"] for one in way} == {"web", "worker"}
    says = [one["says"] for one in way]
    for step in ("asked for", "answered", "deliveries written", "stint ended", "job done"):
        assert step in says, says
    assert all(one["job"] for one in way if one["process"] == "worker")
    assert any(one.get("alert") == call["id"] for one in way)
    assert any("uvicorn" in one["from"] for one in logged(system))
