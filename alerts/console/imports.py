"""Pages: files of people who consented elsewhere. Sent up, taken in row by row, taken back as a whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.doors import Chosen, Fields, FileWriter, Form, Viewer, Writer, go, language_of
from alerts.console.fields import chosen, date_of, required
from alerts.console.once import DoneBefore, FormRoute, require_first, settle
from alerts.console.pages import as_read, page
from alerts.console.troubles import told
from alerts.console.uploads import fields_of, upload_of
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.storage.pages import After
from alerts.storage.redis import enqueue
from alerts.subscribers import exports, imports, lists
from alerts.subscribers.import_models import Import, ImportState
from alerts.subscribers.imports import MOVING, Given
from alerts.subscribers.sheet_words import PLAIN, Refused
from alerts.team import organizers
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/imports", include_in_schema=False, route_class=FormRoute)
MOST = 50
LOOK_SECONDS = 3

STATES = {
    ImportState.WAITING: N_("Waits for its turn"),
    ImportState.RUNNING: N_("Is being taken in"),
    ImportState.DONE: N_("Taken in"),
    ImportState.TAKING_BACK: N_("Is being taken back"),
    ImportState.TAKEN_BACK: N_("Taken back"),
}


@router.get("")
async def imports_page(
    session: Session, reader: Viewer, before: After = None, language: Chosen = None
) -> Response:
    """Every file, the newest first."""
    read = language_of(reader, language)
    rows, following = await imports.latest_imports(session, before, MOST)
    return page(
        "imports.html",
        read,
        "/imports",
        reader=reader,
        title=tr(read, "Files of people"),
        rows=[(one, tr(read, STATES[one.state]), as_read(one.created_at, read)) for one in rows],
        following=following,
        may_write=reader.actor.may(Scope.WRITE),
    )


@router.get("/new")
async def new(session: Session, reader: Writer, language: Chosen = None) -> Response:
    """An empty form."""
    return await _form(session, reader, language_of(reader, language), {})


async def _form(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    filled: Fields,
    error: DomainError | None = None,
) -> Response:
    return page(
        "import_form.html",
        read,
        "/imports/new",
        reader=reader,
        title=tr(read, "Take in a file"),
        filled=filled,
        lists=await lists.lists_by_name(session),
        **told(read, error),
    )


@router.post("/new")
async def bring_in(
    request: Request, session: Session, reader: FileWriter, tasks: BackgroundTasks, language: Chosen = None
) -> Response:
    """Take in a file, in the background. Its rows are sealed as they come."""
    upload = upload_of(request)
    form, press = await fields_of(request, upload, reader)
    try:
        given = _given(form)
        async with session_scope() as own:  # of a file that is refused nothing stays
            await require_first(own, press, reader.session_id)
            made = await imports.upload(own, given, upload.pieces(), reader.actor)
            answer = go(f"/imports/{made.id}")
            await settle(own, press, answer)
    except DoneBefore:
        await upload.rest()
        raise
    except DomainError as error:
        await upload.rest()
        return await _form(session, reader, language_of(reader, language), form, error)
    tasks.add_task(enqueue, "import_subscribers")
    return answer


def _given(form: Fields) -> Given:
    """Raises NotFilledIn."""
    onto = chosen(form, "list")
    required(lists=bool(onto))
    reads = form.get("reads", "")
    return Given(
        onto,
        Language(reads) if reads in list(Language) else None,
        form.get("source", "").strip()[:200] or None,
        date_of(form, "date"),
        "day_first" in form,
    )


@router.get("/{import_id}")
async def import_page(
    import_id: Id,
    session: Session,
    reader: Viewer,
    still: Annotated[bool, Query()] = False,
    language: Chosen = None,
) -> Response:
    """How far it is, and what was refused and why."""
    read = language_of(reader, language)
    found = await imports.get_import(session, import_id)
    names = await lists.names_of_lists(session)
    moving = found.state in MOVING and not still
    answer = page(
        "import.html",
        read,
        f"/imports/{import_id}",
        reader=reader,
        title=tr(read, "File {number}", number=import_id),
        found=found,
        state=tr(read, STATES[found.state]),
        came=as_read(found.created_at, read),
        by=(await organizers.names_of(session, {found.by})).get(found.by, ""),
        onto=[names[one] for one in found.lists if one in names],
        refusals=_refused(found, read),
        moving=moving,
        may_take_back=reader.actor.may(Scope.WRITE)
        and found.state not in (ImportState.TAKING_BACK, ImportState.TAKEN_BACK),
    )
    if moving:
        answer.headers["Refresh"] = str(LOOK_SECONDS)
    return answer


def _refused(found: Import, read: Language) -> list[tuple[str, int]]:
    """Why rows were refused, the most frequent first."""
    rows = sorted(found.refused.items(), key=lambda one: -one[1])
    return [(tr(read, PLAIN[Refused(reason)]), count) for reason, count in rows]


@router.get("/{import_id}/refused")
async def refused_rows(import_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """The refused rows as a file."""
    return await exports.refused_file(session, import_id, reader.actor, language_of(reader, language))


@router.post("/{import_id}/take-back")
async def take_back(
    import_id: Id, session: Session, reader: Writer, form: Form, tasks: BackgroundTasks
) -> Response:
    """Undo it as a whole."""
    required(sure="sure" in form)
    await imports.take_back(session, import_id, reader.actor)
    tasks.add_task(enqueue, "import_subscribers")
    return go(f"/imports/{import_id}")
