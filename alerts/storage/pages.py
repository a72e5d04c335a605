"""Cursor pages: a page goes on after the last item seen, however many were added meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

Item = TypeVar("Item")  # 3.11 has no class Page[Item]

After = Annotated[int | None, Field(ge=0, le=2**63 - 1, description="`next` of the page before")]
Limit = Annotated[int, Field(ge=1, le=500, description="items a page")]


class Page(BaseModel, Generic[Item]):
    """``items``, and what to send as ``after`` for those that follow; null at the end."""

    # A docstring is not inherited by the page of some kind of item.
    model_config = ConfigDict(json_schema_extra={"description": "`next` is the `after` of what follows."})

    items: list[Item]
    next: int | None


async def page_of(
    session: AsyncSession, query: Select[Any], key: InstrumentedAttribute[int], after: int | None, limit: int
) -> tuple[Sequence[Any], int | None]:
    """The rows of ``query`` after the key ``after``, oldest first, and the cursor of the next page."""
    if after is not None:
        query = query.where(key > after)
    rows = (await session.scalars(query.order_by(key).limit(limit + 1))).all()
    more = len(rows) > limit
    return rows[:limit], getattr(rows[limit - 1], key.key) if more else None
