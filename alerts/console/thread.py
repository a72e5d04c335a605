"""Pages: one conversation: what was said, the answer, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts.forecast import money
from alerts.broadcasts.letters import measure
from alerts.console.alerts_shown import ANSWERS, DELIVERY_STATES, heading
from alerts.console.doors import CHECKED, Asked, Chosen, Fields, Form, Talker, go, language_of
from alerts.console.fields import NotFilledIn, SaidMeanwhile, number_in
from alerts.console.inbox import number_of
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, figure, fragment, page
from alerts.console.troubles import told
from alerts.conversations import canned, service
from alerts.conversations.models import CannedAnswer, Thread, ThreadState
from alerts.conversations.said import ALERT, MACHINE, WORKER, Said, texts_of
from alerts.conversations.service import Wanted
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.redis import enqueue
from alerts.subscribers.lists import names_of_lists
from alerts.subscribers.models import Standing, Subscriber
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.audit import note, numbers_opened
from alerts.team.organizers import organizers_who
from alerts.team.sessions import SignedIn
from alerts.understanding.intents import Answer

router = APIRouter(prefix="/inbox", include_in_schema=False, route_class=FormRoute)
MOST_TEXTS, ALL_TEXTS, MOST_CANNED, MOST_ANSWERS, LONGEST = 30, 400, 100, 5, 1600


@dataclass(frozen=True)
class Typed:
    """What stands in the box for the answer, what it would take, and what became of it."""

    text: str = ""
    takes: str = ""
    said: str = ""
    trouble: str = ""
    faults: Sequence[tuple[str, str]] = ()  # the fields that it means
    status: int = 200


@router.get("/{subscriber_id}")
async def thread_page(
    subscriber_id: Id,
    session: Session,
    reader: Talker,
    whole: bool = False,
    sent: bool = False,
    language: Chosen = None,
) -> Response:
    """One conversation; who opens it has read it. ``sent``: what they answered a moment ago goes out."""
    read = language_of(reader, language)
    typed = Typed(said=tr(read, "Your answer is on its way.") if sent else "")
    answer = await _page(session, reader, subscriber_id, read, typed, whole=whole)
    thread, _ = await service.get_thread(session, subscriber_id)
    await service.mark_read(session, subscriber_id, thread.moved_at)
    return answer


@router.get("/{subscriber_id}/news")
async def news(
    subscriber_id: Id,
    session: Session,
    reader: Talker,
    seen: str = "",
    whole: bool = False,
    language: Chosen = None,
) -> Response:
    """What was said, where it is not what was ``seen``; nothing where it is."""
    thread, _ = await service.get_thread(session, subscriber_id)
    said = await texts_of(session, subscriber_id, ALL_TEXTS if whole else MOST_TEXTS)
    now = _mark(thread, said)
    if seen == now:
        return Response(status_code=204)
    read = language_of(reader, language)
    await service.mark_read(session, subscriber_id, thread.moved_at)
    return fragment("thread_texts.html", read, whole=whole, **_texts(thread, said, read))


async def _page(
    session: AsyncSession,
    reader: SignedIn,
    subscriber_id: int,
    read: Language,
    typed: Typed,
    *,
    whole: bool = False,
) -> Response:
    thread, who = await service.get_thread(session, subscriber_id)
    most = ALL_TEXTS if whole else MOST_TEXTS
    said = await texts_of(session, subscriber_id, most + 1)
    if reader.actor.may_read_numbers:
        numbers_opened(session, reader.actor, "read", 1)
    names = await names_of_lists(session)
    return page(
        "thread.html",
        read,
        f"/inbox/{subscriber_id}",
        typed.status,
        reader=reader,
        live=True,
        faults=typed.faults,
        title=number_of(reader, who),
        typed=typed,
        who=who,
        reads=Language(who.language),
        on=", ".join(sorted(names[one] for one in who.lists if one in names)),
        left=who.standing == Standing.LEFT,
        earlier=len(said) > most,
        whole=whole,
        canned=await _canned(session, who),
        answers=await _answers(session, subscriber_id, read),
        organizers=[(one.id, one.name) for one in await organizers_who(session, Scope.TALK)],
        following=await _following(session, subscriber_id),
        **_texts(thread, said[-most:], read),
    )


def _texts(thread: Thread, said: list[Said], read: Language) -> dict[str, Any]:
    """What is said of the conversation in the part that comes anew by itself."""
    return {
        "thread": thread,
        "texts": [(as_read(one.at, read), one, _by(one, read), _state(one, read)) for one in said],
        "moved": thread.moved_at.isoformat(),
        "seen": _mark(thread, said),
    }


def _mark(thread: Thread, said: list[Said]) -> str:
    """Another one wherever there is something new to be seen."""
    states = [(one.at.isoformat(), one.state) for one in said[-MOST_TEXTS:]]
    return sha256(f"{thread.moved_at.isoformat()} {states}".encode()).hexdigest()[:16]


def _by(said: Said, read: Language) -> str:
    if said.by == ALERT:
        return tr(read, "Alert {number}", number=said.alert)
    known = {WORKER: tr(read, "They wrote"), MACHINE: tr(read, "Answered by the machine")}
    return known.get(said.by, said.by)


def _state(said: Said, read: Language) -> str:
    return tr(read, DELIVERY_STATES[said.state]) if said.state else ""


async def _canned(session: AsyncSession, who: Subscriber) -> list[tuple[CannedAnswer, str]]:
    """Canned answers in their language, and what they say in it."""
    found, _ = await canned.page_of_canned_answers(session, None, MOST_CANNED)
    return [(one, one.text[who.language]) for one in found if who.language in one.text]


async def _answers(session: AsyncSession, subscriber_id: int, read: Language) -> list[tuple[int, str, str]]:
    """What they answered to actions lately."""
    shown = []
    for given, action in await actions.answers_of(session, subscriber_id, MOST_ANSWERS):
        says = tr(read, ANSWERS[Answer(given.answer)])
        if given.guests and given.answer == Answer.YES:
            says = tr(read, "{answer}, guests: {guests}", answer=says, guests=given.guests)
        shown.append((action.id, heading(action, read), says))
    return shown


async def _following(session: AsyncSession, subscriber_id: int) -> int | None:
    """Who waits for an answer next."""
    rows, _ = await service.page_of_threads(session, Wanted((ThreadState.OPEN,)), None, 2)
    return next((who.id for _, who in rows if who.id != subscriber_id), None)


@router.post("/{subscriber_id}/count")
async def count(
    subscriber_id: Id,
    request: Request,
    session: Session,
    reader: Talker,
    form: Asked,
    language: Chosen = None,
) -> Response:
    """What an answer would take; one that is kept comes into the box, and can be changed there."""
    read = language_of(reader, language)
    _, who = await service.get_thread(session, subscriber_id)
    text = form.get("text", "")
    try:
        if canned_id := number_in(form.get("canned", "")):
            text = await canned.canned_text(session, canned_id, who.language)
        typed = Typed(text, _takes(read, who.language, text))
    except DomainError as error:
        typed = Typed(text, **told(read, error))
    if "HX-Request" in request.headers:
        says = typed.takes or (typed.trouble if text.strip() else "")
        return fragment("thread_takes.html", read, says=says)
    return await _page(session, reader, subscriber_id, read, typed)


def _takes(read: Language, theirs: Language, text: str) -> str:
    """Parts and price of a text, in words. Raises NothingWritten, TextTooLong."""
    found = measure(theirs, text)
    parts = figure(read, found.segments.parts)
    says = tr(read, "Message parts: {parts}, in {encoding}.", parts=parts, encoding=found.segments.encoding)
    if found.price is not None:
        price = f"{money(found.price)} {settings().currency}"
        says += " " + tr(read, "That is about {price}.", price=price)
    if found.cheaper:
        letters = " ".join(found.cheaper)
        says += " " + tr(read, "These letters make it dear: {letters}", letters=letters)
    return says


@router.post("/{subscriber_id}/answer")
async def answer(
    subscriber_id: Id,
    session: Session,
    reader: Talker,
    form: Form,
    tasks: BackgroundTasks,
    language: Chosen = None,
) -> Response:
    """Answer somebody, once: of a form that is sent twice, the second is done already."""
    typed = form.get("text", "").strip()
    try:
        async with session.begin_nested():
            await _require_seen(session, subscriber_id, form)
            canned_id = None if typed else number_in(form.get("canned", ""))
            if canned_id is None and not 1 <= len(typed) <= LONGEST:
                raise NotFilledIn(("text",))
            await service.write(
                session,
                subscriber_id,
                reader.who.name,
                typed or None,
                canned_id,
                organizer_id=reader.who.id,
            )
    except DomainError as error:
        if isinstance(error, SaidMeanwhile) and await _is_said(session, reader, subscriber_id, form):
            return go(f"/inbox/{subscriber_id}?sent=1#answer")
        read = language_of(reader, language)
        refused = Typed(typed, **told(read, error))
        return await _page(session, reader, subscriber_id, read, refused)
    note(session, reader.actor, "answered", "conversation", subscriber_id)
    tasks.add_task(enqueue, "send")
    return go(f"/inbox/{subscriber_id}?sent=1#answer")


async def _require_seen(session: AsyncSession, subscriber_id: int, form: Fields) -> None:
    """Raises SaidMeanwhile where the conversation is not what was on the page."""
    thread, _ = await service.get_thread(session, subscriber_id, lock=True)
    if _moved(form) != thread.moved_at:
        raise SaidMeanwhile


async def _is_said(session: AsyncSession, reader: SignedIn, subscriber_id: int, form: Fields) -> bool:
    """Whether this form was sent before: what it says was the last word, and is newer than its page."""
    seen = _moved(form)
    if seen is None:
        return False
    return await service.is_said(session, subscriber_id, reader.who.name, form.get("text", "").strip(), seen)


def _moved(form: Fields) -> datetime | None:
    """When the conversation last moved, as it was on the page that a form stood on."""
    try:
        moment = datetime.fromisoformat(form.get("moved", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


@router.post("/{subscriber_id}/take", dependencies=CHECKED)
async def take(subscriber_id: Id, session: Session, reader: Talker) -> Response:
    """Whoever reads it looks after it from now on."""
    await service.assign(session, subscriber_id, reader.who.id, reader.actor)
    return go(f"/inbox/{subscriber_id}")


@router.post("/{subscriber_id}/assign")
async def assign(subscriber_id: Id, session: Session, reader: Talker, form: Form) -> Response:
    """Somebody else looks after it, or nobody."""
    await service.assign(session, subscriber_id, number_in(form.get("organizer", "")), reader.actor)
    return go(f"/inbox/{subscriber_id}")


@router.post("/{subscriber_id}/unread", dependencies=CHECKED)
async def mark_unread(subscriber_id: Id, session: Session, reader: Talker) -> Response:
    """Somebody should read it again."""
    await service.mark_unread(session, subscriber_id)
    note(session, reader.actor, "marked as not read", "conversation", subscriber_id)
    return go("/inbox")


@router.post("/{subscriber_id}/close", dependencies=CHECKED)
async def close(subscriber_id: Id, session: Session, reader: Talker) -> Response:
    """Nothing more is to be done."""
    await service.close(session, subscriber_id)
    note(session, reader.actor, "closed", "conversation", subscriber_id)
    return go("/inbox")


@router.post("/{subscriber_id}/reopen", dependencies=CHECKED)
async def reopen(subscriber_id: Id, session: Session, reader: Talker) -> Response:
    """Something is to be done after all."""
    await service.reopen(session, subscriber_id)
    note(session, reader.actor, "opened again", "conversation", subscriber_id)
    return go(f"/inbox/{subscriber_id}")
