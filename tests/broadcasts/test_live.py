"""Watching an alert go out: server-sent events from counts that are kept as it does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from alerts.broadcasts import live
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from alerts.team.actors import Scope
from alerts.team.keys import create_api_key, key_holder
from tests.api import Api
from tests.worker import Worker

pytestmark = pytest.mark.anyio


def read(event: str) -> dict[str, Any]:
    name, data = event.rstrip().split("\n")
    assert name == "event: progress"
    return dict(json.loads(data.removeprefix("data: ")))


async def test_each_change_is_told_once_until_nothing_can_change_any_more(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    told: list[dict[str, Any]] = []
    async with session_scope() as session:
        by = await key_holder(session, (await create_api_key(session, "a screen", {Scope.READ})).key)

    async def watch() -> None:
        async for event in live.progress(called, by):
            told.append(read(event))  # noqa: PERF401 - each is looked at when it comes

    watching = asyncio.create_task(watch())
    while not told:  # noqa: ASYNC110 - it is the watcher that is waited for
        await asyncio.sleep(0.02)
    await worker.fan_out(called)
    while told[-1]["states"]["accepted"] < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    await asyncio.sleep(live.LOOK_SECONDS)
    assert not watching.done()  # texts are accepted, and not yet delivered
    for row in (await api.get(f"/v1/alerts/{called}/deliveries"))["items"]:
        await api.status(row["id"], row["message_sid"], "delivered")
    async with asyncio.timeout(60):
        await watching
    assert told[0]["people"] == 0
    assert (told[-1]["state"], told[-1]["states"]["delivered"]) == ("sent", 3)
    assert len({json.dumps(one) for one in told}) == len(told)
    assert {language: sum(states.values()) for language, states in told[-1]["languages"].items()} == {
        "en": 1,
        "es": 1,
        "so": 1,
    }


async def test_it_is_a_route_of_the_api(api: Api, called: int, worker: Worker) -> None:
    await api.post(f"/v1/alerts/{called}/cancel", status=200)
    answer = await api.client.get(f"/v1/alerts/{called}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert read(answer.text)["state"] == "cancelled"


async def test_an_alert_that_does_not_exist_has_no_events(api: Api) -> None:
    problem = await api.get("/v1/alerts/99/events", status=404)
    assert problem["code"] == "not_found"
