"""Each request has an id: in its answer, in every line that is logged meanwhile, in the jobs it asks for."""

from __future__ import annotations

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts import export
from alerts.logs import bind_request, new_id
from alerts.storage.meters import REQUESTS, observe

NAME = b"x-request-id"
WEBHOOKS = "/twilio/"
API = "/v1/"
CLASSES = {number: f"{number}xx" for number in range(1, 6)}
READS = frozenset({"GET", "HEAD", "OPTIONS"})

log = logging.getLogger(__name__)


def _id_of(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == NAME:
            return new_id(value.decode("latin-1"))
    return new_id()


def _kind(path: str) -> str:
    if path.startswith(WEBHOOKS):
        return "webhook"
    return "api" if path.startswith(API) else "page"


def _route(scope: Scope) -> str:
    """Not the path: people put numbers there."""
    return str(getattr(scope.get("route"), "path", "?"))


class Requests:
    """Gives each request its id: that of ``X-Request-Id`` where it is fit to be one. The outermost of all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = _id_of(scope)
        kind = _kind(scope["path"])
        began, status, took = time.perf_counter(), 500, 0.0

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                nonlocal status, took
                status, took = message["status"], time.perf_counter() - began
                message["headers"] = [*message.get("headers", ()), (NAME, request.encode())]
            await send(message)

        bind_request(request)
        try:
            if kind != "webhook" and export.tracing():  # of those there are too many
                with export.span("request") as one:
                    try:
                        await self._app(scope, receive, with_id)
                    finally:
                        export.name_request(one, scope["method"], _route(scope), status)
            else:
                await self._app(scope, receive, with_id)
        finally:
            took = took or time.perf_counter() - began
            observe(REQUESTS, took, kind, CLASSES[status // 100])
            self._say(scope, kind, status, took)

    @staticmethod
    def _say(scope: Scope, kind: str, status: int, seconds: float) -> None:
        """What changes something is logged, and what failed; by its route: in paths people put numbers."""
        changes = kind != "webhook" and scope["method"] not in READS
        level = logging.WARNING if status >= 500 else logging.INFO if changes else logging.DEBUG
        if log.isEnabledFor(level):
            told = "answered: method=%s route=%s status=%s ms=%.0f"
            log.log(level, told, scope["method"], _route(scope), status, seconds * 1000)
