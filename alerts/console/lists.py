"""Pages: lists, how people come onto them, and flyers to pin up in the break room."""

from __future__ import annotations

import io
from urllib.parse import quote

import segno
from fastapi import APIRouter, Response
from markupsafe import Markup

from alerts.broadcasts.audience import Audience, counts
from alerts.console.doors import Chosen, Fields, Form, Viewer, Writer, go, language_of
from alerts.console.fields import by_language, shaped
from alerts.console.pages import page
from alerts.console.troubles import in_words
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import lists as service
from alerts.subscribers.phones import as_dialled
from alerts.subscribers.schemas import NewList
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/lists", include_in_schema=False)
MOST = 200


@router.get("")
async def lists_page(session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """Every list, its join words, and how many can be texted."""
    read = language_of(reader, language)
    rows, _ = await service.page_of_lists(session, None, MOST)
    words = await service.words_of_lists(session, [row.id for row in rows])
    people = (await counts(session, Audience(lists=[row.id for row in rows]))).lists if rows else {}
    return page(
        "lists.html",
        read,
        "/lists",
        reader=reader,
        title=tr(read, "Lists"),
        lists=[(one, sorted(words[one.id].items()), people.get(one.id, 0)) for one in rows],
        may_write=reader.actor.may(Scope.WRITE),
    )


@router.get("/new")
async def new(reader: Writer, language: Chosen = None) -> Response:
    """An empty form."""
    return _form(reader, language_of(reader, language), {"timezone": settings().default_timezone})


@router.post("/new")
async def make(session: Session, reader: Writer, form: Form, language: Chosen = None) -> Response:
    """Make a list, with a join word in each language."""
    given = {
        "name": form.get("name", ""),
        "timezone": form.get("timezone", ""),
        "join_words": by_language(form, "word"),
        "confirms": "confirms" in form,
    }
    try:
        body = shaped(NewList, given)
        async with session.begin_nested():
            await service.create_list(
                session, body.name, body.timezone, body.join_words, confirms=body.confirms, by=reader.actor
            )
    except DomainError as error:
        read = language_of(reader, language)
        return _form(reader, read, form, in_words(read, error), error.status)
    return go("/lists")


def _form(reader: SignedIn, read: Language, filled: Fields, trouble: str = "", status: int = 200) -> Response:
    title = tr(read, "Make a list")
    return page(
        "list_form.html",
        read,
        "/lists/new",
        status,
        reader=reader,
        title=title,
        trouble=trouble,
        filled=filled,
    )


@router.get("/{list_id}/flyer")
async def flyer(list_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """A page to print: the join word in each language, and a square that writes the text."""
    read = language_of(reader, language)
    one = await service.get_list(session, list_id)
    words = (await service.words_of_lists(session, [list_id]))[list_id]
    number = next(iter(settings().twilio_from_numbers), "")
    return page(
        "flyer.html",
        read,
        f"/lists/{list_id}/flyer",
        reader=reader,
        title=one.name,
        calls=[
            (reads, _call(reads, word, number), _square(number, word))
            for reads, word in sorted(words.items())
            if number
        ],
    )


def _call(read: Language, word: str, number: str) -> str:
    return tr(
        read,
        "Text {word} to {number}. We tell you when it matters. Text STOP to leave, at any time.",
        word=word,
        number=as_dialled(number),
    )


def opens_texts(number: str, word: str) -> str:
    """An address that opens a phone's texts with number and word filled in.

    RFC 5724, section 2.2: ``sms:`` and the number; ``body`` is what iOS and Android take.
    """
    return f"sms:{number}?body={quote(word)}"


def _square(number: str, word: str) -> Markup:
    """It as a QR code."""
    drawn = io.BytesIO()
    square = segno.make(opens_texts(number, word), error="m", micro=False)
    square.save(drawn, kind="svg", border=4, xmldecl=False, svgns=False, light="#fff", omitsize=True)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by us, of squares only
