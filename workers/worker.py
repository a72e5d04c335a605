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
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import Any

from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, worker_registration
from rq.exceptions import StopRequested
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

import workers.jobs  # noqa: F401 - loaded before the first job, not in it
from alerts import export
from alerts.ending import Deadline
from alerts.logs import bound, configure_logs, where
from alerts.settings import settings
from alerts.storage.meters import JOBS, observe
from alerts.storage.redis import WORKER_BEATS_SECONDS, WORKER_SILENT_SECONDS, queue, redis
from workers import runtime

RETRY_SECONDS = 2.0

log = logging.getLogger("workers.worker")  # __name__ is __main__ here


class Worker(SimpleWorker):
    """RQ's, which finishes its job when told to stop; ours tells the job as well, and says that it lives.

    RQ's own says so between jobs, and for minutes in advance. ``deadline``: when it must be over, once told.
    """

    max_connection_wait_time = RETRY_SECONDS
    deadline: Deadline | None = None

    def register_birth(self) -> None:
        """From now on it beats, also while it works."""
        super().register_birth()
        self._over = threading.Event()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()

    def register_death(self) -> None:
        """Its heart stands still first: it must not be born again."""
        self._over.set()
        super().register_death()

    def _beat(self) -> None:
        while not self._over.wait(WORKER_BEATS_SECONDS):
            with suppress(RedisError, OSError):
                self.heartbeat()

    def heartbeat(
        self,
        timeout: int | None = None,  # noqa: ARG002 - RQ would have it live for as long as a job may take
        pipeline: Pipeline | None = None,
    ) -> None:
        """It lives, whatever it does, for WORKER_SILENT_SECONDS; a Redis that was emptied knows it again."""
        pipe = self.connection.pipeline() if pipeline is None else pipeline
        super().heartbeat(WORKER_SILENT_SECONDS, pipe)
        pipe.hset(self.key, mapping=self.serialize())
        worker_registration.register(self, pipe)
        if pipeline is None:
            pipe.execute()

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT came. A second one changes nothing, and does not break off what the first began.

        Hosts tell each process of a service, and so does the process that started us.
        """
        if runtime.stopping():
            return
        if self.deadline is not None:
            self.deadline.begin()
        runtime.stop()
        super().request_stop(signum, frame)

    request_force_stop = request_stop

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """What is logged meanwhile carries the job's id, and that of the request that asked for it."""
        began = time.perf_counter()
        with bound(job=job.id, request=job.meta.get("request")):
            name = str(job.func_name).removeprefix("workers.jobs.")
            with export.span(f"job {name}", job=job.id):
                done: bool = super().perform_job(job, queue, execution)
            took = time.perf_counter() - began
            observe(JOBS, took, name, "yes" if done else "no")
            log.info("job done: name=%s good=%s ms=%.0f", name, "yes" if done else "no", took * 1000)
        return done

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """Only the kind of error and its place: RQ would log its words, which may hold a number or a text."""
        log.error("a job failed: name=%s error=%s", job.func_name, exc_info[0].__name__, exc_info=exc_info)
        export.report(exc_info[1], name=str(job.func_name))

    def handle_job_failure(self, job: Job, queue: Queue, *args: Any, **more: Any) -> None:
        """The same of what is kept in Redis of it."""
        kind, error, trace = sys.exc_info()
        if kind is not None:
            more["exc_string"] = "\n".join(where(kind, error, trace))
        super().handle_job_failure(job, queue, *args, **more)


def main() -> None:
    """Work until told to stop; a job under way is finished first."""
    configure_logs(settings().log_level, "worker")
    if settings().workers > 1:
        _several(settings().workers)
    else:
        _one()


def _one() -> None:
    export.start("worker")
    Worker.deadline = Deadline()
    try:
        while not runtime.stopping():
            # The shorter its life, the sooner it sees that Redis does not answer any more.
            worker = Worker(
                [queue()],
                connection=redis(),
                serializer=JSONSerializer,
                worker_ttl=WORKER_SILENT_SECONDS,
            )
            log.info("worker ready")
            try:
                worker.work(logging_level="WARNING")
            except StopRequested:  # while it began, or Redis was away
                return
            except (RedisError, OSError) as error:
                # Redis is away; what is owed stands in PostgreSQL, and we are here when it is back.
                log.warning("redis is away: error=%s", type(error).__name__)
            if not runtime.stopping():  # RQ also ends without a word where Redis does not answer in time
                with suppress(StopRequested):
                    time.sleep(RETRY_SECONDS)
    finally:
        runtime.close()
        export.stop()


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
    for child in children:  # also one that was just being started
        child.terminate()
    for child in children:
        child.wait()


if __name__ == "__main__":
    main()
