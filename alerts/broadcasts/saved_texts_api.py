"""Routes: /v1/templates."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from alerts.broadcasts import saved_texts
from alerts.broadcasts.saved_texts import Saved
from alerts.broadcasts.schemas import NewTemplate, TemplateChange
from alerts.language.languages import Language
from alerts.storage.pages import After, Limit, Page
from alerts.team.access import Caller, Id, Session, needs
from alerts.team.actors import Scope
from alerts.team.idempotency import IdempotentRoute

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1/templates",
    tags=["templates"],
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)


class TemplateOut(BaseModel):
    """A template in one version."""

    id: int
    name: str
    version: int
    text: dict[Language, str]
    written_by: int  # the organizer, or the API key
    written_at: datetime


Version = Annotated[
    int | None, Query(ge=1, le=2**31 - 1, description="which one; the newest if none is named")
]


@router.post("", status_code=201)
async def create_template(body: NewTemplate, session: Session, caller: Caller) -> TemplateOut:
    """Keep a text."""
    return _out(await saved_texts.create_template(session, body.name, body.text, caller))


@router.get("")
async def page_of_templates(session: Session, after: After = None, limit: Limit = 50) -> Page[TemplateOut]:
    """Templates in their newest version, oldest first."""
    rows, following = await saved_texts.page_of_templates(session, after, limit)
    return Page(items=[_out(row) for row in rows], next=following)


@router.get("/{template_id}")
async def get_template(template_id: Id, session: Session, version: Version = None) -> TemplateOut:
    """One template, in its newest version or another."""
    return _out(await saved_texts.get_template(session, template_id, version))


@router.patch("/{template_id}")
async def change_template(
    template_id: Id, body: TemplateChange, session: Session, caller: Caller
) -> TemplateOut:
    """Give it another name, or write a new version; the old versions stay."""
    return _out(await saved_texts.change_template(session, template_id, body.name, body.text, caller))


@router.delete("/{template_id}", status_code=204)
async def remove_template(template_id: Id, session: Session, caller: Caller) -> None:
    """Keep it no more, in none of its versions. Its name is free again.

    Alerts that were made from it still say so (`template`), and keep their text.
    """
    await saved_texts.remove_template(session, template_id, caller)


@router.get("/{template_id}/versions")
async def page_of_versions(
    template_id: Id, session: Session, after: After = None, limit: Limit = 50
) -> Page[TemplateOut]:
    """Every version of a template, the first first."""
    rows, following = await saved_texts.page_of_versions(session, template_id, after, limit)
    return Page(items=[_out(row) for row in rows], next=following)


def _out(saved: Saved) -> TemplateOut:
    return TemplateOut(
        id=saved.id,
        name=saved.name,
        version=saved.version,
        text={Language(language): text for language, text in saved.text.items()},
        written_by=saved.written_by,
        written_at=saved.at,
    )
