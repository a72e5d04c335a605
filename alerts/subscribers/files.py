"""CSV files as answers: streamed, never stored by a proxy, and no cell is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence

from fastapi.responses import StreamingResponse

from alerts.storage.engine import session_scope
from alerts.subscribers.sheets import safe
from alerts.team.actors import Actor
from alerts.team.still_in import require_still_in

EXCEL_MARK = "\ufeff"  # without it Excel takes UTF-8 for Windows' letters


def csv_answer(name: str, pieces: AsyncIterator[str], by: Actor) -> StreamingResponse:
    """The answer of a route whose file comes in ``pieces``.

    It breaks off where ``by`` is shut out meanwhile; a browser then says that it is not whole.
    """
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return StreamingResponse(_marked(pieces, by), media_type="text/csv; charset=utf-8", headers=headers)


def csv_lines(rows: Iterable[Sequence[object]]) -> str:
    """Some rows."""
    text = io.StringIO()
    csv.writer(text).writerows([safe(str(cell)) for cell in row] for row in rows)
    return text.getvalue()


async def _marked(pieces: AsyncIterator[str], by: Actor) -> AsyncIterator[str]:
    yield EXCEL_MARK
    async for piece in pieces:
        async with session_scope() as session:
            await require_still_in(session, by)
        yield piece
