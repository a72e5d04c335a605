"""Templates: texts that are kept to be used again. A change is a new version; no version is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.models import Template, TemplateVersion
from alerts.broadcasts.texts import Facts, compose
from alerts.errors import Conflict, NotFound
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import page_of
from alerts.team.actors import Actor
from alerts.team.audit import differences, note

# Whatever the action will be, these can be filled in.
_SOME_ACTION = Facts(dict.fromkeys(Language, "x"), datetime(2026, 1, 1, tzinfo=UTC), "UTC", "x")


class TemplateNameTaken(Conflict):
    """Another template has this name."""

    code = "template_name_taken"
    field = "name"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"There is a template {name} already. Choose another name, or change, rename or remove that one."
        )


@dataclass(frozen=True)
class Saved:
    """A template as it is in one version."""

    id: int
    name: str
    version: int
    text: Mapping[str, str]
    written_by: int
    at: datetime


async def create_template(session: AsyncSession, name: str, text: Mapping[Language, str], by: Actor) -> Saved:
    """Keep a text. Raises TemplateNameTaken, and what ``compose`` raises of a placeholder or a length."""
    _check(text)
    row = insert(Template).values(name=name).on_conflict_do_nothing().returning(Template)
    made = await session.scalar(row)
    if made is None:
        raise TemplateNameTaken(name)
    note(session, by, "kept", "template", made.id)
    return await _write(session, made, text, by)


async def change_template(
    session: AsyncSession, template_id: int, name: str | None, text: Mapping[Language, str] | None, by: Actor
) -> Saved:
    """Another name, a new version of the text, or both; None stays as it is.

    Raises NotFound, TemplateNameTaken, and what ``compose`` raises.
    """
    if text is not None:
        _check(text)
    found = await _locked(session, template_id)
    if name is not None and name != found.name:
        await _rename(session, found, name, by)
    if text is not None:
        written = await _write(session, found, text, by)
        note(session, by, "changed", "template", template_id, version=written.version)
        return written
    return await get_template(session, template_id)


async def remove_template(session: AsyncSession, template_id: int, by: Actor) -> None:
    """Keep it no more, in none of its versions. Alerts have their own copy of the text. Raises NotFound."""
    gone = await _locked(session, template_id)
    note(session, by, "removed", "template", template_id, name=gone.name)
    await session.execute(delete(TemplateVersion).where(TemplateVersion.template_id == template_id))
    await session.delete(gone)
    await session.flush()


async def _locked(session: AsyncSession, template_id: int) -> Template:
    found = await session.get(Template, template_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("template", template_id)
    return found


async def _rename(session: AsyncSession, found: Template, name: str, by: Actor) -> None:
    facts = differences({"name": found.name}, {"name": name})
    try:
        async with session.begin_nested():  # two may choose one name at the same moment
            found.name = name
    except IntegrityError:
        raise TemplateNameTaken(name) from None
    note(session, by, "renamed", "template", found.id, **facts)


async def keep_text(session: AsyncSession, name: str, text: Mapping[Language, str], by: Actor) -> Saved:
    """A new template; where one has this name, its next version, unless it says this already.

    Raises what ``compose`` raises.
    """
    try:
        return await create_template(session, name, text, by)
    except TemplateNameTaken:
        query = select(Template).where(Template.name == name).with_for_update()
        found = await session.scalar(query)
    if found is None:  # it was renamed or removed meanwhile
        return await keep_text(session, name, text, by)
    newest = await get_template(session, found.id)
    return newest if newest.text == text else await change_template(session, found.id, None, text, by)


async def names_of_templates(session: AsyncSession) -> list[tuple[int, str]]:
    """Every template, by its name."""
    rows = await session.execute(select(Template.id, Template.name).order_by(func.lower(Template.name)))
    return [(row.id, row.name) for row in rows]


async def get_template(session: AsyncSession, template_id: int, version: int | None = None) -> Saved:
    """A template in its newest version, or in another. Raises NotFound."""
    found = await session.get(Template, template_id)
    if found is None:
        raise NotFound("template", template_id)
    query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    if version is not None:
        query = query.where(TemplateVersion.version == version)
    written = await session.scalar(query.order_by(TemplateVersion.version.desc()).limit(1))
    if written is None:
        raise NotFound("version of this template", version)
    return _saved(found, written)


async def words_of(
    session: AsyncSession, text: Mapping[Language, str] | None, template_id: int | None
) -> dict[str, object]:
    """What an alert holds of its words: ``text``, or where none is given a template's newest.

    Raises NotFound.
    """
    if template_id is None:
        return {"text": text}
    saved = await get_template(session, template_id)
    return {"text": dict(saved.text), **made_from(saved)}


def made_from(saved: Saved | None) -> dict[str, object]:
    """What an alert holds of the template that it was made from, if it was."""
    return {"template_id": saved.id, "template_version": saved.version} if saved else {}


async def page_of_templates(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[Saved], int | None]:
    """Templates in their newest version, the oldest first, and the cursor of the next page."""
    rows, following = await page_of(session, select(Template), Template.id, after, limit)
    newest = (
        select(TemplateVersion)
        .where(TemplateVersion.template_id.in_([row.id for row in rows]))
        .ext(distinct_on(TemplateVersion.template_id))
        .order_by(TemplateVersion.template_id, TemplateVersion.version.desc())
    )
    written = {one.template_id: one for one in await session.scalars(newest)}
    # Without a text is what was removed between the two statements.
    return [_saved(row, written[row.id]) for row in rows if row.id in written], following


async def page_of_versions(
    session: AsyncSession, template_id: int, after: int | None, limit: int
) -> tuple[Sequence[Saved], int | None]:
    """Every version of a template, the first first, and the cursor of the next page. Raises NotFound."""
    found = await session.get(Template, template_id)
    if found is None:
        raise NotFound("template", template_id)
    query = select(TemplateVersion).where(TemplateVersion.template_id == template_id)
    rows, following = await page_of(session, query, TemplateVersion.version, after, limit)
    return [_saved(found, row) for row in rows], following


def _check(text: Mapping[Language, str]) -> None:
    compose(text, _SOME_ACTION, settings().organization_name)


async def _write(session: AsyncSession, found: Template, text: Mapping[Language, str], by: Actor) -> Saved:
    newest = select(func.coalesce(func.max(TemplateVersion.version), 0))
    before = await session.scalar(newest.where(TemplateVersion.template_id == found.id)) or 0
    plain = {str(language): one for language, one in text.items()}
    written = TemplateVersion(template_id=found.id, version=before + 1, text=plain, written_by=by.person)
    session.add(written)
    await session.flush()
    await session.refresh(written)
    return _saved(found, written)


def _saved(found: Template, written: TemplateVersion) -> Saved:
    return Saved(found.id, found.name, written.version, written.text, written.written_by, written.created_at)
