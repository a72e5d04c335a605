"""Logs: one line an event, to standard error, with ids and never a number or a text."""

from __future__ import annotations

import logging

# These log what they send, or every request's address.
QUIET = ("twilio", "alerts.carrier.transport", "aiohttp.access", "uvicorn.access", "rq.worker", "rq.queue")


def configure_logs(level: str) -> None:
    """Log at ``level``; libraries that log what passes through them only from warnings on."""
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
