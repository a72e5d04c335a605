"""Which subscribers somebody looks for: filters, pages, one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.subscribers.models import Standing, Subscriber
from alerts.subscribers.service import find_by_phone
from alerts.team.actors import Actor
from alerts.team.audit import note

NOBODY = 0  # in the audit trail: somebody looked for a number, and it is nobody's


@dataclass(frozen=True)
class Sought:
    """Those of whom all of this is true; what is None does not narrow."""

    standing: Standing | None = None
    language: Language | None = None
    list_id: int | None = None
    tag: str | None = None


async def page_of_subscribers(
    session: AsyncSession, sought: Sought, after: int | None, limit: int
) -> tuple[Sequence[Subscriber], int | None]:
    """Subscribers, oldest first, and the cursor of the next page."""
    return await page_of(session, _those(sought), Subscriber.id, after, limit)


async def count_subscribers(session: AsyncSession, sought: Sought) -> int:
    """How many these are."""
    query = _those(sought).with_only_columns(func.count(), maintain_column_froms=True)
    return await session.scalar(query) or 0


def _those(sought: Sought) -> Select[Subscriber]:
    query = select(Subscriber)
    if sought.standing:
        query = query.where(Subscriber.standing == sought.standing)
    if sought.language:
        query = query.where(Subscriber.language == sought.language)
    if sought.list_id is not None:
        query = query.where(Subscriber.lists.contains([sought.list_id]))
    if sought.tag:
        query = query.where(Subscriber.tags.contains([sought.tag]))
    return query


async def look_for(session: AsyncSession, phone: str, by: Actor) -> Subscriber | None:
    """Who has this number (E.164). That somebody asked, and whom they found, stands in the audit trail."""
    found = await find_by_phone(session, phone)
    note(session, by, "looked for a number of", "subscriber", found.id if found else NOBODY)
    return found
