"""Pages: the inbox: what no rule understood, and the answers of organizers."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Response

from alerts.console.alerts_shown import DELIVERY_STATES
from alerts.console.doors import CHECKED, Chosen, Form, Talker, go, language_of
from alerts.console.fields import NotFilledIn, SaidMeanwhile
from alerts.console.pages import as_read, page
from alerts.console.troubles import in_words
from alerts.conversations import service
from alerts.conversations.models import ThreadState
from alerts.conversations.service import Said
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.storage.redis import enqueue
from alerts.subscribers.models import Standing, Subscriber
from alerts.subscribers.phones import mask
from alerts.team.access import Id, Session
from alerts.team.audit import note, numbers_opened
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/inbox", include_in_schema=False)
MOST, MOST_TEXTS, LONGEST = 50, 200, 1600

TURNS = {
    ThreadState.OPEN: N_("Wait for an answer"),
    ThreadState.WAITING: N_("Were answered"),
    ThreadState.CLOSED: N_("Closed"),
}


@router.get("")
async def inbox(
    session: Session,
    reader: Talker,
    state: ThreadState = ThreadState.OPEN,
    after: str | None = None,
    language: Chosen = None,
) -> Response:
    """Conversations, those that have waited longest first."""
    read = language_of(reader, language)
    rows, following = await service.page_of_threads(session, state, None, after and after[:60], MOST)
    if reader.actor.may_read_numbers and rows:
        numbers_opened(session, reader.actor, "read", len(rows))
    return page(
        "inbox.html",
        read,
        "/inbox",
        reader=reader,
        title=tr(read, "Inbox"),
        state=state,
        turns=[(one, tr(read, says)) for one, says in TURNS.items()],
        threads=[
            (who.id, _number(reader, who), thread.unread, thread.taken_by, as_read(thread.moved_at, read))
            for thread, who in rows
        ],
        following=following,
    )


def _number(reader: SignedIn, who: Subscriber) -> str:
    return who.phone if reader.actor.may_read_numbers else mask(who.phone)


@router.get("/{subscriber_id}")
async def thread_page(
    subscriber_id: Id, session: Session, reader: Talker, language: Chosen = None
) -> Response:
    """One conversation."""
    return await _thread(session, reader, subscriber_id, language_of(reader, language))


async def _thread(  # noqa: PLR0913, PLR0917 - what was typed is not lost
    session: Session,
    reader: SignedIn,
    subscriber_id: int,
    read: Language,
    trouble: str = "",
    status: int = 200,
    typed: str = "",
) -> Response:
    thread, who = await service.get_thread(session, subscriber_id)
    texts = await service.texts_of(session, subscriber_id, MOST_TEXTS)
    if reader.actor.may_read_numbers:
        numbers_opened(session, reader.actor, "read", 1)
    canned, _ = await service.page_of_canned_answers(session, None, MOST_TEXTS)
    return page(
        "thread.html",
        read,
        f"/inbox/{subscriber_id}",
        status,
        reader=reader,
        title=_number(reader, who),
        trouble=trouble,
        typed=typed,
        thread=thread,
        who=who,
        reads=Language(who.language).own_name,
        left=who.standing == Standing.LEFT,
        texts=[(as_read(one.at, read), one, _by(one, read), _state(one, read)) for one in texts],
        canned=[(one.id, one.name) for one in canned if who.language in one.text],
        moved=thread.moved_at.isoformat(),
    )


def _by(said: Said, read: Language) -> str:
    known = {"worker": tr(read, "They wrote"), "machine": tr(read, "Answered by the machine")}
    return known.get(said.by, said.by)


def _state(said: Said, read: Language) -> str:
    return tr(read, DELIVERY_STATES[said.state]) if said.state else ""


@router.post("/{subscriber_id}/answer")
async def answer(
    subscriber_id: Id,
    session: Session,
    reader: Talker,
    form: Form,
    tasks: BackgroundTasks,
    language: Chosen = None,
) -> Response:
    """Answer somebody, once: a form that is sent twice finds that the conversation has moved."""
    typed, canned = form.get("text", "").strip(), form.get("canned", "")
    try:
        async with session.begin_nested():
            thread, _ = await service.get_thread(session, subscriber_id, lock=True)
            if form.get("moved") != thread.moved_at.isoformat():
                raise SaidMeanwhile
            canned_id = int(canned) if canned.isdecimal() and len(canned) < 18 and not typed else None
            if canned_id is None and not 1 <= len(typed) <= LONGEST:
                raise NotFilledIn(("text",))
            await service.write(session, subscriber_id, reader.who.name, typed or None, canned_id)
    except DomainError as error:
        read = language_of(reader, language)
        return await _thread(session, reader, subscriber_id, read, in_words(read, error), error.status, typed)
    note(session, reader.actor, "answered", "conversation", subscriber_id)
    tasks.add_task(enqueue, "send")
    return go(f"/inbox/{subscriber_id}")


@router.post("/{subscriber_id}/take", dependencies=CHECKED)
async def take(subscriber_id: Id, session: Session, reader: Talker) -> Response:
    """Whoever reads it looks after it from now on."""
    await service.take(session, subscriber_id, reader.who.name)
    return go(f"/inbox/{subscriber_id}")


@router.post("/{subscriber_id}/close", dependencies=CHECKED)
async def close(subscriber_id: Id, session: Session, reader: Talker) -> Response:
    """Nothing more is to be done."""
    await service.close(session, subscriber_id)
    note(session, reader.actor, "closed", "conversation", subscriber_id)
    return go("/inbox")
