"""SIGTERM, as each deploy sends it: nothing lost, nothing doubled, and nobody waits for a lease."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import psycopg
import pytest

from alerts.broadcasts.batches import LEASE_SECONDS
from alerts.broadcasts.dispatch import LANDING_SECONDS
from alerts.carrier.transport import REQUEST_SECONDS
from alerts.storage.embedded import PostgresServer
from tests.chaos.people import TEXTS, Person, made_up_numbers, subscribe
from tests.journeys.system import System
from tests.story import MARIA, inland_empire
from workers.runtime import GIVE_UP_SECONDS

HOST_KILLS_AFTER = 10.0  # seconds; Heroku waits 30, systemd as long as docs/deploy says
ENDED = (0, -signal.SIGTERM)  # uvicorn ends as if by the signal, when all is done
PEOPLE = 300


def test_what_is_given_up_is_given_up_before_the_host_kills() -> None:
    assert LANDING_SECONDS < GIVE_UP_SECONDS < HOST_KILLS_AFTER
    assert LANDING_SECONDS < REQUEST_SECONDS < LEASE_SECONDS


@pytest.fixture
def people(system: System, postgres: PostgresServer) -> list[Person]:
    list_id = system.post("/v1/lists", inland_empire())["id"]
    return subscribe(postgres.url, list(islice(made_up_numbers(), PEOPLE)), list_id)


def send(system: System) -> int:
    made = system.post("/v1/alerts", {"audience": {"lists": [1]}, "text": TEXTS, "asks_rsvp": False})
    system.post(f"/v1/alerts/{made['id']}/send")
    return int(made["id"])


def states(postgres: PostgresServer) -> Counter[str]:
    with psycopg.connect(postgres.url) as connection:
        return Counter(
            dict(connection.execute("SELECT state, count(*) FROM deliveries GROUP BY 1").fetchall())
        )


def texts(system: System) -> Counter[str]:
    taken = system.twilio.simulator.messages
    return Counter(one.to for one in taken if one.direction == "outbound-api")


def once_each(people: Sequence[Person]) -> Counter[str]:
    return Counter(one.phone for one in people)


def sent(system: System, alert: int) -> bool:
    return bool(system.get(f"/v1/alerts/{alert}/report")["state"] == "sent")


def test_a_worker_gives_back_what_it_has_not_begun_and_finishes_the_rest(
    system: System, postgres: PostgresServer, people: list[Person]
) -> None:
    system.twilio.simulator.faults.latency = 3.0
    alert = send(system)
    system.until(lambda: states(postgres)["sending"] > 150)
    worker = system.terminate("worker")
    # More is claimed than is in flight; what has not begun can be had by others while the rest lands.
    system.until(lambda: states(postgres)["waiting"] > PEOPLE / 3)
    worker.send_signal(signal.SIGTERM)  # some hosts tell twice: it breaks nothing off
    assert worker.wait(60) == 0
    left = states(postgres)
    assert left["sending"] == left["unknown"] == 0
    assert left["waiting"] + texts(system).total() == PEOPLE
    assert left["waiting"] < PEOPLE
    system.twilio.simulator.faults.latency = 0.0
    system.start("worker-2")
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)


def test_a_carrier_that_does_not_answer_keeps_no_worker(
    system: System, postgres: PostgresServer, people: list[Person]
) -> None:
    """It takes what hung when we gave up, and much later: nobody had sent it again meanwhile."""
    system.twilio.simulator.faults.latency = 2 * REQUEST_SECONDS
    alert = send(system)
    system.until(lambda: states(postgres)["sending"] > 0)
    assert system.terminate("worker").wait(60) == 0
    left = states(postgres)
    assert left["sending"] == 0
    assert left["unknown"] > 0
    assert left["unknown"] + left["waiting"] == PEOPLE
    system.twilio.simulator.faults.latency = 0.0
    system.start("worker-2")
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)


def test_several_workers_of_one_process_are_told_by_the_host_and_by_it(
    system: System, postgres: PostgresServer, people: list[Person]
) -> None:
    system.terminate("worker").wait(60)
    system.env["WORKERS"] = "2"
    system.start("worker-2")
    system.twilio.simulator.faults.latency = 3.0
    alert = send(system)
    system.until(lambda: states(postgres)["sending"] > 0)
    # Its whole group, as systemd and Heroku do; each child is told by its parent besides.
    group = os.getpgid(system.terminate("worker-2").pid)
    time.sleep(1.5)  # from then on RQ would take a second signal for "at once"
    os.killpg(group, signal.SIGTERM)
    assert system.terminate("worker-2").wait(60) == 0
    left = states(postgres)
    assert left["sending"] == left["unknown"] == 0
    system.twilio.simulator.faults.latency = 0.0
    system.start("worker-3")
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)


def test_web_answers_what_it_has_begun_after_its_commit(system: System, postgres: PostgresServer) -> None:
    words = {"en": "JOIN", "es": "UNETE", "so": "KU BIIR"}
    system.post("/v1/lists", inland_empire(join_words=words))
    blocked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with (
        psycopg.connect(postgres.url) as holder,
        psycopg.connect(postgres.url, autocommit=True) as other,
        ThreadPoolExecutor() as threads,
    ):
        holder.execute("LOCK TABLE replies IN EXCLUSIVE MODE")
        answers = threads.submit(system.twilio.text, MARIA, "UNETE")
        system.until(lambda: other.execute(blocked).fetchone() != (0,))
        web = system.terminate("web")
        time.sleep(0.5)
        assert web.poll() is None
        assert not answers.done()
        holder.commit()
        assert answers.result(30)
        assert web.wait(60) in ENDED
        assert other.execute("SELECT count(*) FROM replies").fetchone() == (1,)


def test_two_clocks_are_as_good_as_one(system: System, people: list[Person]) -> None:
    system.start("clock-2")
    system.until(lambda: "clock ready" in (system.logs / "clock-2").read_text())
    alert = send(system)
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)
    assert system.terminate("clock").wait(60) == 0
    alert = send(system)  # the other one goes on
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each([*people, *people])
    assert system.terminate("clock-2").wait(60) == 0
    assert "tick missed" not in system.everything_logged()
