"""What a route asks for: the session of its request, and who is calling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError
from alerts.storage.engine import session_scope
from alerts.team.models import ApiKey
from alerts.team.service import WrongKey, key_holder


async def _request_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The session of one HTTP request; it is committed before the answer leaves.

    One with an Idempotency-Key has its own already, which commits its answer as well.
    """
    if hasattr(request.state, "session"):
        yield request.state.session
    else:
        async with session_scope() as session:
            yield session


# "function": the session commits before the answer leaves, so that a 201 is never a promise.
Session = Annotated[AsyncSession, Depends(_request_session, scope="function")]

# PostgreSQL's bigint: a larger id is nobody's, and must not reach the database.
MOST_IDS = 2**63
Id = Annotated[int, Path(ge=1, lt=MOST_IDS, description="its id")]

bearer = HTTPBearer(auto_error=False, description="An API key: `alerts key create NAME`")


class MayNotReadNumbers(DomainError):
    """The API key may not read phone numbers, and what was asked for shows some."""

    status = 403
    code = "may_not_read_numbers"

    def __init__(self) -> None:
        super().__init__("This shows phone numbers; it needs an API key made with --read-numbers.")


async def authenticated(
    session: Session, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> ApiKey:
    """The holder of the API key of this request. Raises WrongKey."""
    if credentials is None:
        raise WrongKey
    return await key_holder(session, credentials.credentials)


Caller = Annotated[ApiKey, Depends(authenticated, scope="function")]
