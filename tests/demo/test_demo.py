"""``alerts demo``: the story comes true from nothing, and however it ends, nothing is left running."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from rich.console import Console

from alerts.demo.http import Http
from alerts.demo.processes import EndedEarly, Processes, commands
from alerts.demo.story import NotSeen, Story
from tests.journeys.system import free_port

PATIENCE_SECONDS = 240  # for what hangs; where nothing does, no test takes as long


class Demo:
    """One run of the demo, its folder of temporary files, and a mark that all of its processes bear."""

    def __init__(self) -> None:
        self._mark = f"ALERTS_TEST_MARK={secrets.token_hex(8)}"
        self.folder = Path(tempfile.mkdtemp(prefix="alerts-test-"))
        self.folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        env = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        name, _, value = self._mark.partition("=")
        return subprocess.Popen(
            [sys.executable, "-m", "alerts.cli", "demo", *arguments],
            env={**env, name: value, "TMPDIR": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def running(self) -> list[str]:
        """The command lines of the processes that are left."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark.encode() in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_text("utf-8", "replace").replace("\0", " "))
            except OSError:  # somebody else's, or just gone
                continue
        return found

    def wait_for(self, command: str) -> None:
        """Until a process of it has ``command`` in its command line."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(command in one for one in self.running()):
            assert time.monotonic() < deadline, command
            time.sleep(0.02)  # some of them live for a second


@pytest.fixture
def demo() -> Iterator[Demo]:
    made = Demo()
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


@contextmanager
def two_taken_ports() -> Iterator[int]:
    """A port, and the next, that nobody else can have meanwhile; the first of them."""
    while True:
        with ExitStack() as taken:
            port: int = taken.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            try:
                taken.enter_context(socket.create_server(("127.0.0.1", port + 1)))
            except (OSError, OverflowError):
                continue
            yield port
            return


def test_the_story_comes_true_even_where_its_ports_are_taken(demo: Demo) -> None:
    with two_taken_ports() as port:
        process = demo.start("--once", "--port", str(port))
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, said[-6000:]
    assert "Every step was seen to be true." in said
    assert list(demo.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("when", "number"),
    [
        ("alerts.cli demo", signal.SIGTERM),
        ("postgres -D", signal.SIGINT),
        ("valkey", signal.SIGTERM),
        ("alerts.cli migrate", signal.SIGINT),
        ("alerts.cli key", signal.SIGTERM),
        ("carrier.simulator", signal.SIGINT),
        ("uvicorn", signal.SIGTERM),
        ("workers.clock", signal.SIGTERM),
    ],
)
def test_stopped_while_it_starts_it_leaves_nothing(demo: Demo, when: str, number: signal.Signals) -> None:
    process = demo.start("--once", "--port", str(free_port()))
    demo.wait_for(when)
    process.send_signal(number)
    process.send_signal(number)  # an impatient person does it twice
    said, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode != 0, said
    assert demo.running() == []
    assert list(demo.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a killed demo leaves its processes")
def test_killed_it_leaves_no_process(demo: Demo) -> None:
    process = demo.start("--once", "--port", str(free_port()))
    demo.wait_for("workers.clock")
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := demo.running():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_a_process_that_ends_early_is_named_with_its_last_words(tmp_path: Path) -> None:
    why = r"(?s)simulator ended with status 3.*address already in use"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        simulator = commands(str(taken.getsockname()[1]))["simulator"]
        running = Processes({"simulator": simulator}, dict(os.environ), tmp_path)
        with running, pytest.raises(EndedEarly, match=why):
            _until_it_ends(running)


def _until_it_ends(running: Processes) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        running.check()
        time.sleep(0.05)


def test_a_step_that_does_not_come_true_ends_it_with_an_error() -> None:
    class NoSuchAnswer(Http):
        def get(self, path: str) -> object:
            return {"people": 0, "parts": 0, "languages": {}, "phones": {}}

        def post(self, path: str, body: object = None) -> object:
            return {"id": 1, "http_status": 200, "answers": ["something else"]}

    story = Story(Console(quiet=True), NoSuchAnswer("http://web"), NoSuchAnswer("http://phones"))
    with pytest.raises(NotSeen, match="Maria is welcomed in es"):
        story.play()
