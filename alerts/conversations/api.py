"""Routes: /v1/conversations and /v1/canned-answers, the organizers' inbox."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Query

from alerts.conversations import service
from alerts.conversations.models import CannedAnswer, Thread, ThreadState
from alerts.conversations.schemas import (
    CannedAnswerOut,
    ConversationOut,
    ConversationPage,
    NewCannedAnswer,
    NewMessage,
    SaidOut,
    Taking,
    ThreadOut,
)
from alerts.language.languages import Language
from alerts.storage.pages import After, Limit, Page
from alerts.storage.redis import enqueue
from alerts.subscribers.models import Subscriber
from alerts.subscribers.phones import mask
from alerts.team.access import Caller, Id, Session, needs
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
async def page_of_conversations(
    session: Session,
    caller: Caller,
    state: Annotated[ThreadState | None, Query(description="only these")] = None,
    taken_by: Annotated[
        str | None, Query(max_length=60, description="only whom this person looks after")
    ] = None,
    after: Annotated[str | None, Query(max_length=60, description="`next` of the page before")] = None,
    limit: Limit = 50,
) -> ConversationPage:
    """Conversations, those that have waited longest first."""
    rows, following = await service.page_of_threads(session, state, taken_by, after, limit)
    _opened(session, caller, len(rows))
    return ConversationPage(items=[_out(*row, caller) for row in rows], next=following)


@router.get("/conversations/{subscriber_id}")
async def get_conversation(subscriber_id: Id, session: Session, caller: Caller) -> ThreadOut:
    """One conversation with its last texts."""
    thread, who = await service.get_thread(session, subscriber_id)
    texts = await service.texts_of(session, subscriber_id, MOST_TEXTS)
    _opened(session, caller, 1)
    return ThreadOut(
        **_out(thread, who, caller).model_dump(),
        texts=[SaidOut(**vars(one)) for one in texts],
    )


@router.post("/conversations/{subscriber_id}/messages", status_code=202)
async def write(
    subscriber_id: Id, body: NewMessage, session: Session, caller: Caller, tasks: BackgroundTasks
) -> ConversationOut:
    """Answer somebody; it goes out before every alert."""
    row = await service.write(session, subscriber_id, caller.name, body.text, body.canned)
    tasks.add_task(enqueue, "send")
    note(session, caller, "answered", "conversation", subscriber_id)
    return _out(*row, caller)


@router.post("/conversations/{subscriber_id}/take")
async def take(subscriber_id: Id, body: Taking, session: Session, caller: Caller) -> ConversationOut:
    """Say who looks after it. What was unread counts as read."""
    return _out(*await service.take(session, subscriber_id, body.name), caller)


@router.post("/conversations/{subscriber_id}/close")
async def close(subscriber_id: Id, session: Session, caller: Caller) -> ConversationOut:
    """Nothing more is to be done; another text of theirs opens it again."""
    row = await service.close(session, subscriber_id)
    note(session, caller, "closed", "conversation", subscriber_id)
    return _out(*row, caller)


@router.get("/canned-answers")
async def page_of_canned_answers(
    session: Session, after: After = None, limit: Limit = 50
) -> Page[CannedAnswerOut]:
    """Answers that are given often, oldest first."""
    rows, following = await service.page_of_canned_answers(session, after, limit)
    return Page(items=[_canned_out(row) for row in rows], next=following)


@router.post("/canned-answers", status_code=201)
async def add_canned_answer(body: NewCannedAnswer, session: Session) -> CannedAnswerOut:
    """Keep an answer that is given often."""
    return _canned_out(await service.add_canned_answer(session, body.name, body.text))


@router.delete("/canned-answers/{canned_id}", status_code=204)
async def remove_canned_answer(canned_id: Id, session: Session) -> None:
    """Keep it no more; what was sent with it stays."""
    await service.remove_canned_answer(session, canned_id)


def _opened(session: Session, caller: Actor, people: int) -> None:
    if caller.may_read_numbers:
        numbers_opened(session, caller, "read", people)


def _out(thread: Thread, who: Subscriber, caller: Actor) -> ConversationOut:
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
        moved_at=thread.moved_at,
    )


def _canned_out(one: CannedAnswer) -> CannedAnswerOut:
    return CannedAnswerOut(
        id=one.id, name=one.name, text={Language(key): value for key, value in one.text.items()}
    )
