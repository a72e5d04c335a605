"""What a route asks for: the session of its request, and who is calling."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.storage.engine import request_session
from alerts.team.models import ApiKey
from alerts.team.service import WrongKey, key_holder

# "function": the session commits before the answer leaves, so that a 201 is never a promise.
Session = Annotated[AsyncSession, Depends(request_session, scope="function")]

# PostgreSQL's bigint: a larger id is nobody's, and must not reach the database.
MOST_IDS = 2**63
Id = Annotated[int, Path(ge=1, lt=MOST_IDS)]

bearer = HTTPBearer(auto_error=False, description="An API key: `alerts key create NAME`")


async def authenticated(
    session: Session, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
) -> ApiKey:
    """The holder of the API key of this request. Raises WrongKey."""
    if credentials is None:
        raise WrongKey
    return await key_holder(session, credentials.credentials)


Caller = Annotated[ApiKey, Depends(authenticated, scope="function")]
