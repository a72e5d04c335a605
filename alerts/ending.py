"""The last resort of a process that was told to end: it ends before its host kills it, whatever hangs.

No more is lost by it than by that kill: what was claimed is settled, what was not committed is not there.
"""

from __future__ import annotations

import logging
import os
import threading

END_SECONDS = 9.0  # after SIGTERM; hosts kill a second later
DRAINED_SECONDS = 2.0  # for what is left when web has drained, for which uvicorn gives it 7 seconds

log = logging.getLogger(__name__)


class Deadline:
    """A thread that waits for ``begin``, and ``seconds`` later ends the process; there before it is needed.

    To start a thread takes locks, and a signal's handler may interrupt whoever holds them.
    """

    def __init__(self, seconds: float = END_SECONDS) -> None:
        self._seconds = seconds
        self._told = threading.Event()
        self._done = threading.Event()
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def begin(self) -> None:
        """From now on it counts. May be called in a signal's handler."""
        self._told.set()

    def cancel(self) -> None:
        """The process need not end any more."""
        self._done.set()
        self._told.set()

    def _watch(self) -> None:
        self._told.wait()
        if not self._done.wait(self._seconds):
            log.warning("told to end, and something hangs: ends without it")
            os._exit(0)
