"""Pages: flyers to pin up in the break room, one sheet a list, in every language that it has a word in."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import quote

import segno
from fastapi import APIRouter, Response
from markupsafe import Markup

from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import lists as service
from alerts.subscribers.phones import as_dialled
from alerts.team.access import Id, Session

router = APIRouter(prefix="/lists", include_in_schema=False, route_class=FormRoute)


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
        number=as_dialled(number) if number else "",
        calls=[_call(reads, word, number) for reads, word in sorted(words.items()) if number],
    )


@dataclass(frozen=True)
class Call:
    """A third of the sheet. Who calls, what for, how often, what it costs and the ways to help and out of it:
    whoever is afraid texts no number without a name, and carriers ask for all of it (CTIA, Messaging
    Principles and Best Practices, 5.1.2: calls-to-action).
    """

    reads: Language
    what: str
    word: str
    how: str
    terms: str
    square: Markup


def _call(read: Language, word: str, number: str) -> Call:
    return Call(
        read,
        tr(read, "We text you when workers act together, in your language."),
        word,
        tr(read, "Text {word} to {number}.", word=word, number=as_dialled(number)),
        tr(
            read,
            "A few texts a month. Message and data rates may apply. Text HELP for help, STOP to leave, at any"
            " time. Your number is given to nobody.",
        ),
        _square(number, word),
    )


def opens_texts(number: str, word: str) -> str:
    """An address that opens a phone's texts with number and word filled in.

    RFC 5724, section 2.2: ``sms:`` and the number. Android looks for the body behind a question mark,
    iOS behind an ampersand: with both, each finds it.
    """
    return f"sms:{number}?&body={quote(word)}"


def _square(number: str, word: str) -> Markup:
    """It as a QR code."""
    drawn = io.BytesIO()
    square = segno.make(opens_texts(number, word), error="m", micro=False)
    square.save(drawn, kind="svg", border=4, xmldecl=False, svgns=False, light="#fff", omitsize=True)
    return Markup(drawn.getvalue().decode())  # noqa: S704 - drawn by us, of squares only
