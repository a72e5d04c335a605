"""The public sign-up page of a list: a number, in three languages, and a text that asks to confirm.

No cookie, no script, and no number in an address. It says the same whoever's number it was given:
nobody can find out here who is on a list.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, BackgroundTasks, Query, Request, Response

from alerts.console.once import FormRoute
from alerts.console.pages import page, reader
from alerts.conversations import signing_up
from alerts.conversations.signing_up import TooManySignUps
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.redis import enqueue
from alerts.subscribers import lists
from alerts.subscribers.models import List
from alerts.subscribers.phones import BadPhoneNumber, NotMobile, as_dialled, parse_phone
from alerts.team.access import Id, Session, address_of

MOST_OCTETS = 2_000
LONGEST_NUMBER = 40  # as it is typed
router = APIRouter(include_in_schema=False, route_class=FormRoute)
Chosen = Annotated[Language | None, Query()]


@router.get("/join/{list_id}")
async def form(list_id: Id, session: Session, request: Request, language: Chosen = None) -> Response:
    """The page with the form."""
    return await _form(session, await lists.get_list(session, list_id), reader(request, language))


@router.post("/join/{list_id}")
async def sign_up(
    list_id: Id, session: Session, request: Request, tasks: BackgroundTasks, language: Chosen = None
) -> Response:
    """Ask the owner of the number, by text, whether they want this."""
    read = reader(request, language)
    wanted = await lists.get_list(session, list_id)
    typed = ""
    try:
        typed = await _phone(request)
        phone = parse_phone(typed, settings().default_region)
    except (BadPhoneNumber, NotMobile):
        trouble = tr(read, "That is not a mobile number. Write it with its area code, such as 909 555 0100.")
        return await _form(session, wanted, read, trouble, typed, status=422)
    try:
        await signing_up.let_through(address_of(request))
    except TooManySignUps:
        trouble = tr(read, "Too many people are signing up at this moment. Try again in an hour.")
        return await _form(session, wanted, read, trouble, typed, status=429)
    await signing_up.sign_up(session, phone, wanted, read, _consent(read))
    tasks.add_task(enqueue, "send")
    return page(
        "sign_up.html",
        read,
        f"/join/{list_id}",
        title=tr(read, "Look at your phone"),
        lead=tr(read, "We have sent you a text. Answer YES to it, and you are on the list."),
        form=False,
        or_text=await _or_text(session, wanted, read),
    )


async def _phone(request: Request) -> str:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_OCTETS:
            raise BadPhoneNumber
    return parse_qs(body.decode("utf-8", "replace")).get("phone", [""])[0]


async def _form(
    session: Session, wanted: List, language: Language, trouble: str = "", typed: str = "", status: int = 200
) -> Response:
    return page(
        "sign_up.html",
        language,
        f"/join/{wanted.id}",
        status,
        title=tr(language, "Get our texts: {list}", list=wanted.name),
        lead=tr(language, "We text you when workers act together, in your language."),
        form=True,
        trouble=trouble,
        typed=typed[:LONGEST_NUMBER],  # to be mended, not typed again
        number_label=tr(language, "Your mobile number"),
        consent=_consent(language),
        button=tr(language, "Sign me up"),
        or_text=await _or_text(session, wanted, language),
    )


def _consent(language: Language) -> str:
    """What whoever signs up agrees to; kept with the proof of their consent."""
    return tr(
        language,
        "{organization} will text you about workers' actions, a few times a month. Message and data rates "
        "may apply. Answer STOP at any time to leave. Your number is given to nobody.",
        organization=settings().organization_name,
    )


async def _or_text(session: Session, wanted: List, language: Language) -> str:
    """The other way in: the join word and our number, where there is one of both."""
    word = (await lists.words_of_lists(session, [wanted.id]))[wanted.id].get(language)
    number = next((sender for sender in settings().senders if not sender.startswith("MG")), None)
    if not (word and number):
        return ""
    return tr(language, "Or text {word} to {number}.", word=word, number=as_dialled(number))
