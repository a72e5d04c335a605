"""SIGTERM, as each deploy sends it: nothing lost, nothing doubled, and nobody waits for a lease."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from alerts.broadcasts.batches import LEASE_SECONDS
from alerts.broadcasts.dispatch import LANDING_SECONDS
from alerts.carrier.flight import LEAST
from alerts.carrier.transport import REQUEST_SECONDS
from alerts.ending import DRAINED_SECONDS, END_SECONDS
from alerts.storage.embedded import PostgresServer, ValkeyServer
from tests.chaos.people import TEXTS, Person, made_up_numbers, subscribe
from tests.journeys.system import System
from tests.story import MARIA, inland_empire
from workers.runtime import GIVE_UP_SECONDS

HOST_KILLS_AFTER = 10.0  # seconds; Heroku waits 30, systemd as long as docs/deploy says
ENDED = (0, -signal.SIGTERM)  # uvicorn ends as if by the signal, when all is done
PEOPLE = 300


def test_what_is_given_up_is_given_up_before_the_host_kills() -> None:
    assert LANDING_SECONDS < GIVE_UP_SECONDS < END_SECONDS < HOST_KILLS_AFTER
    assert LANDING_SECONDS < REQUEST_SECONDS < LEASE_SECONDS
    [drains] = re.findall(r"--timeout-graceful-shutdown (\d+)", Path("Procfile").read_text("utf-8"))
    assert int(drains) + DRAINED_SECONDS <= END_SECONDS


class Motor(ValkeyServer):
    """A Valkey that may be gone, or hang: then its connections stay, and nothing comes through them."""

    def tell(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)


@pytest.fixture
def motor() -> Iterator[Motor]:
    server = Motor()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def valkey_url(motor: Motor) -> str:
    """That of the systems here."""
    return motor.url


def ended(process: subprocess.Popen[bytes], told: float) -> int:
    """Its status, where it was gone before a host would have killed it; ``told`` as time.monotonic()."""
    return process.wait(told + HOST_KILLS_AFTER - time.monotonic())


def end(system: System, *names: str) -> list[int]:
    """Tell all of these to end; their statuses, where all were gone in time."""
    told = time.monotonic()
    return [ended(process, told) for process in [system.terminate(name) for name in names]]


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
    # Twice as many are claimed as are in flight: 128, as long as no answer says how fast the carrier is.
    system.until(lambda: states(postgres)["sending"] > LEAST)
    worker, told = system.terminate("worker"), time.monotonic()
    # What has not begun can be had by others while the rest lands.
    system.until(lambda: states(postgres)["waiting"] > PEOPLE * 2 / 3)
    worker.send_signal(signal.SIGTERM)  # some hosts tell twice: it breaks nothing off
    assert ended(worker, told) == 0
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
    assert end(system, "worker") == [0]
    left = states(postgres)
    assert left["sending"] == 0
    assert left["unknown"] > 0
    assert left["unknown"] + left["waiting"] == PEOPLE
    system.twilio.simulator.faults.latency = 0.0
    system.start("worker-2")
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)


@pytest.mark.parametrize("how", ["hangs", "is gone"])
def test_a_redis_that_does_not_answer_keeps_nobody(
    system: System, postgres: PostgresServer, people: list[Person], motor: Motor, how: str
) -> None:
    system.twilio.simulator.faults.latency = 3.0
    alert = send(system)
    system.until(lambda: states(postgres)["sending"] > 0)
    if how == "hangs":
        motor.tell(signal.SIGSTOP)
    else:
        motor.stop()
    try:
        assert set(end(system, "worker", "clock", "web")) <= set(ENDED)
    finally:
        if how == "hangs":
            motor.tell(signal.SIGCONT)
        else:
            motor.start()
    system.twilio.simulator.faults.latency = 0.0
    for name in ("web-2", "worker-2", "clock-2"):
        system.start(name)
    system.until(system.ready)
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)


def test_a_collector_of_traces_that_does_not_answer_keeps_nobody(
    system: System, people: list[Person]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects, and nobody reads
        here = f"http://127.0.0.1:{silent.getsockname()[1]}"
        system.env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": here, "SENTRY_DSN": here.replace("//", "//key@") + "/1"}
        assert set(end(system, "worker", "clock", "web")) <= set(ENDED)
        for name in ("web-2", "worker-2", "clock-2"):
            system.start(name)
        system.until(system.ready)
        alert = send(system)
        system.until(lambda: sent(system, alert))
        assert set(end(system, "worker-2", "clock-2", "web-2")) <= set(ENDED)
    assert "something hangs" not in system.everything_logged()


def test_several_workers_of_one_process_are_told_by_the_host_and_by_it(
    system: System, postgres: PostgresServer, people: list[Person]
) -> None:
    assert end(system, "worker") == [0]
    system.env["WORKERS"] = "2"
    system.start("worker-2")
    system.twilio.simulator.faults.latency = 3.0
    alert = send(system)
    system.until(lambda: states(postgres)["sending"] > 0)
    # Its whole group, as systemd and Heroku do; each child is told by its parent besides.
    parent, told = system.terminate("worker-2"), time.monotonic()
    time.sleep(1.5)  # from then on RQ would take a second signal for "at once"
    os.killpg(os.getpgid(parent.pid), signal.SIGTERM)
    assert ended(system.terminate("worker-2"), told) == 0
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
        web, told = system.terminate("web"), time.monotonic()
        time.sleep(0.5)
        assert web.poll() is None
        assert not answers.done()
        holder.commit()
        assert answers.result(30)
        assert ended(web, told) in ENDED
        assert other.execute("SELECT count(*) FROM replies").fetchone() == (1,)


def test_two_clocks_are_as_good_as_one(system: System, people: list[Person]) -> None:
    system.start("clock-2")
    system.until(lambda: "clock ready" in (system.logs / "clock-2").read_text())
    alert = send(system)
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each(people)
    assert end(system, "clock") == [0]
    alert = send(system)  # the other one goes on
    system.until(lambda: sent(system, alert))
    assert texts(system) == once_each([*people, *people])
    assert end(system, "clock-2") == [0]
    assert "tick missed" not in system.everything_logged()
