"""What leaves as traces and errors: by a list of what may, and never a number or a text."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from fastapi import APIRouter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from sqlalchemy import text

import workers.jobs
from alerts import export
from alerts.main import app
from alerts.settings import settings
from alerts.storage import redis as storage
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.jobs import work

pytestmark = pytest.mark.anyio
MARKS = (b"quetzal", b"9095550171", b"5550171", b"secret-token")
MAY_LEAVE = {
    "alerts.process",
    "alerts.request",
    "alerts.method",
    "alerts.route",
    "alerts.alert",
    "alerts.job",
    "alerts.name",
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "exception.type",
    "exception.stacktrace",
}
received: list[tuple[str, bytes]] = []


class Collector(BaseHTTPRequestHandler):
    """Takes whatever is posted."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        received.append(
            (self.path, gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
        )
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *given: object) -> None:
        """Nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Traces and errors go to a collector on loopback."""
    received.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"127.0.0.1:{server.server_port}"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{here}")
    monkeypatch.setenv("SENTRY_DSN", f"http://key@{here}/1")
    settings.cache_clear()
    export.start("web")
    yield
    export.stop()
    server.shutdown()
    server.server_close()
    monkeypatch.undo()
    settings.cache_clear()


async def _ask_for_what_breaks(api: Api) -> None:
    router = APIRouter()

    @router.get("/breaks/{word}")
    async def breaks(word: str) -> None:
        secret = "secret-token"  # noqa: F841 - a local variable
        raise ValueError(f"cannot text {word} +19095550171")

    @router.get("/refused")
    async def refused() -> None:
        async with session_scope() as session:
            await session.execute(text("SELECT no_such_function(:word)"), {"word": "quetzal of +19095550171"})

    app.router.routes[:0] = router.routes
    try:
        for path in ("/breaks/quetzal?phone=9095550171", "/refused"):
            answer = await api.client.get(path, headers={"X-Request-Id": "traced-0001"})
            assert answer.status_code == 500
    finally:
        del app.router.routes[:2]
    await api.client.post("/v1/subscribers/find", json={"phone": "+19095550171 quetzal"})


@pytest.mark.usefixtures("collector")
async def test_errors_leave_without_their_words(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await _ask_for_what_breaks(api)
    monkeypatch.setattr(workers.jobs, "settle", _broken_job)
    await storage.enqueue("settle")
    work()
    export.stop()

    everything = b"\n".join(path.encode() + body for path, body in received)
    assert not [mark for mark in MARKS if mark in everything]
    events = [body for path, body in received if path.endswith("/envelope/")]
    assert len(events) == 3
    for event, kind in zip(events, (b"ValueError", b"ProgrammingError", b"KeyError"), strict=True):
        assert kind in event
        assert b'"lineno"' in event
    assert b"traced-0001" in events[0]
    assert b"/breaks/{word}" in events[0]


def _broken_job() -> None:
    raise KeyError("quetzal +19095550171")


@pytest.mark.usefixtures("collector")
async def test_spans_hold_what_may_leave_and_nothing_else(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await _ask_for_what_breaks(api)
    monkeypatch.setattr(workers.jobs, "settle", _broken_job)
    await storage.enqueue("settle")
    work()
    await api.status(1, "SM" + "0" * 32, "sent")
    export.stop()

    spans = [span for path, body in received if path == "/v1/traces" for span in _spans(body)]
    names = [span.name for span in spans]
    for name in ("GET /breaks/{word}", "POST /v1/subscribers/find", "job settle", "error"):
        assert name in names
    attributes = {one.key for span in spans for one in span.attributes}
    attributes |= {one.key for span in spans for event in span.events for one in event.attributes}
    assert attributes <= MAY_LEAVE
    assert names.count("error") == 3
    assert not [name for name in names if "twilio" in name]


def _spans(body: bytes) -> list[Any]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span for one in request.resource_spans for scope in one.scope_spans for span in scope.spans]


async def test_without_a_wish_nothing_is_exported(api: Api) -> None:
    assert not export.tracing()
    with export.span("request") as one:
        assert one is None
    export.report(ValueError("quetzal"))
    assert received == [] or not export.tracing()


@pytest.mark.usefixtures("collector")
async def test_the_frameworks_own_telemetry_is_off() -> None:
    assert not app._native_telemetry.enabled()
