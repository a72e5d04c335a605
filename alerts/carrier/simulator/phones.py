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
from alerts.language.languages import Language

if TYPE_CHECKING:
    from alerts.carrier.simulator.app import Simulator

HERE = Path(__file__).parent
FILES = {"/phones": "phones.html", "/phones/phones.css": "phones.css", "/phones/phones.js": "phones.js"}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
KEEP_ALIVE_SECONDS = 15
MOST_SHOWN = 200  # texts of one phone, the newest

# What the page says in each language, and what its buttons text. The second of ``quick`` stands for yes.
LANGUAGES: dict[str, dict[str, object]] = {
    language: {"language": language.own_name, **language.facts["phones"]} for language in Language
}
FIRST = [
    {"name": "Maria", "number": "+19095550101", "language": "es"},
    {"name": "Yasmin", "number": "+19525550102", "language": "so"},
    {"name": "James", "number": "+19095550103", "language": "en"},
]


class Watcher:
    """One open page: the phones that changed since it last heard. Changes to one phone are told once."""

    def __init__(self) -> None:
        self._changed: dict[str, None] = {}
        self._all = False
        self._news = asyncio.Event()

    def look_at(self, number: str) -> None:
        """Something changed on this phone."""
        self._changed[number] = None
        self._news.set()

    def look_at_everything(self) -> None:
        """Nothing is as it was."""
        self._all = True
        self._news.set()

    async def events(self) -> AsyncIterator[str]:
        """Server-sent events. "hello": load everything, also after a connection was lost."""
        yield "retry: 1000\nevent: hello\ndata: {}\n\n"
        while True:
            try:
                await asyncio.wait_for(self._news.wait(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            self._news.clear()
            changed, everything = self._changed, self._all
            self._changed, self._all = {}, False
            if everything:
                yield "event: hello\ndata: {}\n\n"
            for number in changed:
                yield f"data: {json.dumps({'number': number})}\n\n"


def routes(simulator: Simulator) -> list[Route]:
    """The page, its files, its words, the state of a phone, and the stream of changes."""

    async def page(request: Request) -> Response:
        return FileResponse(HERE / FILES[request.url.path], headers=HEADERS)

    async def words(request: Request) -> Response:
        return JSONResponse({"languages": LANGUAGES, "first": FIRST, "ours": simulator.config.numbers})

    async def phone(request: Request) -> Response:
        texts = simulator.carrier.phone("+" + request.path_params["digits"])
        return JSONResponse(
            [_shown(one) for one in texts[-MOST_SHOWN:]], headers={"Cache-Control": "no-store"}
        )

    async def events(request: Request) -> Response:
        return StreamingResponse(
            _watch(simulator), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    return [
        *(Route(path, page) for path in FILES),
        Route("/phones/words", words),
        Route("/simulator/phones/{digits}", phone),
        Route("/simulator/events", events),
    ]


async def _watch(simulator: Simulator) -> AsyncIterator[str]:
    watcher = Watcher()
    simulator.watchers.add(watcher)
    try:
        async for event in watcher.events():
            yield event
    finally:
        simulator.watchers.discard(watcher)


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
