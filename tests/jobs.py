"""RQ's worker, in the process of the test, until nothing waits."""

from __future__ import annotations

import signal

from rq.serializers import JSONSerializer

from alerts.storage.redis import queue, redis
from workers.worker import Worker


def work() -> None:
    """Do what waits. The signals of the test's own process stay as they are."""
    held = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        Worker([queue()], connection=redis(), serializer=JSONSerializer).work(burst=True)
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)
