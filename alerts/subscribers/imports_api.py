"""Routes: /v1/subscribers/import, /v1/subscribers/imports and /v1/subscribers/export."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from alerts.language.languages import Language
from alerts.storage.pages import After, Limit, Page
from alerts.storage.redis import enqueue
from alerts.subscribers import exports, imports
from alerts.subscribers.finding import Sought
from alerts.subscribers.import_models import Import, ImportState
from alerts.subscribers.imports import Given
from alerts.subscribers.models import Standing
from alerts.team.access import Caller, Id, Session, needs
from alerts.team.actors import Scope
from alerts.team.idempotency import IdempotentRoute

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1/subscribers",
    tags=["subscribers"],
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)
_CSV_FILE = {"content": {"text/csv": {"schema": {"type": "string"}}}}
_UPLOAD = {
    "requestBody": {
        "required": True,
        "description": "The file as it is: commas, semicolons or tabs; its first row names the columns.",
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "telefono;idioma;fecha;origen\n(909) 555-0101;es;20/11/2026;Hoja en la puerta\n",
            }
        },
    }
}


class ImportOut(BaseModel):
    """An import. ``rows`` of the file; ``read`` so far: ``taken``, or ``refused``, by reason."""

    id: int
    state: ImportState
    rows: int
    read: int
    taken: int
    refused: dict[str, int]
    lists: list[int]
    created_at: datetime
    finished_at: datetime | None


@router.post("/import", status_code=202, openapi_extra=_UPLOAD)
async def import_subscribers(  # noqa: PLR0913, PLR0917 - what is said of a file
    request: Request,
    session: Session,
    caller: Caller,
    tasks: BackgroundTasks,
    lists: Annotated[list[int], Query(min_length=1, max_length=50, description="onto which lists")],
    language: Annotated[Language | None, Query(description="of rows that name none")] = None,
    consent_source: Annotated[
        str | None, Query(min_length=1, max_length=200, description="where they consented, for rows without")
    ] = None,
    consent_date: Annotated[date | None, Query(description="when, for rows without")] = None,
    day_first: Annotated[bool, Query(description="3/4/2026 is April 3")] = False,
) -> ImportOut:
    """Take in a file of people who consented elsewhere, in the background.

    Every row is taken, or refused with a reason (`/refused`). Who left stays left. Each row needs where and
    when its person consented, itself or for the whole file.
    """
    given = Given(lists, language, consent_source, consent_date, day_first)
    made = await imports.upload(session, given, request.stream(), caller)
    tasks.add_task(enqueue, "import_subscribers")
    return _out(made)


@router.get("/imports")
async def page_of_imports(session: Session, after: After = None, limit: Limit = 50) -> Page[ImportOut]:
    """Imports, oldest first."""
    rows, following = await imports.page_of_imports(session, after, limit)
    return Page(items=[_out(row) for row in rows], next=following)


@router.get("/imports/{import_id}")
async def get_import(import_id: Id, session: Session) -> ImportOut:
    """How far an import is."""
    return _out(await imports.get_import(session, import_id))


@router.get("/imports/{import_id}/refused", response_class=StreamingResponse, responses={200: _CSV_FILE})
async def refused_rows(import_id: Id, session: Session, caller: Caller) -> StreamingResponse:
    """The rows that were not taken, with the reason, as CSV; a week long.

    The cells as they were, to be set right and sent again, only for a key that may read numbers.
    """
    return await exports.refused_file(session, import_id, caller)


@router.post("/imports/{import_id}/take-back", status_code=202)
async def take_back_import(
    import_id: Id, session: Session, caller: Caller, tasks: BackgroundTasks
) -> ImportOut:
    """Undo an import as a whole, in the background; who left meanwhile stays left."""
    found = await imports.take_back(session, import_id, caller)
    tasks.add_task(enqueue, "import_subscribers")
    return _out(found)


@router.get("/export", response_class=StreamingResponse, responses={200: _CSV_FILE})
async def export_subscribers(
    session: Session,
    caller: Caller,
    standing: Annotated[Standing | None, Query(description="only these")] = None,
    language: Annotated[Language | None, Query(description="only these")] = None,
    list_id: Annotated[
        int | None, Query(alias="list", ge=1, lt=2**63, description="only on this list")
    ] = None,
    tag: Annotated[str | None, Query(min_length=1, max_length=40, description="only with this one")] = None,
) -> StreamingResponse:
    """All subscribers, or some, as CSV. Needs a key that may read numbers; it stands in the audit trail."""
    return await exports.subscribers_file(session, Sought(standing, language, list_id, tag), caller)


def _out(row: Import) -> ImportOut:
    return ImportOut(
        id=row.id,
        state=row.state,
        rows=row.rows,
        read=row.read,
        taken=row.taken,
        refused=row.refused,
        lists=row.lists,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
