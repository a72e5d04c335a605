"""How much a request may bring: what is larger is refused before it is held in memory."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.problems import problem

MOST_OCTETS = 1_000_000
# These bound themselves: a file is read as it comes (subscribers/imports.py), forms are small.
OTHERS = ("/v1/subscribers/import", "/imports/new", "/twilio/")


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
        if scope["type"] != "http" or scope["path"].startswith(OTHERS):
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > MOST_OCTETS:
            await self._refuse(scope, receive, send)
            return
        come = 0

        async def bounded() -> Message:
            nonlocal come
            message = await receive()
            come += len(message.get("body", b""))
            # One that did not say how long it is: as if its sender had gone away.
            return {"type": "http.disconnect"} if come > MOST_OCTETS else message

        await self._app(scope, bounded, send)
