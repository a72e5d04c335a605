"""Routes: /v1/retention, what is kept and what the carrier keeps still."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from alerts.broadcasts import copies
from alerts.settings import settings
from alerts.storage.pages import Limit
from alerts.team.access import Session, needs
from alerts.team.actors import Scope

router = APIRouter(prefix="/v1", tags=["team"], dependencies=[Depends(needs(Scope.ADMIN))])


class CopyOut(BaseModel):
    """A text that the carrier has still, and why. It is tried again at ``due_at``."""

    message_sid: str
    since: datetime
    due_at: datetime
    tries: int
    code: int | None


class RetentionOut(BaseModel):
    """What is kept: days after an action, and after a conversation. ``copies``: what becomes of Twilio's."""

    deliveries_days: int
    conversations_days: int
    copies: Literal["delete", "redact", "keep"]
    items: list[CopyOut]
    next: str | None


@router.get("/retention")
async def retention(
    session: Session,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> RetentionOut:
    """How long what is kept, and a page of texts that are still to be erased at the carrier."""
    rows, following = await copies.page_of_copies(session, after, limit)
    items = [
        CopyOut(
            message_sid=row.message_sid, since=row.since, due_at=row.due_at, tries=row.tries, code=row.code
        )
        for row in rows
    ]
    return RetentionOut(
        deliveries_days=settings().keep_deliveries_days,
        conversations_days=settings().keep_conversations_days,
        copies=settings().twilio_copies,
        items=items,
        next=following,
    )
