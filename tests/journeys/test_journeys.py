"""The main job, through every real part: text in, alert out, answer back; and what a crash leaves."""

from __future__ import annotations

import time
from collections import Counter

from redis import Redis

from alerts.storage.embedded import PostgresServer
from tests.journeys.system import System
from tests.story import JAMES, MARIA, YASMIN, alert, inland_empire, lobby_action


def _send(system: System, list_id: int) -> int:
    action = system.post("/v1/actions", lobby_action())
    made = system.post("/v1/alerts", alert(list_id, action["id"]))
    system.post(f"/v1/alerts/{made['id']}/send")
    return int(made["id"])


def _delivered(system: System, alert_id: int) -> int:
    return int(system.get(f"/v1/alerts/{alert_id}/report")["states"]["delivered"])


def test_text_to_join_be_called_and_answer(system: System) -> None:
    made = system.post("/v1/lists", inland_empire())
    assert "entraste a Inland Empire" in system.twilio.text(MARIA, "UNETE")[0]
    assert "waxaad ku jirtaa" in system.twilio.text(YASMIN, "KU BIIR")[0]
    assert "you are on the list" in system.twilio.text(JAMES, "JOIN")[0]
    alert_id = _send(system, made["id"])
    system.until(lambda: _delivered(system, alert_id) == 3)
    for number, word in ((MARIA, "¿Vienes?"), (YASMIN, "Ma imanaysaa?"), (JAMES, "Will you come?")):
        [text] = system.twilio.alerts_to(number)
        assert word in text.body
    system.twilio.text(MARIA, "sí")
    system.twilio.text(YASMIN, "maya")
    system.twilio.text(JAMES, "YES +2")
    counted = system.get("/v1/actions/1/summary")
    assert counted["answers"] == {"yes": 2, "no": 1, "maybe": 0, "guests": 2}
    logged = system.everything_logged()
    for number in (MARIA, YASMIN, JAMES):
        assert number[2:] not in logged
    assert "UNETE" not in logged


def _crowd(system: System, list_id: int) -> list[str]:
    """Subscribers in three languages; 0180 to 0199 have a fate of their own in the simulator."""
    numbers = [f"+1{area}55501{last:02}" for area in (213, 310, 323, 562) for last in range(80)]
    for place, number in enumerate(numbers):
        language = ("en", "es", "so")[place % 3]
        person = {"phone": number, "language": language, "lists": [list_id], "consent": "test"}
        system.post("/v1/subscribers", person)
    return numbers


def _texts(system: System) -> Counter[str]:
    return Counter(message.to for message in system.twilio.simulator.carrier.messages.values())


def test_a_worker_killed_in_the_middle_of_a_send_leaves_every_phone_with_exactly_one_text(
    system: System,
) -> None:
    made = system.post("/v1/lists", inland_empire())
    numbers = _crowd(system, made["id"])
    # So many are taken and not answered, and nothing else is: there the worker stands until it is killed.
    system.twilio.simulator.faults.change({"requests_at_once": 60, "latency_after_accept": 600.0})
    alert_id = _send(system, made["id"])
    system.until(lambda: len(system.twilio.simulator.carrier.messages) == 60)
    system.kill("worker")
    left_open = system.get(f"/v1/alerts/{alert_id}/report")["states"]
    assert left_open["waiting"] + left_open["sending"] >= len(numbers) - 60
    system.twilio.simulator.faults.change({"requests_at_once": 0, "latency_after_accept": 0.0})
    system.start("worker")
    system.until(lambda: system.get(f"/v1/alerts/{alert_id}")["state"] == "sent")
    system.until(lambda: _delivered(system, alert_id) == len(numbers))
    assert _texts(system) == dict.fromkeys(numbers, 1)


def test_postgresql_stopped_in_the_middle_of_a_send_loses_and_doubles_nothing(
    system: System, postgres: PostgresServer
) -> None:
    made = system.post("/v1/lists", inland_empire())
    numbers = _crowd(system, made["id"])
    system.twilio.simulator.faults.latency = 0.2
    alert_id = _send(system, made["id"])
    system.until(lambda: len(system.twilio.simulator.carrier.messages) > 60)
    postgres.stop()
    time.sleep(2)
    postgres.start()
    system.twilio.simulator.faults.latency = 0.0
    system.until(lambda: system.get(f"/v1/alerts/{alert_id}")["state"] == "sent")
    assert _texts(system) == dict.fromkeys(numbers, 1)
    report = system.get(f"/v1/alerts/{alert_id}/report")
    assert report["people"] == len(numbers)
    # A callback that came while PostgreSQL was away is tried again by the carrier, five times.
    system.until(lambda: _delivered(system, alert_id) == len(numbers))


def test_redis_lost_in_the_middle_of_a_send_is_made_good_by_the_clock(system: System) -> None:
    made = system.post("/v1/lists", inland_empire())
    system.twilio.text(MARIA, "UNETE")
    system.kill("worker")
    alert_id = _send(system, made["id"])
    with Redis.from_url(system.env["REDIS_URL"]) as redis:
        redis.flushdb()
    system.start("worker")
    system.until(lambda: _delivered(system, alert_id) == 1)
    assert len(system.twilio.alerts_to(MARIA)) == 1
