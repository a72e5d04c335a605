"""Whether somebody works is known: of a killed worker soon, and after a lost Redis without a restart."""

from __future__ import annotations

import requests
from redis import Redis

from alerts.health import OK
from alerts.storage.redis import QUEUE, WORKER_SILENT_SECONDS
from tests.journeys.system import System


def workers(system: System) -> str:
    """What ``/readyz`` says of them."""
    return str(requests.get(system.url + "/readyz", timeout=30).json()["workers"])


def test_an_emptied_redis_knows_the_workers_again(system: System) -> None:
    with Redis.from_url(system.env["REDIS_URL"]) as redis:
        emptied = redis.pipeline()
        emptied.flushdb()
        emptied.exists(f"rq:workers:{QUEUE}")
        assert emptied.execute() == [True, 0]
    system.until(lambda: workers(system) == OK, patience=4 * WORKER_SILENT_SECONDS)


def test_a_killed_worker_is_not_alive(system: System) -> None:
    assert workers(system) == OK
    system.kill("worker")
    system.until(lambda: workers(system) == "none alive", patience=4 * WORKER_SILENT_SECONDS)
    system.start("worker")
    system.until(system.ready)
