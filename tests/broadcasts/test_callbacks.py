"""Twilio's callbacks: late, twice, out of order, for texts that nobody knows, and forged."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from alerts.broadcasts.callbacks import Callback, record_callbacks
from alerts.broadcasts.states import DeliveryState
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.story import MARIA
from tests.worker import Worker

pytestmark = pytest.mark.anyio


async def maria(api: Api, alert: int) -> dict[str, object]:
    who = await api.post("/v1/subscribers/find", {"phone": MARIA}, status=200)
    rows = (await api.get(f"/v1/alerts/{alert}/deliveries"))["items"]
    [row] = [row for row in rows if row["subscriber"] == who["id"]]
    return dict(row)


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
async def test_in_any_order_and_twice_the_last_state_is_the_furthest(
    api: Api, called: int, worker: Worker, order: tuple[str, ...]
) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    for status in (*order, *order):
        answer = await api.status(int(str(row["id"])), str(row["message_sid"]), status)
        assert answer.status_code == 204
    assert (await maria(api, called))["state"] == "delivered"


@pytest.mark.parametrize(("first", "second"), [("sent", "delivered"), ("delivered", "sent")])
async def test_of_two_callbacks_at_the_same_moment_none_is_lost(
    api: Api, called: int, worker: Worker, first: str, second: str
) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    delivery, sid = int(str(row["id"])), str(row["message_sid"])
    async with session_scope() as session:
        await record_callbacks(session, [Callback(delivery, sid, DeliveryState(first), None)])
        waiting = asyncio.create_task(api.status(delivery, sid, second))  # for our row lock
        await asyncio.sleep(0.3)
        assert not waiting.done()
    assert (await waiting).status_code == 204
    assert (await maria(api, called))["state"] == "delivered"


async def test_a_callback_settles_a_text_whose_answer_was_lost(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    row = await maria(api, called)
    assert row["state"] == "sending"
    await api.status(int(str(row["id"])), "SM" + "a" * 32, "sent")
    row = await maria(api, called)
    assert (row["state"], row["message_sid"]) == ("sent", "SM" + "a" * 32)


async def test_a_callback_for_what_waits_again_keeps_it_from_being_sent_twice(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.prepare(called)
    row = await maria(api, called)
    await api.status(int(str(row["id"])), "SM" + "a" * 32, "delivered")
    assert await worker.fan_out(called) == 2
    assert (await maria(api, called))["state"] == "delivered"


async def test_a_callback_with_another_sid_than_recorded_changes_nothing(
    api: Api, called: int, worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    await worker.fan_out(called)
    before = await maria(api, called)
    answer = await api.status(int(str(before["id"])), "SM" + "f" * 32, "failed")
    assert answer.status_code == 204
    assert await maria(api, called) == before
    assert "another text is recorded" in caplog.text


async def test_a_callback_for_no_delivery_is_logged_and_taken(
    api: Api, database: None, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await api.status(4242, "SM" + "f" * 32, "sent")
    assert answer.status_code == 204
    assert "no such delivery" in caplog.text


async def test_a_status_that_is_new_to_us_is_let_be(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    answer = await api.status(int(str(row["id"])), str(row["message_sid"]), "partially_delivered")
    assert answer.status_code == 204
    assert (await maria(api, called))["state"] == "accepted"


@pytest.mark.parametrize(
    ("code", "standing"),
    [("30005", "unreachable"), ("21610", "left"), ("30003", "active"), ("99999", "active")],
)
async def test_a_code_in_a_callback_changes_the_subscriber_as_the_table_says(
    api: Api, called: int, worker: Worker, code: str, standing: str
) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    await api.status(int(str(row["id"])), str(row["message_sid"]), "undelivered", ErrorCode=code)
    after = await maria(api, called)
    assert (after["state"], after["code"]) == ("undelivered", int(code))
    who = await api.post("/v1/subscribers/find", {"phone": MARIA}, status=200)
    assert who["standing"] == standing


async def test_a_broken_account_found_out_late_pauses_the_alert(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sent"
    row = await maria(api, called)
    await api.status(int(str(row["id"])), str(row["message_sid"]), "failed", ErrorCode="30034")
    paused = await api.get(f"/v1/alerts/{called}")
    assert paused["state"] == "paused"
    assert "not registered" in paused["trouble"]


async def test_a_forged_callback_is_refused(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    row = await maria(api, called)
    form = {"MessageSid": str(row["message_sid"]), "MessageStatus": "failed"}
    answer = await api.webhook(f"/twilio/status/{row['id']}", form, signature="forged")
    assert answer.status_code == 403
    assert await maria(api, called) == row


@pytest.mark.parametrize("sid", ["", "\0", "SM 1", "SMñ"])
async def test_what_cannot_be_a_message_sid_is_logged_and_let_be(
    api: Api, called: int, worker: Worker, caplog: pytest.LogCaptureFixture, sid: str
) -> None:
    await worker.fan_out(called)
    before = await maria(api, called)
    answer = await api.status(int(str(before["id"])), sid, "delivered")
    assert answer.status_code == 204
    assert "no MessageSid" in caplog.text
    assert await maria(api, called) == before


async def test_in_a_flood_with_and_without_codes_each_counts(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    rows = (await api.get(f"/v1/alerts/{called}/deliveries"))["items"]
    codes: tuple[dict[str, str], ...] = ({"ErrorCode": "30005"}, {"ErrorCode": "30003"}, {})
    said = [
        api.status(row["id"], row["message_sid"], status, **(code if status == "undelivered" else {}))
        for row, code in zip(rows, codes, strict=True)
        for status in ("queued", "sent", "undelivered") * 5
    ]
    assert {answer.status_code for answer in await asyncio.gather(*said)} == {204}
    rows = (await api.get(f"/v1/alerts/{called}/deliveries"))["items"]
    assert [(row["state"], row["code"]) for row in rows] == [
        ("undelivered", 30005),
        ("undelivered", 30003),
        ("undelivered", None),
    ]


async def test_a_text_that_the_carrier_gives_back_unsent_is_sent_again_once(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sent"
    row = await maria(api, called)
    delivery, sid = int(str(row["id"])), str(row["message_sid"])
    await api.status(delivery, sid, "undelivered", ErrorCode="30001")
    row = await maria(api, called)
    assert (row["state"], row["message_sid"], row["code"]) == ("waiting", None, 30001)
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sending"
    await api.status(delivery, "SM" + "b" * 32, "undelivered", ErrorCode="30001")
    row = await maria(api, called)
    assert (row["state"], row["message_sid"]) == ("failed", "SM" + "b" * 32)
