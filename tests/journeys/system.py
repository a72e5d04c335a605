"""The whole system in its own processes, as a host would run it, against the simulator."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.embedded import start_child, stop_child

PATIENCE_SECONDS = 120.0


class System:
    """Web, workers and clock; each can be killed and started again."""

    def __init__(self, env: dict[str, str], twilio: SimulatorServer, logs: Path) -> None:
        self.env = env
        self.twilio = twilio
        self.logs = logs
        self.url = env["PUBLIC_URL"]
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._key = ""

    def start(self, name: str) -> None:
        """Start "web", "worker" or "clock" with the command of the Procfile; also "worker-2"."""
        procfile = dict(line.split(": ", 1) for line in Path("Procfile").read_text().splitlines())
        command = ["/bin/sh", "-c", "exec " + procfile[name.partition("-")[0]]]
        self._running[name] = start_child(command, self.logs / name, env=self.env)

    def kill(self, name: str) -> None:
        """As a power cut would."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def terminate(self, name: str) -> subprocess.Popen[bytes]:
        """SIGTERM, as a host says before it takes a process away."""
        self._running[name].send_signal(signal.SIGTERM)
        return self._running[name]

    def processes(self) -> list[subprocess.Popen[bytes]]:
        """What should be running."""
        return list(self._running.values())

    def stop(self) -> None:
        """End all that runs."""
        for process in self._running.values():
            stop_child(process)

    def command(self, *arguments: str) -> str:
        """Run ``alerts``; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "alerts.cli", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def post(self, path: str, body: Any = None) -> Any:
        """POST to the API."""
        return self._call("POST", path, body)

    def patch(self, path: str, body: Any) -> Any:
        """PATCH to the API."""
        return self._call("PATCH", path, body)

    def get(self, path: str) -> Any:
        """GET from the API."""
        return self._call("GET", path, None)

    def get_if_it_answers(self, path: str) -> Any | None:
        """GET from the API; None where it cannot answer now."""
        try:
            answer = requests.get(self.url + path, headers=self.headers(), timeout=5)
        except requests.RequestException:
            return None
        return answer.json() if answer.ok else None

    def until(self, true: Callable[[], bool], patience: float = PATIENCE_SECONDS) -> float:
        """Wait for it; how long it took, in seconds."""
        started = time.monotonic()
        while not true():
            assert time.monotonic() < started + patience, self.everything_logged()[-3000:]
            time.sleep(0.05)
        return time.monotonic() - started

    def ready(self) -> bool:
        """Whether every part is there."""
        try:
            return requests.get(self.url + "/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def everything_logged(self) -> str:
        """All that web, worker and clock logged."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.logs.iterdir()))

    def _call(self, method: str, path: str, body: Any) -> Any:
        answer = requests.request(method, self.url + path, json=body, headers=self.headers(), timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def headers(self) -> dict[str, str]:
        """Those of somebody who may use the API."""
        self._key = self._key or self.command("key", "create", "journey")
        return {"Authorization": f"Bearer {self._key}"}


def free_port() -> int:
    """A port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    env: dict[str, str],
    twilio: SimulatorServer,
    logs: Path,
    parts: Sequence[str] = ("web", "worker", "clock"),
    kind: type[System] = System,
) -> Iterator[System]:
    """A system that is ready to work."""
    system = kind({**os.environ, **env}, twilio, logs)
    system.command("migrate")
    try:
        for name in parts:
            system.start(name)
        system.until(system.ready)
        yield system
    finally:
        system.stop()
