"""Routes: /v1/audit."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from alerts.storage.pages import After, Limit, Page
from alerts.team import audit
from alerts.team.access import MOST_IDS, Session, authenticated

router = APIRouter(prefix="/v1/audit", tags=["audit"], dependencies=[Depends(authenticated)])


class AuditOut(BaseModel):
    """One thing that somebody, or the clock, did."""

    id: int
    at: datetime
    who: str
    api_key: int | None
    what: str
    noun: str
    number: int
    facts: dict[str, str | int | None]


Noun = Annotated[str | None, Query(description="what kind of thing: alert, action, import", max_length=40)]
Number = Annotated[int | None, Query(description="its id", ge=1, lt=MOST_IDS)]


@router.get("")
async def page_of_audit(
    session: Session, noun: Noun = None, number: Number = None, after: After = None, limit: Limit = 50
) -> Page[AuditOut]:
    """Who did what, when; the oldest first."""
    rows, following = await audit.page_of_entries(session, after, limit, noun=noun, number=number)
    items = [
        AuditOut(
            id=row.id,
            at=row.at,
            who=row.who,
            api_key=row.api_key_id,
            what=row.what,
            noun=row.noun,
            number=row.number,
            facts=row.facts,
        )
        for row in rows
    ]
    return Page(items=items, next=following)
