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
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from alerts.errors import DomainError
from alerts.storage.engine import session_scope
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

    A request that fails leaves nothing: it may be sent again with the same key.
    """
    asked = hashlib.sha256(f"{request.url.path}?{request.url.query}\n".encode() + await _what(request))
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise WrongKey
    async with session_scope() as session:
        owner = await key_holder(session, token)
        row = insert(Idempotency).values(api_key_id=owner.id, key=key, request=asked.digest())
        if await session.scalar(row.on_conflict_do_nothing().returning(Idempotency.key)) is None:
            query = select(Idempotency).where(Idempotency.api_key_id == owner.id, Idempotency.key == key)
            before = (await session.scalars(query)).one()
            if before.request != asked.digest():
                raise IdempotencyKeyReused
            assert before.status is not None  # noqa: S101 - committed with its row
            return Response(
                before.answer,
                before.status,
                media_type="application/json",
                headers={"Idempotency-Replayed": "true"},
            )
        request.state.session = session  # what the route writes commits with its answer
        answer = await handle(request)
        known = await session.get_one(Idempotency, (owner.id, key))
        known.status, known.answer = answer.status_code, bytes(answer.body).decode()
    return answer


async def _what(request: Request) -> bytes:
    # A file is read once, as it comes, and never held: its length stands for it.
    if request.headers.get("Content-Type", "").startswith("text/csv"):
        return request.headers.get("Content-Length", "").encode()
    return await request.body()


async def forget_old_answers() -> None:
    """Those older than a day: nobody sends those requests again."""
    async with session_scope() as session:
        await session.execute(delete(Idempotency).where(Idempotency.created_at < func.now() - KEPT))
