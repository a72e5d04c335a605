"""The audit trail: who did what, when."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.storage.pages import page_of
from alerts.team.models import ApiKey, AuditEntry

THE_CLOCK = "the clock"


def note(
    session: AsyncSession, by: ApiKey | None, what: str, noun: str, number: int, **facts: str | int | None
) -> None:
    """Write down that ``by``, or the clock, did ``what`` to the ``noun`` with this id.

    Commits with what was done. ``facts`` hold no number and no text of a worker.
    """
    entry = AuditEntry(
        api_key_id=by.id if by else None,
        who=by.name if by else THE_CLOCK,
        what=what,
        noun=noun,
        number=number,
        facts=facts,
    )
    session.add(entry)


async def page_of_entries(
    session: AsyncSession,
    after: int | None,
    limit: int,
    *,
    noun: str | None = None,
    number: int | None = None,
) -> tuple[Sequence[AuditEntry], int | None]:
    """What was done, the oldest first; to one thing where it is named. And the cursor of the next page."""
    query = select(AuditEntry)
    if noun is not None:
        query = query.where(AuditEntry.noun == noun)
    if number is not None:
        query = query.where(AuditEntry.number == number)
    return await page_of(session, query, AuditEntry.id, after, limit)
