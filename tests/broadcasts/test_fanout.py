"""At most one text a person an alert, never zero by accident, whatever breaks on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.broadcasts import settling
from alerts.broadcasts.outcomes import record
from alerts.carrier.sending import NotTaken
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, alert, inland_empire, lobby_action
from tests.worker import Worker

pytestmark = pytest.mark.anyio
EVERYONE = (MARIA, YASMIN, JAMES)


async def states(api: Api, alert_id: int) -> dict[str, int]:
    """The states that are not empty; they always add up to the people."""
    report = await api.get(f"/v1/alerts/{alert_id}/report")
    assert sum(report["states"].values()) == report["people"]
    per_language = [count for language in report["languages"].values() for count in language.values()]
    assert sum(per_language) == report["people"]
    return {state: count for state, count in report["states"].items() if count}


async def test_each_phone_gets_one_text_in_its_language(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    assert await worker.fan_out(called) == 3
    texts = {number: [one.body for one in twilio.alerts_to(number)] for number in EVERYONE}
    assert [len(bodies) for bodies in texts.values()] == [1, 1, 1]
    assert texts[MARIA][0].startswith("Entrega en el lobby: ")
    assert texts[MARIA][0].endswith("San Bernardino, 500 Main St. ¿Vienes? SI o NO")
    assert texts[YASMIN][0].startswith("Ficil hoolka: ")
    assert texts[JAMES][0].startswith("Lobby action: ")
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sent"
    assert await states(api, called) == {"accepted": 3}


async def test_sending_twice_and_working_twice_is_once(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.fan_out(called)
    await api.post(f"/v1/alerts/{called}/send", status=202)
    assert await worker.prepare(called) is None
    assert await worker.fan_out(called) == 0
    assert all(len(twilio.alerts_to(number)) == 1 for number in EVERYONE)


async def test_preparing_twice_writes_each_delivery_once(api: Api, called: int, worker: Worker) -> None:
    assert await worker.prepare(called) == 3
    assert await worker.prepare(called) is None
    assert await states(api, called) == {"waiting": 3}


async def test_somebody_on_two_lists_gets_one_text(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    words = {"en": "SHAKOPEE", "es": "UNION", "so": "MIDOW"}
    other = await api.post(
        "/v1/lists", inland_empire(name="Shakopee", timezone="America/Chicago", join_words=words)
    )
    await api.text(MARIA, "UNION")
    both = alert(
        inland,
        None,
        audience={"lists": [inland, other["id"]]},
        text={"en": "Hi", "es": "Hola", "so": "Nabad"},
    )
    made = await api.post("/v1/alerts", both)
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    assert len(twilio.alerts_to(MARIA)) == 1


async def test_whoever_leaves_before_the_claim_gets_nothing(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    await api.text(YASMIN, "JOOJI")
    await worker.fan_out(called)
    assert twilio.alerts_to(YASMIN) == []
    assert await states(api, called) == {"accepted": 2, "skipped": 1}


@pytest.mark.parametrize("fault", ["drop_after_accept", "error_after_accept"])
async def test_a_text_that_was_taken_without_an_answer_is_found_at_the_carrier_and_not_sent_again(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer, fault: str
) -> None:
    setattr(twilio.simulator.faults, fault, 1.0)
    await worker.fan_out(called)
    assert await states(api, called) == {"unknown": 3}
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sending"
    setattr(twilio.simulator.faults, fault, 0.0)
    assert await worker.settle() == 3
    await worker.fan_out(called)
    assert all(len(twilio.alerts_to(number)) == 1 for number in EVERYONE)
    assert "unknown" not in await states(api, called)
    assert "waiting" not in await states(api, called)


async def test_a_text_that_the_carrier_never_saw_is_sent_again(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    twilio.simulator.faults.error_before_accept = 1.0
    await worker.fan_out(called)
    assert await states(api, called) == {"unknown": 3}
    twilio.simulator.faults.error_before_accept = 0.0
    await worker.settle()
    assert await states(api, called) == {"waiting": 3}
    await worker.fan_out(called)
    assert all(len(twilio.alerts_to(number)) == 1 for number in EVERYONE)


async def test_a_text_may_hang_at_the_carrier_and_is_not_asked_about_while_it_could_still_be_taken(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    twilio.simulator.faults.error_before_accept = 1.0
    await worker.fan_out(called)
    assert await settling.settle(worker.carrier) == 0
    async with session_scope() as session:
        await session.execute(text("UPDATE deliveries SET claimed_at = now() - interval '39 seconds'"))
    assert await settling.settle(worker.carrier) == 0
    async with session_scope() as session:
        await session.execute(text("UPDATE deliveries SET claimed_at = now() - interval '41 seconds'"))
    assert await settling.settle(worker.carrier) == 3


async def test_the_claims_of_a_worker_that_died_before_sending_are_settled_and_sent(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    assert len(await worker.claim(called)) == 3  # a worker claims, commits, and is killed
    assert await worker.fan_out(called) == 0
    assert await worker.lose_claims() == 3
    assert await worker.settle() == 3
    assert await worker.fan_out(called) == 3
    assert all(len(twilio.alerts_to(number)) == 1 for number in EVERYONE)


async def test_a_worker_that_was_thought_dead_cannot_undo_what_was_claimed_anew(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    stale = await worker.claim(called)
    await worker.lose_claims()
    await worker.settle()
    fresh = await worker.claim(called)
    assert {one.attempt for one in fresh} == {2}
    await record([(one, NotTaken(timedelta(0))) for one in stale])
    assert await states(api, called) == {"sending": 3}


async def test_whoever_joins_meanwhile_in_a_language_without_a_text_is_left_out_and_counted(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    made = await api.post("/v1/lists", inland_empire())
    await api.text(JAMES, "JOIN")
    only_english = await api.post("/v1/alerts", alert(made["id"], None, text={"en": "Hi"}))
    await api.post(f"/v1/alerts/{only_english['id']}/send", status=202)
    await api.text(YASMIN, "KU BIIR")
    assert await worker.fan_out(only_english["id"]) == 1
    assert await states(api, only_english["id"]) == {"accepted": 1, "skipped": 1}
    assert twilio.alerts_to(YASMIN) == []


async def test_an_error_that_nobody_foresaw_is_not_taken_for_a_refusal(
    api: Api, called: int, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr(worker.carrier, "send", breaks)
    await worker.fan_out(called)
    assert await states(api, called) == {"unknown": 3}


async def test_429_gives_the_text_back_and_a_later_try_sends_it(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    twilio.simulator.faults.too_many = 1.0
    await worker.prepare(called)
    assert await worker.dispatch.stint(0.1) > 0
    assert await states(api, called) == {"waiting": 3}
    assert await worker.tick() == []  # not due yet: the carrier asked for patience


async def test_a_carrier_that_cannot_be_reached_burns_nothing(api: Api, called: int, worker: Worker) -> None:
    worker.carrier._client.api.base_url = "http://127.0.0.1:1"
    await worker.prepare(called)
    assert await worker.dispatch.stint(0.1) > 0
    assert await states(api, called) == {"waiting": 3}


async def test_wrong_credentials_pause_the_alert_and_say_so(api: Api, called: int, worker: Worker) -> None:
    worker.carrier._client.auth = (worker.carrier._client.username, "wrong")
    await worker.fan_out(called)
    paused = await api.get(f"/v1/alerts/{called}")
    assert paused["state"] == "paused"
    assert "credentials" in paused["trouble"]
    assert await states(api, called) == {"waiting": 3}
    worker.carrier._client.auth = (worker.carrier._client.username, worker.carrier._client.password)
    await api.post(f"/v1/alerts/{called}/resume", status=200)
    assert await worker.fan_out(called) == 3


@pytest.mark.parametrize(
    ("ending", "code", "standing"),
    [
        ("0190", 21211, "unreachable"),
        ("0192", 21408, "active"),
        ("0193", 21610, "left"),
        ("0194", 21614, "unreachable"),
    ],
)
async def test_a_refusal_changes_the_subscriber_as_the_table_says(
    api: Api, inland: int, worker: Worker, ending: str, code: int, standing: str
) -> None:
    number = "+1909555" + ending
    await api.text(number, "JOIN")
    made = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    assert await states(api, made["id"]) == {"accepted": 3, "failed": 1}
    failed = [row for row in (await api.get(f"/v1/alerts/{made['id']}/deliveries"))["items"] if row["code"]]
    assert [row["code"] for row in failed] == [code]
    who = await api.post("/v1/subscribers/find", {"phone": number}, status=200)
    assert who["standing"] == standing


async def test_pause_stops_claims_and_resume_goes_on(api: Api, called: int, worker: Worker) -> None:
    await worker.prepare(called)
    await api.post(f"/v1/alerts/{called}/pause", status=200)
    assert await worker.fan_out(called) == 0
    assert await worker.tick() == []
    await api.post(f"/v1/alerts/{called}/resume", status=200)
    assert [(one.alert_id, one.texts) for one in await worker.tick()] == [(called, 3)]
    assert await worker.fan_out(called) == 3


async def test_cancel_withdraws_what_waits_even_what_comes_back_later(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    await worker.claim(called)
    await api.post(f"/v1/alerts/{called}/cancel", status=200)
    await worker.lose_claims()
    await worker.settle()
    await worker.tick()
    assert await states(api, called) == {"cancelled": 3}
    assert await worker.fan_out(called) == 0
    assert all(twilio.alerts_to(number) == [] for number in EVERYONE)


async def test_the_clock_starts_what_is_due_and_sees_what_is_owed(
    api: Api, inland: int, worker: Worker
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    later = alert(inland, action["id"], send_at="2099-01-01T00:00:00Z")
    made = await api.post("/v1/alerts", later)
    assert (await api.post(f"/v1/alerts/{made['id']}/send", status=202))["state"] == "scheduled"
    assert await worker.tick() == []
    await _make_due(made["id"])
    [owed] = await worker.tick()
    assert (owed.alert_id, owed.unwritten) == (made["id"], True)
    assert await worker.fan_out(made["id"]) == 3


async def test_what_is_due_but_makes_no_sense_any_more_is_withdrawn_and_says_why(
    api: Api, inland: int, worker: Worker
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    made = await api.post("/v1/alerts", alert(inland, action["id"], send_at="2099-01-01T00:00:00Z"))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await api.post(f"/v1/actions/{action['id']}/cancel", status=200)
    await _make_due(made["id"])
    assert await worker.tick() == []
    withdrawn = await api.get(f"/v1/alerts/{made['id']}")
    assert withdrawn["state"] == "cancelled"
    assert "called off" in withdrawn["trouble"]


async def _make_due(alert_id: int) -> None:
    from sqlalchemy import text

    async with session_scope() as session:
        await session.execute(text("UPDATE alerts SET due_at = now() WHERE id = :id"), {"id": alert_id})
