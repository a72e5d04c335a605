"""What a route asks for: the session of its request, who is calling, and whether they may."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address, ip_network
from typing import Annotated

from fastapi import Depends, Path, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.team.actors import Actor, Scope
from alerts.team.keys import WrongKey, key_holder


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
        super().__init__("This shows phone numbers; it needs an API key with the scope numbers.")


def address_of(request: Request) -> str:
    """The address that a request comes from; "" where it is not known.

    Each of TRUSTED_PROXIES writes whom it speaks with at the right end of X-Forwarded-For: what stands to
    the left of that may be made up by whoever asks.
    """
    proxies = settings().trusted_proxies
    told = [one.strip() for line in request.headers.getlist("X-Forwarded-For") for one in line.split(",")]
    if proxies and len(told) >= proxies:
        return _without_port(told[-proxies])
    return request.client.host if request.client else ""


def _without_port(told: str) -> str:
    """Some proxies add one: 192.0.2.1:5000, [2001:db8::1]:5000."""
    if told.startswith("["):
        return told[1:].partition("]")[0]
    return told.partition(":")[0] if told.count(":") == 1 else told


def network_of(request: Request) -> str:
    """The network that a request comes from: enough to recognise one's own, too little to find a home."""
    try:
        address = ip_address(address_of(request))
    except ValueError:
        return "unknown"
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


async def authenticated(
    request: Request,
    session: Session,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Actor:
    """Who calls with the API key of this request. Raises WrongKey."""
    if credentials is None:
        raise WrongKey
    return await key_holder(session, credentials.credentials, network_of(request))


Caller = Annotated[Actor, Depends(authenticated, scope="function")]


def needs(scope: Scope, *, to_change: Scope | None = None) -> Callable[..., Awaitable[None]]:
    """A dependency: only who has ``scope`` comes in; for other methods than GET, who has ``to_change``.

    It stands on a router, so that none of its routes can forget it. Raises NotAllowed.
    """

    async def allowed(request: Request, caller: Caller) -> None:
        caller.need(scope if request.method == "GET" or to_change is None else to_change)

    return allowed
