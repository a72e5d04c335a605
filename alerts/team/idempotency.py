"""``Idempotency-Key`` on a POST: sent again, it is answered again and done once.

As in the IETF's draft "The Idempotency-Key HTTP Header Field": a phone on bad signal does not know
whether its request came through, and must be able to send it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message

from alerts.errors import Conflict, DomainError
from alerts.storage.engine import session_scope
from alerts.storage.sealing import sealer
from alerts.team.keys import WrongKey, key_holder
from alerts.team.models import Idempotency

KEPT = timedelta(hours=24)
MOST_CHARACTERS = 255

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BadIdempotencyKey(DomainError):
    """A key that is empty, too long, or not of visible ASCII characters."""

    status = 400
    code = "bad_idempotency_key"

    def __init__(self) -> None:
        super().__init__(
            f"An Idempotency-Key has 1 to {MOST_CHARACTERS} visible ASCII characters, such as a UUID."
        )


class IdempotencyKeyReused(DomainError):
    """The key came before, with another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Use a new one for each.")


class ShownOnce(Conflict):
    """The same request came before, and was answered with a secret that is not kept."""

    code = "shown_once"

    def __init__(self) -> None:
        super().__init__(
            "This was done already, and its answer held a secret that is shown once and not kept. If you"
            " never got it, end what was made, and ask for another with a new Idempotency-Key."
        )


class IdempotentRoute(APIRoute):
    """A route whose POSTs are done once for each ``Idempotency-Key`` of an API key, within a day."""

    def get_route_handler(self) -> Handler:
        """FastAPI's, around which the answer is kept in the transaction of what it answers."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key = request.headers.get("Idempotency-Key")
            if key is None or request.method != "POST":
                return await handle(request)
            if not (0 < len(key) <= MOST_CHARACTERS and key.isascii() and key.isprintable()):
                raise BadIdempotencyKey
            return await _once(request, key, handle)

        return once


async def _once(request: Request, key: str, handle: Handler) -> Response:
    """The answer of the first such request; a second at the same moment waits for it.

    A request that fails leaves nothing: it may be sent again with the same key. Nothing of a body is read
    before it is known whose it is.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise WrongKey
    asked = _Asked(request)
    async with session_scope() as session:
        owner = await key_holder(session, token)
        if before := await _before(session, owner.id, key):
            return await _again(before, asked)
        row = insert(Idempotency).values(api_key_id=owner.id, key=_name(key), request=b"")
        if await session.scalar(row.on_conflict_do_nothing().returning(Idempotency.key)) is None:
            before = await _before(session, owner.id, key)
            assert before is not None  # noqa: S101 - the one that we waited for has committed
            return await _again(before, asked)
        request.state.session = session  # what the route writes commits with its answer
        try:
            answer = await handle(Request(request.scope, asked.receive))
        except DomainError as error:
            if error.stays:  # but this row: it may be sent again
                await session.execute(delete(Idempotency).where(*_is(owner.id, key)))
            raise
        known = await session.get_one(Idempotency, (owner.id, _name(key)))
        known.asked, known.status = await asked.whole(), answer.status_code
        if not getattr(request.state, "shown_once", False):
            known.answer = bytes(answer.body).decode()
    return answer


class _Asked:
    """A request as it comes, of which nothing is held, and by what it is recognised."""

    def __init__(self, request: Request) -> None:
        self._receive, self._more = request.receive, True
        self._digest = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode())

    async def receive(self) -> Message:
        """ASGI: the next piece of the body. Raises BrokeOff, TooMuch."""
        message = await self._receive()
        self._digest.update(message.get("body", b""))
        self._more = bool(message.get("more_body"))
        return message

    async def whole(self) -> str:
        """SHA-256 of path, query and body, read to its end, in hexadecimal."""
        while self._more:
            await self.receive()
        return self._digest.hexdigest()


def _is(owner: int, key: str) -> tuple[ColumnElement[bool], ...]:
    return Idempotency.api_key_id == owner, Idempotency.key == _name(key)


def _name(key: str) -> str:
    # A program may have made it of a number.
    return sealer().digest(key).hex()


async def _before(session: AsyncSession, owner: int, key: str) -> Idempotency | None:
    """What came with this key before, whichever of the present sealing keys was the newest then."""
    names = [digest.hex() for digest in sealer().digests(key)]
    # The release before wrote the key as it is.
    query = select(Idempotency).where(Idempotency.api_key_id == owner, Idempotency.key.in_([*names, key]))
    return (await session.scalars(query)).first()


async def _again(before: Idempotency, asked: _Asked) -> Response:
    whole = await asked.whole()
    # The release before kept the hash unsealed, and another of files: those of its last day are refused.
    if whole != (before.asked or before.request.hex()):
        raise IdempotencyKeyReused
    assert before.status is not None  # noqa: S101 - committed with its row
    if before.answer is None:
        raise ShownOnce
    return Response(
        before.answer,
        before.status,
        media_type="application/json",
        headers={"Idempotency-Replayed": "true"},
    )


def shown_once(request: Request) -> None:
    """A dependency of a route whose answer holds a secret: what is shown once is kept nowhere."""
    request.state.shown_once = True


async def forget_old_answers() -> None:
    """Those older than a day: nobody sends those requests again."""
    async with session_scope() as session:
        await session.execute(delete(Idempotency).where(Idempotency.created_at < func.now() - KEPT))
