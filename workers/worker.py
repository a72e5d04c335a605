"""``python -m workers.worker``: WORKERS worker processes, each on the one queue.

No fork a job: the Twilio SDK is loaded once, connections stay open, and a killed worker leaves no
child that goes on sending. One queue a process: RQ loses the job it was taking from several.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from types import FrameType

from redis.exceptions import RedisError
from rq import SimpleWorker
from rq.serializers import JSONSerializer

import workers.jobs  # noqa: F401 - loaded before the first job, not in it
from alerts.logs import configure_logs
from alerts.settings import settings
from alerts.storage.redis import queue, redis
from workers import runtime

RETRY_SECONDS = 2.0

log = logging.getLogger(__name__)


class Worker(SimpleWorker):
    """RQ's, which finishes its job when told to stop; ours tells the job as well."""

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT came."""
        runtime.stop()
        super().request_stop(signum, frame)


def main() -> None:
    """Work until told to stop; a job under way is finished first."""
    configure_logs(settings().log_level)
    if settings().workers > 1:
        _several(settings().workers)
    else:
        _one()


def _one() -> None:
    try:
        while True:
            worker = Worker([queue()], connection=redis(), serializer=JSONSerializer)
            log.info("worker ready")
            try:
                worker.work(logging_level="WARNING")
            except (RedisError, OSError) as error:
                # Redis is away; what is owed stands in PostgreSQL, and we are here when it is back.
                log.warning("redis is away: error=%s", type(error).__name__)
                time.sleep(RETRY_SECONDS)
            else:
                return
    finally:
        runtime.close()


def _several(count: int) -> None:
    """``count`` processes; one that ends is replaced until we are told to stop."""
    command = [sys.executable, "-m", "workers.worker"]
    env = {**os.environ, "WORKERS": "1"}
    children: list[subprocess.Popen[bytes]] = []
    stopping = False

    def stop(number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            child.send_signal(number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        children = [child for child in children if child.poll() is None]
        children += [subprocess.Popen(command, env=env) for _ in range(count - len(children))]  # noqa: S603
        time.sleep(0.5)
    for child in children:
        child.wait()


if __name__ == "__main__":
    main()
