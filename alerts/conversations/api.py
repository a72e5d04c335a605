"""Routes: /v1/conversations and /v1/canned-answers, the organizers' inbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query

from alerts.broadcasts.forecast import money
from alerts.broadcasts.letters import measure
from alerts.broadcasts.schemas import Price
from alerts.conversations import canned, service
from alerts.conversations.models import CannedAnswer, Thread, ThreadState
from alerts.conversations.said import texts_of
from alerts.conversations.schemas import (
    Assigning,
    CannedAnswerChange,
    CannedAnswerOut,
    ConversationOut,
    ConversationPage,
    MeasuredOut,
    NewCannedAnswer,
    NewMessage,
    SaidOut,
    Taking,
    ThreadOut,
)
from alerts.conversations.service import Wanted
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After, Limit, Page
from alerts.storage.redis import enqueue
from alerts.subscribers.models import Subscriber
from alerts.subscribers.phones import mask
from alerts.team.access import MOST_IDS, Caller, Id, Session, needs
from alerts.team.actors import Actor, Scope
from alerts.team.audit import note, numbers_opened
from alerts.team.idempotency import IdempotentRoute

MOST_TEXTS = 200

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1",
    tags=["conversations"],
    dependencies=[Depends(needs(Scope.TALK))],
)


@router.get("/conversations")
async def page_of_conversations(  # noqa: PLR0913, PLR0917 - its filters
    session: Session,
    caller: Caller,
    state: Annotated[ThreadState | None, Query(description="only these")] = None,
    taken_by: Annotated[
        str | None, Query(max_length=60, description="only whom this person looks after")
    ] = None,
    assigned_to: Annotated[
        int | None, Query(ge=1, lt=MOST_IDS, description="only whom this organizer looks after")
    ] = None,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> ConversationPage:
    """Conversations: what nobody has read first, and then those that have waited longest."""
    wanted = Wanted((state,) if state else (), taken_by, assigned_to)
    rows, following = await service.page_of_threads(session, wanted, after, limit)
    return ConversationPage(items=_all_out(session, rows, caller), next=following)


@router.get("/conversations/{subscriber_id}")
async def get_conversation(subscriber_id: Id, session: Session, caller: Caller) -> ThreadOut:
    """One conversation with its last texts."""
    thread, who = await service.get_thread(session, subscriber_id)
    texts = await texts_of(session, subscriber_id, MOST_TEXTS)
    return ThreadOut(
        **_out(session, thread, who, caller).model_dump(),
        texts=[SaidOut(**vars(one)) for one in texts],
    )


@router.post("/conversations/{subscriber_id}/messages", status_code=202)
async def write(
    subscriber_id: Id, body: NewMessage, session: Session, caller: Caller, tasks: BackgroundTasks
) -> ConversationOut:
    """Answer somebody; it goes out before every alert."""
    row = await service.write(
        session, subscriber_id, caller.name, body.text, body.canned, organizer_id=_organizer(caller)
    )
    tasks.add_task(enqueue, "send")
    note(session, caller, "answered", "conversation", subscriber_id)
    return _out(session, *row, caller)


@router.post("/conversations/{subscriber_id}/take")
async def take(subscriber_id: Id, body: Taking, session: Session, caller: Caller) -> ConversationOut:
    """Say who looks after it. What was unread counts as read."""
    row = await service.take(session, subscriber_id, body.name)
    note(session, caller, "taken", "conversation", subscriber_id)
    return _out(session, *row, caller)


@router.post("/conversations/{subscriber_id}/assign")
async def assign(subscriber_id: Id, body: Assigning, session: Session, caller: Caller) -> ConversationOut:
    """Give it to an organizer who may answer; null gives it back."""
    return _out(session, *await service.assign(session, subscriber_id, body.organizer, caller), caller)


@router.post("/conversations/{subscriber_id}/messages/measure")
async def measure_message(subscriber_id: Id, body: NewMessage, session: Session) -> MeasuredOut:
    """What an answer would take: message parts and price. Nothing goes out."""
    _, who = await service.get_thread(session, subscriber_id)
    text = body.text or await canned.canned_text(session, body.canned or 0, who.language)
    found = measure(who.language, text)
    price = None
    if found.price is not None:
        price = Price(amount=money(found.price), currency=settings().currency)
    return MeasuredOut(
        text=text,
        encoding=found.segments.encoding,
        parts=found.segments.parts,
        price=price,
        cheaper=dict(found.cheaper),
    )


@router.post("/conversations/{subscriber_id}/read")
async def mark_read(subscriber_id: Id, session: Session, caller: Caller) -> ConversationOut:
    """Somebody has read it. It is still their turn who answers."""
    thread, who = await service.get_thread(session, subscriber_id, lock=True)
    await service.mark_read(session, subscriber_id, thread.moved_at)
    await session.refresh(thread)
    return _out(session, thread, who, caller)


@router.post("/conversations/{subscriber_id}/unread")
async def mark_unread(subscriber_id: Id, session: Session, caller: Caller) -> ConversationOut:
    """Somebody should read it again."""
    row = await service.mark_unread(session, subscriber_id)
    note(session, caller, "marked as not read", "conversation", subscriber_id)
    return _out(session, *row, caller)


@router.post("/conversations/{subscriber_id}/close")
async def close(subscriber_id: Id, session: Session, caller: Caller) -> ConversationOut:
    """Nothing more is to be done; another text of theirs opens it again."""
    row = await service.close(session, subscriber_id)
    note(session, caller, "closed", "conversation", subscriber_id)
    return _out(session, *row, caller)


@router.post("/conversations/{subscriber_id}/reopen")
async def reopen(subscriber_id: Id, session: Session, caller: Caller) -> ConversationOut:
    """A closed one is an organizer's turn again."""
    row = await service.reopen(session, subscriber_id)
    note(session, caller, "opened again", "conversation", subscriber_id)
    return _out(session, *row, caller)


@router.get("/canned-answers")
async def page_of_canned_answers(
    session: Session, after: After = None, limit: Limit = 50
) -> Page[CannedAnswerOut]:
    """Answers that are given often, oldest first."""
    rows, following = await canned.page_of_canned_answers(session, after, limit)
    return Page(items=[_canned_out(row) for row in rows], next=following)


@router.post("/canned-answers", status_code=201)
async def add_canned_answer(body: NewCannedAnswer, session: Session, caller: Caller) -> CannedAnswerOut:
    """Keep an answer that is given often."""
    return _canned_out(await canned.add_canned_answer(session, body.name, body.text, caller))


@router.patch("/canned-answers/{canned_id}")
async def change_canned_answer(
    canned_id: Id, body: CannedAnswerChange, session: Session, caller: Caller
) -> CannedAnswerOut:
    """Another name, or other texts in place of all that it had; what is left out stays."""
    changed = await canned.change_canned_answer(session, canned_id, body.name, body.text, caller)
    return _canned_out(changed)


@router.delete("/canned-answers/{canned_id}", status_code=204)
async def remove_canned_answer(canned_id: Id, session: Session, caller: Caller) -> None:
    """Keep it no more; what was sent with it stays."""
    await canned.remove_canned_answer(session, canned_id, caller)


def _organizer(caller: Actor) -> int | None:
    """Whose key it is; a program's own is nobody's."""
    return caller.person if caller.person != caller.id else None


def _out(session: Session, thread: Thread, who: Subscriber, caller: Actor) -> ConversationOut:
    return _all_out(session, [(thread, who)], caller)[0]


def _all_out(
    session: Session, rows: Sequence[tuple[Thread, Subscriber]], caller: Actor
) -> list[ConversationOut]:
    """Whoever is shown whole numbers here is written down: no route can forget it."""
    if caller.may_read_numbers:
        numbers_opened(session, caller, "read", len(rows))
    return [_shown(thread, who, caller) for thread, who in rows]


def _shown(thread: Thread, who: Subscriber, caller: Actor) -> ConversationOut:
    assert thread.state is not None  # noqa: S101 - the service gives conversations only
    return ConversationOut(
        id=who.id,
        phone=who.phone if caller.may_read_numbers else mask(who.phone),
        language=who.language,
        wrote_in=Language(thread.language) if thread.language else None,
        standing=who.standing,
        state=thread.state,
        unread=thread.unread,
        taken_by=thread.taken_by,
        assigned_to=thread.assigned_to,
        moved_at=thread.moved_at,
    )


def _canned_out(one: CannedAnswer) -> CannedAnswerOut:
    return CannedAnswerOut(
        id=one.id, name=one.name, text={Language(key): value for key, value in one.text.items()}
    )
