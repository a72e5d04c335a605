"""Pages: the answers that are kept, each in the languages that it exists in."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.doors import Chosen, Fields, Form, Talker, go, language_of
from alerts.console.fields import by_language, required, shaped
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.console.said import go_saying
from alerts.console.troubles import told
from alerts.conversations import canned
from alerts.conversations.schemas import NewCannedAnswer
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.team.access import Id, Session
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/inbox/kept", include_in_schema=False, route_class=FormRoute)
MOST = 200


@router.get("")
async def kept(session: Session, reader: Talker, language: Chosen = None) -> Response:
    """All of them, and an empty form."""
    return await _page(session, reader, language_of(reader, language), {})


@router.post("")
async def keep(session: Session, reader: Talker, form: Form, language: Chosen = None) -> Response:
    """Keep another one."""
    try:
        given = shaped(NewCannedAnswer, _facts(form))
        await canned.add_canned_answer(session, given.name, given.text, reader.actor)
    except DomainError as error:
        return await _page(session, reader, language_of(reader, language), form, error)
    return go("/inbox/kept")


@router.get("/{canned_id}")
async def change_form(canned_id: Id, session: Session, reader: Talker, language: Chosen = None) -> Response:
    """One of them, to be changed."""
    one = await canned.get_canned_answer(session, canned_id)
    filled = {"name": one.name, **{f"text-{key}": words for key, words in one.text.items()}}
    return _form(reader, language_of(reader, language), canned_id, filled)


@router.post("/{canned_id}")
async def change(
    canned_id: Id, session: Session, reader: Talker, form: Form, language: Chosen = None
) -> Response:
    """Say it in other words from now on."""
    try:
        given = shaped(NewCannedAnswer, _facts(form))
        await canned.change_canned_answer(session, canned_id, given.name, given.text, reader.actor)
    except DomainError as error:
        return _form(reader, language_of(reader, language), canned_id, form, error)
    return go_saying("/inbox/kept", "saved")


@router.post("/{canned_id}/remove")
async def remove(canned_id: Id, session: Session, reader: Talker, form: Form) -> Response:
    """Keep it no more."""
    required(sure="sure" in form)
    await canned.remove_canned_answer(session, canned_id, reader.actor)
    return go("/inbox/kept")


def _facts(form: Fields) -> dict[str, object]:
    return {"name": form.get("name", ""), "text": by_language(form, "text")}


async def _page(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    filled: Fields,
    error: DomainError | None = None,
) -> Response:
    found, _ = await canned.page_of_canned_answers(session, None, MOST)
    return page(
        "canned_answers.html",
        read,
        "/inbox/kept",
        reader=reader,
        title=tr(read, "Answers that are kept"),
        kept=[(one.id, one.name, sorted(one.text.items())) for one in found],
        filled=filled,
        **told(read, error),
    )


def _form(
    reader: SignedIn, read: Language, canned_id: int, filled: Fields, error: DomainError | None = None
) -> Response:
    return page(
        "canned_answer.html",
        read,
        f"/inbox/kept/{canned_id}",
        reader=reader,
        title=tr(read, "Change an answer that is kept"),
        canned_id=canned_id,
        filled=filled,
        **told(read, error),
    )
