"""One RQ job a text: a SimpleWorker (no fork a job), JSON jobs, one SDK client for the whole process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from twilio.rest import Client

from bench import peers
from bench.measure import Child, Figure, Round, Servers, measured, obey

NAME = "one RQ job a text"
TEXTS = 600
WARM_UP = 50
JOB = "bench.peers.rq_job_a_text.job"


@cache
def _client() -> Client:
    return peers.sdk_client(os.environ["BENCH_CARRIER"])


def job(number: int) -> None:
    """Send one text."""
    peers.send(_client(), number)


def _queue(valkey: str) -> Queue:
    return Queue("bench", connection=Redis.from_url(valkey), serializer=JSONSerializer)


@contextmanager
def opened(servers: Servers) -> Iterator[Round]:
    """A worker that has sent before; each round fills the queue, then lets the worker empty it."""
    valkey = servers.valkey_for(2)
    queue = _queue(valkey)

    def fill(texts: int) -> None:
        # RQ's own options: to keep no results (result_ttl=0) is slower, as it deletes job by job.
        queue.enqueue_many([Queue.prepare_data(JOB, (number,)) for number in range(texts)])

    with Child(__name__, env={"BENCH_CARRIER": servers.carrier, "BENCH_VALKEY": valkey}) as worker:
        fill(WARM_UP)
        worker.ask(WARM_UP)

        def round_() -> dict[str, Figure]:
            fill(TEXTS)
            return {NAME: measured(servers, [worker.pid], TEXTS, lambda: worker.ask(TEXTS))}

        yield round_


def main() -> None:
    """The worker's process: works until the queue is empty, each time it is told to."""
    queue = _queue(os.environ["BENCH_VALKEY"])

    def work(_texts: int) -> bool:
        worker = SimpleWorker([queue], connection=queue.connection, serializer=JSONSerializer)
        return worker.work(burst=True, logging_level="WARNING")

    obey(work)


if __name__ == "__main__":
    main()
