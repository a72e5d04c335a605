"""How much a request may bring: what is larger is refused before it is held in memory."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.problems import problem
from alerts.subscribers import imports

MOST_OCTETS = 1_000_000
# Files are read as they come, and never held. Who reads them says first, and in words, what is too much.
FILES = {"/v1/subscribers/import": b"text/csv", "/imports/new": b"multipart/form-data"}
MOST_OCTETS_WITH_A_FILE = imports.MOST_OCTETS + MOST_OCTETS
WEBHOOKS = "/twilio/"  # they bound themselves (carrier/webhooks.py)


async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: the answer that programs get."""
    words = f"A request has at most {MOST_OCTETS:,} octets."
    await problem(413, "too_large", words)(scope, receive, send)


class BoundedBodies:
    """Answers 413, by ``refuse``, to a body of more than ``MOST_OCTETS``."""

    def __init__(self, app: ASGIApp, refuse: ASGIApp) -> None:
        self._app, self._refuse = app, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"].startswith(WEBHOOKS):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        file = FILES.get(scope["path"])
        is_a_file = file is not None and headers.get(b"content-type", b"").lower().startswith(file)
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or (int(length) > MOST_OCTETS and not is_a_file):
            await self._refuse(scope, receive, send)
            return
        come, most = 0, MOST_OCTETS_WITH_A_FILE if is_a_file else MOST_OCTETS

        async def bounded() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            # One that did not say how long it is: as if its sender had gone away.
            return {"type": "http.disconnect"} if come > most else message

        await self._app(scope, bounded, send)
