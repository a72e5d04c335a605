"""The page of phones: type as a worker, see what arrives, live."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from alerts.carrier.simulator.messages import Message

if TYPE_CHECKING:
    from alerts.carrier.simulator.app import Simulator

HERE = Path(__file__).parent
FILES = {"/phones": "phones.html", "/phones/phones.css": "phones.css", "/phones/phones.js": "phones.js"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
KEEP_ALIVE_SECONDS = 15


def routes(simulator: Simulator) -> list[Route]:
    """The page, its files, the state of a phone, and the stream of changes."""

    async def page(request: Request) -> Response:
        return FileResponse(HERE / FILES[request.url.path], headers=HEADERS)

    async def phone(request: Request) -> Response:
        texts = simulator.carrier.phone("+" + request.path_params["digits"])
        return JSONResponse([_shown(one) for one in texts])

    async def events(request: Request) -> Response:
        return StreamingResponse(
            _changes(simulator), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return [
        *(Route(path, page) for path in FILES),
        Route("/simulator/phones/{digits}", phone),
        Route("/simulator/events", events),
    ]


def _shown(message: Message) -> dict[str, object]:
    return {
        "sid": message.sid,
        "mine": message.direction == "inbound",
        "body": message.body,
        "status": message.status,
        "parts": message.parts,
        "code": message.error_code,
        "at": message.created.isoformat(),
    }


async def _changes(simulator: Simulator) -> AsyncIterator[str]:
    """The number of each phone on which something changed. A page that missed some asks for all."""
    queue: asyncio.Queue[str] = asyncio.Queue()
    simulator.watchers.add(queue)
    try:
        yield "event: hello\ndata: {}\n\n"
        while True:
            try:
                number = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
            else:
                yield f"data: {json.dumps({'number': number})}\n\n"
    finally:
        simulator.watchers.discard(queue)
