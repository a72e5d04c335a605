"""The demo's processes: started as the Procfile says, watched, and ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from shlex import quote
from types import FrameType, TracebackType

from alerts.storage.embedded import start_child, stop_child

ROOT = Path(__file__).parents[2]
LOG_END = 3000  # characters of a log that are shown where something went wrong


class EndedEarly(Exception):
    """A process of the demo ended by itself; the message holds the end of its log."""


def commands(simulator_port: str) -> dict[str, list[str]]:
    """The simulator, and web, worker and clock with the commands of the Procfile."""
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    procfile = dict(line.split(": ", 1) for line in lines)
    there = f"cd {quote(str(ROOT))} && exec "
    simulator = [sys.executable, "-m", "alerts.carrier.simulator", "--port", simulator_port]
    house = {name: ["/bin/sh", "-c", there + procfile[name]] for name in ("web", "worker", "clock")}
    return {"simulator": simulator, **house}


class Processes:
    """``with Processes(commands, env, folder) as running``: each logs to ``folder``.

    Not under a process manager: when that dies, or is told to stop while it starts, what it started
    stays. These end with us, however we end (``start_child``).
    """

    def __init__(self, wanted: Mapping[str, list[str]], env: dict[str, str], folder: Path) -> None:
        self._wanted = wanted
        self._env = env
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        for name, command in self._wanted.items():
            self._running[name] = start_child(command, self._folder / name, env=self._env)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        for process in self._running.values():
            stop_child(process)
            with suppress(ProcessLookupError):  # what it started itself, if any of that is left
                os.killpg(process.pid, signal.SIGKILL)

    def check(self) -> None:
        """Raises EndedEarly for a process that ended by itself."""
        for name, process in self._running.items():
            status = process.poll()
            if status is not None:
                raise EndedEarly(f"{name} ended with status {status}.\n{self._end_of(name)}")

    def logs(self) -> str:
        """The end of each log."""
        return "\n".join(f"--- {name}\n{self._end_of(name)}" for name in self._running)

    def _end_of(self, name: str) -> str:
        return (self._folder / name).read_text(errors="replace")[-LOG_END:].strip()


class Ending:
    """Ctrl-C and SIGTERM: heeded once, and never while something is half started or half ended."""

    def __init__(self) -> None:
        self._wanted = False
        self._at_ease = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._heard)

    def check(self) -> None:
        """Raises KeyboardInterrupt where a signal came meanwhile."""
        if self._wanted:
            raise KeyboardInterrupt

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """In this block a signal raises KeyboardInterrupt at once; so does one that came before it."""
        self._at_ease = True
        try:
            self.check()
            yield
        finally:
            self._at_ease = False

    def _heard(self, _number: int, _frame: FrameType | None) -> None:
        self._wanted = True
        if self._at_ease:
            self._at_ease = False
            raise KeyboardInterrupt
