"""Route: /v1/lockdown."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from alerts.broadcasts import locking
from alerts.errors import DomainError
from alerts.team.access import Caller, Session, needs
from alerts.team.actors import Scope
from alerts.team.idempotency import IdempotentRoute
from alerts.team.schemas import LockdownOut, NewLockdown

router = APIRouter(
    route_class=IdempotentRoute, prefix="/v1", tags=["team"], dependencies=[Depends(needs(Scope.ADMIN))]
)


class NotSure(DomainError):
    """Something that cannot be taken back from here, asked for without saying so."""

    code = "not_sure"
    field = "sure"

    def __init__(self) -> None:
        super().__init__("This ends every session and key and stops every send. Say so with sure: true.")


@router.post("/lockdown", status_code=201)
async def lock_down(body: NewLockdown, session: Session, caller: Caller) -> LockdownOut:
    """End every session and key, this one too, and stop every send. Workers are answered still.

    It is ended on the server, with `alerts unlock`; then organizers look at each alert and resume it.
    """
    if not body.sure:
        raise NotSure
    made, paused = await locking.lock_down(session, body.reason, caller)
    return LockdownOut(id=made.id, at=made.at, reason=made.reason, paused=paused)
