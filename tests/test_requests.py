"""A request's id: taken or made, answered, logged, and gone along with the job that it asks for."""

from __future__ import annotations

import json
import logging

import pytest
from fastapi import APIRouter

from alerts.logs import Formatter
from alerts.main import app
from alerts.storage.redis import queue
from tests.api import Api
from tests.story import MARIA, alert, inland_empire, lobby_action

pytestmark = pytest.mark.anyio
GIVEN = "abc-0123456789"


async def test_an_id_is_answered(api: Api) -> None:
    assert (await api.client.get("/healthz", headers={"X-Request-Id": GIVEN})).headers[
        "X-Request-Id"
    ] == GIVEN
    one, two = [(await api.client.get("/healthz")).headers["X-Request-Id"] for _ in range(2)]
    assert one != two
    strange = await api.client.get("/healthz", headers={"X-Request-Id": MARIA})
    assert MARIA[-7:] not in strange.headers["X-Request-Id"]
    refused = await api.client.get("/v1/nothing", headers={"X-Request-Id": GIVEN})
    assert refused.headers["X-Request-Id"] == GIVEN


async def test_twilio_gets_one_too(api: Api) -> None:
    answer = await api.status(1, "SM" + "0" * 32, "sent")
    assert answer.headers["X-Request-Id"]


async def test_it_goes_with_the_job(api: Api, inland: int) -> None:
    action = await api.post("/v1/actions", lobby_action())
    draft = await api.post("/v1/alerts", alert(inland, action["id"]))
    queue().empty()
    await api.client.post(f"/v1/alerts/{draft['id']}/send", headers={"X-Request-Id": GIVEN})
    [job] = queue().get_jobs()
    assert job.meta == {"request": GIVEN}


async def test_what_changes_something_is_logged_by_its_route(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "alerts"):
        await api.client.post("/v1/lists", json=inland_empire(), headers={"X-Request-Id": GIVEN})
        await api.client.get("/v1/lists")
        await api.client.post("/v1/alerts/19095550171/send")
    told = [one.getMessage() for one in caplog.records if one.getMessage().startswith("answered")]
    assert len(told) == 2
    assert "method=POST route=/v1/lists status=201" in told[0]
    assert "route=/v1/alerts/{alert_id}/send status=404" in told[1]


async def test_an_error_of_ours_says_which_request_it_was_and_nothing_else(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    router = APIRouter()

    @router.get("/v1/breaks")
    async def breaks() -> None:
        raise ValueError("quetzal +19095550171")

    app.router.routes.insert(0, router.routes[0])
    try:
        with caplog.at_level(logging.INFO):
            answer = await api.client.get("/v1/breaks", headers={"X-Request-Id": GIVEN})
    finally:
        app.router.routes.pop(0)
    assert answer.status_code == 500
    assert answer.json()["request"] == answer.headers["X-Request-Id"] == GIVEN
    assert "quetzal" not in answer.text
    lines = [json.loads(Formatter("web", as_json=True).format(one)) for one in caplog.records]
    assert any(one["says"] == "unexpected error" and one["kind"] == "ValueError" for one in lines)
