"""How much a request may bring, and how slowly: what is larger is refused before it is held in memory."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alerts.errors import DomainError
from alerts.problems import problem
from alerts.subscribers import imports

MOST_OCTETS = 1_000_000
# Files are read as they come, and never held. Who reads them says first, and in words, what is too much.
FILES = {"/v1/subscribers/import": b"text/csv", "/imports/new": b"multipart/form-data"}
MOST_OCTETS_WITH_A_FILE = imports.MOST_OCTETS + MOST_OCTETS
MOST_SILENCE = 45.0  # seconds; PostgreSQL gives up a transaction in which nothing happens a little later
WEBHOOKS = "/twilio/"  # they bound themselves (carrier/webhooks.py)


class BrokeOff(DomainError):
    """The body of a request stopped coming: its sender is gone, or their signal."""

    status = 408
    code = "broke_off"

    def __init__(self) -> None:
        super().__init__("What was sent stopped coming. Nothing of it was kept: send it again.")


class TooMuch(DomainError):
    """A body that did not say how long it is, and is too long."""

    status = 413
    code = "too_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"A request has at most {most:,} octets.")


async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: the answer that programs get."""
    error = TooMuch(MOST_OCTETS)
    await problem(error.status, error.code, str(error))(scope, receive, send)


class BoundedBodies:
    """Answers 413, by ``refuse``, to a body of more than ``MOST_OCTETS``.

    Where somebody reads one: raises TooMuch of one that does not say how long it is, BrokeOff where it stops.
    """

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
        come, most, whole = 0, MOST_OCTETS_WITH_A_FILE if is_a_file else MOST_OCTETS, False

        async def bounded() -> Message:
            nonlocal come, whole
            if whole:  # from now on it is asked whether somebody waits for the answer still
                return await receive()
            try:
                async with asyncio.timeout(MOST_SILENCE):
                    message = await receive()
            except TimeoutError:
                raise BrokeOff from None
            if message["type"] == "http.disconnect":
                raise BrokeOff
            whole = not message.get("more_body", False)
            come += len(message.get("body", b""))
            if come > most:
                raise TooMuch(most)
            return message

        await self._app(scope, bounded, send)
