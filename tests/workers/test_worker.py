"""The worker process: what it keeps and logs of a job."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

import workers.jobs
from alerts.logs import Formatter, bound, request_id
from alerts.storage import redis as storage
from tests.jobs import work

pytestmark = pytest.mark.usefixtures("valkey")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(Formatter("worker", as_json=True).format(one)) for one in caplog.records]


async def _ask() -> None:
    with bound(request="a-request-0001"):
        await storage.enqueue("settle")


def ask() -> None:
    import asyncio

    asyncio.run(_ask())


def test_a_job_carries_the_id_of_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(workers.jobs, "settle", lambda: seen.append(request_id()))
    ask()
    work()
    assert seen == ["a-request-0001"]
    assert request_id() is None


def test_what_stays_of_a_job_that_failed_is_no_number_and_no_text(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks() -> None:
        raise ValueError("quetzal +19095550171")

    monkeypatch.setattr(workers.jobs, "settle", breaks)
    ask()
    with caplog.at_level(logging.DEBUG):
        work()
    [failed] = storage.queue().failed_job_registry.get_job_ids()
    job = storage.queue().fetch_job(failed)
    assert job is not None
    kept = str(job.latest_result().exc_string)  # type: ignore[union-attr]
    assert kept.startswith("ValueError")
    assert "breaks" in kept
    for key in storage.redis().scan_iter():
        assert b"quetzal" not in (storage.redis().dump(key) or b"")
        assert b"5550171" not in (storage.redis().dump(key) or b"")
    assert "quetzal" not in json.dumps(lines(caplog))
    assert any(one["says"] == "a job failed" and one["error"] == "ValueError" for one in lines(caplog))


def test_a_worker_loads_nothing_that_only_web_needs() -> None:
    """Ten megabytes each."""
    loaded = "import sys, workers.worker; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert "twilio" in done.stdout.split()
    assert not {"fastapi", "starlette", "jinja2", "segno"} & set(done.stdout.split())
