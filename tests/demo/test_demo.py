"""``alerts demo --once``: the story comes true from nothing, and nothing is left running."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.journeys.system import free_port


def test_the_story_comes_true() -> None:
    without = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, "-m", "alerts.cli", "demo", "--once", "--port", str(free_port())],
        env=without,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Every step was seen to be true." in done.stdout


def test_a_step_that_does_not_come_true_ends_it_with_an_error() -> None:
    from alerts.demo.http import Http
    from alerts.demo.story import NotSeen, Story

    class NoSuchAnswer(Http):
        def get(self, path: str) -> object:
            return {"people": 0, "parts": 0, "languages": {}, "phones": {}}

        def post(self, path: str, body: object = None) -> object:
            return {"id": 1, "http_status": 200, "answers": ["something else"]}

    import pytest
    from rich.console import Console

    story = Story(Console(quiet=True), NoSuchAnswer("http://web"), NoSuchAnswer("http://phones"))
    with pytest.raises(NotSeen, match="Maria is welcomed in es"):
        story.play()
