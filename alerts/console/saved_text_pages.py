"""Pages: the texts that are saved, and all that each has said; one gets another name, or is removed."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import saved_texts
from alerts.broadcasts.schemas import TemplateChange
from alerts.console.doors import Chosen, Fields, Form, Viewer, Writer, go, language_of
from alerts.console.fields import required, shaped
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.console.said import go_saying
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.team import organizers
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/alerts/texts", include_in_schema=False, route_class=FormRoute)
MOST_VERSIONS = 30


@router.get("")
async def texts_page(session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """Their names."""
    read = language_of(reader, language)
    return page(
        "saved_texts.html",
        read,
        "/alerts/texts",
        reader=reader,
        title=tr(read, "Saved texts"),
        saved=await saved_texts.names_of_templates(session),
    )


@router.get("/{template_id}")
async def text_page(template_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """What it says now, and what it said before, the last first."""
    return await _page(session, reader, language_of(reader, language), template_id)


@router.post("/{template_id}")
async def rename(
    template_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Call it something else; what it says and said stays."""
    try:
        given = shaped(TemplateChange, {"name": form.get("name", "")})
        await saved_texts.change_template(session, template_id, given.name, None, reader.actor)
    except DomainError as error:
        return await _page(session, reader, language_of(reader, language), template_id, form, error)
    return go_saying(f"/alerts/texts/{template_id}", "saved")


@router.post("/{template_id}/remove")
async def remove(template_id: Id, session: Session, reader: Writer, form: Form) -> Response:
    """Keep it no more."""
    required(sure="sure" in form)
    await saved_texts.remove_template(session, template_id, reader.actor)
    return go("/alerts/texts")


async def _page(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    template_id: int,
    filled: Fields | None = None,
    error: DomainError | None = None,
) -> Response:
    now = await saved_texts.get_template(session, template_id)
    first = max(0, now.version - MOST_VERSIONS)
    versions, _ = await saved_texts.page_of_versions(session, template_id, first, MOST_VERSIONS)
    names = await organizers.names_of(session, {one.written_by for one in versions})
    return page(
        "saved_text.html",
        read,
        f"/alerts/texts/{template_id}",
        reader=reader,
        title=now.name,
        number=template_id,
        versions=[
            (names.get(one.written_by, ""), as_read(one.at, read), sorted(one.text.items()))
            for one in reversed(versions)
        ],
        may_write=reader.actor.may(Scope.WRITE),
        filled=filled or {"name": now.name},
        **told(read, error),
    )
