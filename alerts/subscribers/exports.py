"""Files to take away: subscribers, and rows of an import that were refused. The audit trail has each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.subscribers import finding, imports, lists
from alerts.subscribers.files import csv_answer, csv_lines
from alerts.subscribers.finding import Sought
from alerts.subscribers.import_models import Import
from alerts.subscribers.phones import mask
from alerts.subscribers.sheet_words import PLAIN, Column, Refused
from alerts.team.access import MayNotReadNumbers
from alerts.team.actors import Actor
from alerts.team.audit import numbers_opened

AT_ONCE = 2_000


async def subscribers_file(session: AsyncSession, sought: Sought, by: Actor) -> StreamingResponse:
    """These subscribers as CSV. Raises MayNotReadNumbers, NotFound."""
    if not by.may_read_numbers:
        raise MayNotReadNumbers
    if sought.list_id is not None:
        await lists.get_list(session, sought.list_id)
    numbers_opened(session, by, "exported", await finding.count_subscribers(session, sought))
    return csv_answer("subscribers.csv", _subscribers(sought), by)


async def refused_file(
    session: AsyncSession, import_id: int, by: Actor, read: Language = Language.EN
) -> StreamingResponse:
    """The rows of an import that were not taken, and why, as CSV; a week long. Raises NoSuchImport.

    The cells as they were, to be set right and sent again, only for who may read numbers.
    """
    found = await imports.get_import(session, import_id)
    if by.may_read_numbers:
        numbers_opened(session, by, "read the refused rows of", sum(found.refused.values()))
    pieces = _refused(found, read, may_read_numbers=by.may_read_numbers)
    return csv_answer(f"refused-{import_id}.csv", pieces, by)


async def _refused(found: Import, read: Language, *, may_read_numbers: bool) -> AsyncIterator[str]:
    header = {place: name for name, place in found.columns.items()}
    names = [header.get(place, f"column {place + 1}") for place in range(max(header) + 1)]
    yield csv_lines([["line", "reason", "why", *(names if may_read_numbers else ["phone"])]])
    after = 0
    while True:
        async with session_scope() as session:
            rows = await imports.refusals_of(session, found.id, after)
        if not rows:
            return
        after = rows[-1][0]
        yield csv_lines(
            [
                line,
                reason,
                tr(read, PLAIN[Refused(reason)]),
                *(cells if may_read_numbers else [_masked(found, cells)]),
            ]
            for line, reason, cells in rows
        )


def _masked(found: Import, cells: Sequence[str]) -> str:
    place = found.columns[Column.PHONE]
    return mask(cells[place]) if place < len(cells) else ""


async def _subscribers(sought: Sought) -> AsyncIterator[str]:
    async with session_scope() as session:
        names = await lists.names_of_lists(session)
    yield csv_lines([["phone", "language", "standing", "lists", "tags", "since"]])
    after: int | None = None
    while True:
        async with session_scope() as session:
            rows, after = await finding.page_of_subscribers(session, sought, after, AT_ONCE)
        yield csv_lines(
            [
                row.phone,
                row.language,
                row.standing,
                "|".join(names.get(one, str(one)) for one in row.lists),
                "|".join(row.tags),
                row.created_at.date().isoformat(),
            ]
            for row in rows
        )
        if after is None:
            return
