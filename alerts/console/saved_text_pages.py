"""Pages: the texts that are saved, and all that each has said."""

from __future__ import annotations

from fastapi import APIRouter, Response

from alerts.broadcasts import saved_texts
from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.pages import as_read, page
from alerts.language.catalogs import tr
from alerts.team import organizers
from alerts.team.access import Id, Session
from alerts.team.actors import Scope

router = APIRouter(prefix="/alerts/texts", include_in_schema=False)
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
    read = language_of(reader, language)
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
    )
