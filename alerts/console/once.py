"""Each form is done once: its answer is kept in the transaction of what it did (``team/presses.py``)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.said import here
from alerts.storage.engine import session_scope
from alerts.team import presses
from alerts.team.presses import Answer

REFUSED = 400  # from this status on nothing was done
KEPT = ("location", "set-cookie", "content-type", "content-security-policy")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DoneBefore(Exception):
    """The form came before. ``answer``: that of the first."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


class FormRoute(APIRoute):
    """A route of the pages: each knows where it is; forms are done once, where they say whose (``claim``)."""

    def get_route_handler(self) -> Handler:
        """FastAPI's, around which the answer is kept."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            here.set(f"{request.url.path}?{request.url.query}")
            if request.method != "POST":
                return await handle(request)
            try:
                async with session_scope() as session:
                    request.state.session = session  # what the route writes commits with its answer
                    answer = await handle(request)
                    if digest := getattr(request.state, "press", None):
                        await settle(session, digest, answer)
            except DoneBefore as done:
                return _again(done.answer)
            return answer

        return once


def press_of(request: Request, who: str, fields: Mapping[str, str]) -> bytes:
    """By what a form is recognised that ``who`` sends: a session, or what a stranger alone can know."""
    length = request.headers.get("Content-Length", "")  # what it says of a file that comes with the fields
    return presses.digest_of(who, request.url.path, request.url.query, length, fields=fields)


async def claim(request: Request, session: AsyncSession, digest: bytes, session_id: int | None) -> None:
    """Go on with a form that comes for the first time. Raises DoneBefore, and what ``presses.begin`` does."""
    await require_first(session, digest, session_id)
    request.state.press = digest


async def require_first(session: AsyncSession, digest: bytes, session_id: int | None) -> None:
    """The same for whoever settles it in a transaction of their own."""
    if answer := await presses.begin(session, digest, session_id):
        raise DoneBefore(answer)


async def settle(session: AsyncSession, digest: bytes, answer: Response) -> None:
    """Keep what was done; what was refused may be sent again."""
    if answer.status_code >= REFUSED:
        await presses.undo(session, digest)
        return
    headers = [(name, value) for name, value in answer.headers.items() if name in KEPT]
    await presses.keep(session, digest, Answer(answer.status_code, headers, bytes(answer.body).decode()))


def _again(answer: Answer) -> Response:
    given = Response(answer.body, answer.status)
    given.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    return given
