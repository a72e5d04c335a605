"""The roster of an action as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import turnout
from alerts.actions.models import Rsvp
from alerts.actions.service import get_action
from alerts.subscribers.files import csv_answer, csv_lines
from alerts.subscribers.phones import mask
from alerts.team.actors import Actor
from alerts.team.audit import numbers_opened


async def roster_file(session: AsyncSession, action_id: int, by: Actor) -> StreamingResponse:
    """A row a person who answered. Numbers are masked unless ``by`` may read them, which is audited.

    Raises NotFound.
    """
    await get_action(session, action_id)
    if by.may_read_numbers:
        answered = select(func.count()).select_from(Rsvp).where(Rsvp.action_id == action_id)
        numbers_opened(session, by, "exported", await session.scalar(answered) or 0)
    return csv_answer(f"roster-{action_id}.csv", _csv(action_id, open_numbers=by.may_read_numbers), by)


async def _csv(action_id: int, *, open_numbers: bool) -> AsyncIterator[str]:
    yield csv_lines([["phone", "answer", "guests", "language", "lists", "answered at"]])
    async for some in turnout.lines(action_id):
        yield csv_lines(
            [
                one.phone if open_numbers else mask(one.phone),
                one.answer,
                one.guests,
                one.language,
                one.lists,
                one.answered_at.isoformat(timespec="seconds"),
            ]
            for one in some
        )
