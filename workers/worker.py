"""``python -m workers.worker``: one worker process, on one queue.

No fork a job: the Twilio SDK is loaded once, connections stay open, and a killed worker leaves no
child that goes on sending. One queue a process: RQ loses the job it was taking from several.
"""

from __future__ import annotations

import logging

from rq import SimpleWorker
from rq.serializers import JSONSerializer

import workers.jobs  # noqa: F401 - loaded before the first job, not in it
from alerts.logs import configure_logs
from alerts.settings import settings
from alerts.storage.redis import queue, redis
from workers import runtime

log = logging.getLogger(__name__)


def main() -> None:
    """Work until told to stop; a job under way is finished first."""
    configure_logs(settings().log_level)
    worker = SimpleWorker([queue()], connection=redis(), serializer=JSONSerializer)
    log.info("worker ready")
    try:
        worker.work(logging_level="WARNING")
    finally:
        runtime.close()


if __name__ == "__main__":
    main()
