"""Celery, two prefork processes, one task a text, over the same Valkey; one SDK client a process.

Settings as a fair user would choose them: acknowledged early, no results, no rate limits, no events, no
gossip, mingle or heartbeat, and a prefetch that keeps both processes busy
(of 1, 4, 16, 64 and 256, none was faster by more than the spread).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from celery import Celery
from twilio.rest import Client

from alerts.storage.embedded import start_child, stop_child
from bench import peers
from bench.measure import Figure, Round, Servers, measured
from bench.stub import arrivals

NAME = "Celery prefork, 2 processes, one task a text"
TEXTS = 2_000
WARM_UP = 200
QUEUE = "bench"
PATIENCE_SECONDS = 60.0  # for the worker to start, and for a round

app = Celery("bench", broker=os.environ.get("BENCH_BROKER"))
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late=False,
    task_default_queue=QUEUE,
    task_ignore_result=True,
    worker_disable_rate_limits=True,
    worker_prefetch_multiplier=16,
    worker_send_task_events=False,
)


@cache
def _client() -> Client:
    return peers.sdk_client(os.environ["BENCH_CARRIER"])


def job(number: int) -> None:
    """Send one text."""
    peers.send(_client(), number)


task = app.task(job, name="send")


@contextmanager
def opened(servers: Servers) -> Iterator[Round]:
    """A worker that has sent before; each round fills the queue, then lets the worker take from it."""
    broker = servers.valkey_for(1).replace("unix://", "redis+socket://").replace("?db=", "?virtual_host=")
    app.conf.broker_url = broker
    command = [sys.executable, "-m", "celery", "--app", __name__, "worker", "--loglevel", "WARNING"]
    command += ["--pool", "prefork", "--concurrency", "2"]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    env = {**os.environ, "BENCH_CARRIER": servers.carrier, "BENCH_BROKER": broker}
    with tempfile.TemporaryDirectory() as folder:
        worker = start_child(command, Path(folder) / "log", env=env)
        try:
            _until(lambda: bool(app.control.ping(timeout=0.2, limit=1)), "Celery did not start")
            app.control.cancel_consumer(QUEUE, reply=True, limit=1)
            arrivals(servers.carrier, forget=True)
            _fill(WARM_UP)
            _empty(servers.carrier, WARM_UP)
            yield lambda: _round(servers, worker.pid)
        finally:
            stop_child(worker)
            app.close()


def _round(servers: Servers, pid: int) -> dict[str, Figure]:
    _fill(TEXTS)
    return {NAME: measured(servers, [pid], TEXTS, lambda: _empty(servers.carrier, TEXTS))}


def _fill(texts: int) -> None:
    with app.producer_pool.acquire() as producer:
        for number in range(texts):
            task.apply_async((number,), producer=producer)


def _empty(carrier: str, texts: int) -> None:
    """Let the worker take tasks until the carrier has seen all texts."""
    app.control.add_consumer(QUEUE, reply=True, limit=1)
    _until(lambda: arrivals(carrier).total >= texts, "Celery did not send all texts")
    app.control.cancel_consumer(QUEUE, reply=True, limit=1)


def _until(true: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise RuntimeError(otherwise)
        time.sleep(0.05)
