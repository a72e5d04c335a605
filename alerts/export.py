"""Traces by OpenTelemetry and errors for Sentry, where the environment asks for them.

Never a number or a text: only what is named here leaves. Routes, statuses, names of jobs, ids of
requests, and of an error its kind and the places it came through (docs/decisions/export.md). FastAPI's
own telemetry would send addresses, refused values and the words of errors; it is turned off in
``main``. Without OTEL_EXPORTER_OTLP_ENDPOINT and SENTRY_DSN nothing here does anything, and its
libraries (the extra ``export``) need not be installed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from alerts.logs import request_id, short, where
from alerts.settings import BadSettings, settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

STOP_SECONDS = 1.0  # for what is not sent yet, when the process ends
MISSING = "{name} is set, and the libraries for it are not there: pip install -r requirements-export.lock"

_tracing: TracerProvider | None = None
_sentry: Any = None  # the client, not Sentry's global one: nothing else may send through it
_process = ""


def start(process: str) -> None:
    """Once a process. Raises BadSettings where the libraries for what is asked for are missing."""
    global _process  # noqa: PLW0603 - one a process
    _process = process
    if endpoint := settings().otel_exporter_otlp_endpoint:
        _start_tracing(str(endpoint))
    if dsn := settings().sentry_dsn:
        _start_sentry(dsn.get_secret_value())


def stop() -> None:
    """What is not sent yet is sent, as far as STOP_SECONDS go; nothing is exported any more."""
    global _tracing, _sentry  # noqa: PLW0603 - one a process
    ends: list[Callable[[], object]] = [_tracing.shutdown] if _tracing is not None else []
    if _sentry is not None:
        ends.append(partial(_sentry.close, timeout=STOP_SECONDS))
    _tracing = _sentry = None
    # Where nobody answers, either waits for longer than the process may.
    threads = [threading.Thread(target=end, daemon=True) for end in ends]
    for thread in threads:
        thread.start()
    until = time.monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


def tracing() -> bool:
    """Whether traces are asked for."""
    return _tracing is not None


@contextmanager
def span(name: str, **facts: str | int | None) -> Iterator[Span | None]:
    """What happens inside, as a span with ``facts`` and the request's id; None where nobody asked for it."""
    if _tracing is None:
        yield None
        return
    from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - only where it is asked for

    tracer = _tracing.get_tracer("alerts")
    # Not by itself: it would add the words of what is raised.
    with tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=False) as one:
        one.set_attributes(_named(facts))
        try:
            yield one
        except BaseException:
            one.set_status(Status(StatusCode.ERROR))
            raise


def name_request(one: Span | None, method: str, route: str, status: int) -> None:
    """What a span was for, when that is known."""
    if one is not None:
        one.update_name(f"{method} {route}")
        one.set_attributes(
            {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )


def report(error: BaseException, **facts: str | int | None) -> None:
    """Tell of an error that is ours: its kind, its places, and ``facts``."""
    if _sentry is not None:
        _sentry.capture_event(_event(error, facts))
    if _tracing is not None:
        kind, *places = where(type(error), error, error.__traceback__)
        with _tracing.get_tracer("alerts").start_as_current_span("error") as one:
            one.set_attributes(_named(facts))
            one.add_event("exception", {"exception.type": kind, "exception.stacktrace": "\n".join(places)})


def _named(facts: dict[str, str | int | None]) -> dict[str, str | int]:
    request = request_id()
    found = {f"alerts.{name}": value for name, value in facts.items() if value is not None}
    return {**found, "alerts.process": _process, **({"alerts.request": request} if request else {})}


def _event(error: BaseException, facts: dict[str, str | int | None]) -> dict[str, Any]:
    """An error as Sentry takes it, with nothing in it but what stands here."""
    frames, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        path = short(code.co_filename)
        frames.append(
            {
                "filename": path,
                "function": code.co_name,
                "lineno": trace.tb_lineno,
                "in_app": path.startswith(("alerts/", "workers/")) or "/alerts/" in path,
            }
        )
        trace = trace.tb_next
    exception = {"type": type(error).__name__, "value": "", "stacktrace": {"frames": frames}}
    return {
        "level": "error",
        "platform": "python",
        "exception": {"values": [exception]},
        "tags": {name.removeprefix("alerts."): str(value) for name, value in _named(facts).items()},
    }


def _start_tracing(endpoint: str) -> None:
    global _tracing  # noqa: PLW0603 - one a process
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        raise BadSettings(MISSING.format(name="OTEL_EXPORTER_OTLP_ENDPOINT")) from None
    # Not the global one: only what is written here goes through it.
    _tracing = TracerProvider(resource=Resource.create({"service.name": "alerts"}), shutdown_on_exit=False)
    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    _tracing.add_span_processor(BatchSpanProcessor(exporter))


def _start_sentry(dsn: str) -> None:
    global _sentry  # noqa: PLW0603 - one a process
    try:
        from sentry_sdk import Client  # noqa: PLC0415
    except ImportError:
        raise BadSettings(MISSING.format(name="SENTRY_DSN")) from None
    _sentry = Client(
        dsn=dsn,
        default_integrations=False,
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        send_client_reports=False,
        auto_session_tracking=False,
        server_name="alerts",
    )
