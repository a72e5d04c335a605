"""Routes: /v1/actions."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from alerts.actions import service, turnout
from alerts.actions.models import Action
from alerts.actions.roster_file import roster_file
from alerts.actions.schemas import (
    ActionChange,
    ActionOut,
    Count,
    HourCount,
    ListCount,
    NewAction,
    RsvpOut,
    SummaryOut,
)
from alerts.language.languages import Language
from alerts.storage.pages import After, Limit, Page
from alerts.team.access import Caller, Id, Session, needs
from alerts.team.actors import Scope
from alerts.team.idempotency import IdempotentRoute
from alerts.understanding.intents import Answer

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1/actions",
    tags=["actions"],
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)


@router.post("", status_code=201)
async def create_action(body: NewAction, session: Session, caller: Caller) -> ActionOut:
    """Make an action."""
    return _out(await service.create_action(session, body.model_dump(), caller))


@router.get("")
async def page_of_actions(session: Session, after: After = None, limit: Limit = 50) -> Page[ActionOut]:
    """Actions, oldest first."""
    rows, following = await service.page_of_actions(session, after, limit)
    return Page(items=[_out(row) for row in rows], next=following)


@router.get("/{action_id}")
async def get_action(action_id: Id, session: Session) -> ActionOut:
    """One action."""
    return _out(await service.get_action(session, action_id))


@router.patch("/{action_id}")
async def change_action(action_id: Id, body: ActionChange, session: Session, caller: Caller) -> ActionOut:
    """Change an action; what is left out, or null, stays."""
    return _out(await service.change_action(session, action_id, body.model_dump(exclude_none=True), caller))


@router.post("/{action_id}/cancel")
async def cancel_action(action_id: Id, session: Session, caller: Caller) -> ActionOut:
    """Call an action off."""
    return _out(await service.cancel_action(session, action_id, caller))


@router.get("/{action_id}/rsvps")
async def page_of_rsvps(
    action_id: Id,
    session: Session,
    answer: Annotated[Answer | None, Query(description="only who gave this one")] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[RsvpOut]:
    """Who answered what."""
    rows, following = await service.page_of_rsvps(session, action_id, answer, after, limit)
    items = [
        RsvpOut(
            subscriber=row.subscriber_id,
            answer=row.answer,
            guests=row.guests,
            language=Language(row.language),
            answered_at=row.answered_at,
        )
        for row in rows
    ]
    return Page(items=items, next=following)


@router.get("/{action_id}/summary")
async def summary(action_id: Id, session: Session) -> SummaryOut:
    """How many will come: in all, by language, by list, and when they said so."""
    total = Count()
    languages: dict[Language, Count] = {}
    for row in await service.summary(session, action_id):
        for count in (total, languages.setdefault(row.language, Count())):
            _add(count, row.answer, row.people, row.guests)
    lists: dict[int, Count] = {}
    for one in await turnout.by_list(session, action_id):
        _add(lists.setdefault(one.list_id, Count()), one.answer, one.people, one.guests)
    return SummaryOut(
        action=action_id,
        answers=total,
        languages=languages,
        lists=[ListCount(list=list_id, answers=count) for list_id, count in lists.items()],
        hours=[
            HourCount(hour=one.hour, answer=one.answer, people=one.people)
            for one in await turnout.by_hour(session, action_id)
        ],
    )


def _add(count: Count, answer: Answer, people: int, guests: int) -> None:
    setattr(count, answer, getattr(count, answer) + people)
    count.guests += guests if answer == Answer.YES else 0


@router.get(
    "/{action_id}/roster.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def roster_as_csv(action_id: Id, session: Session, caller: Caller) -> StreamingResponse:
    """A row a person who answered. Numbers are masked unless the key may read them."""
    return await roster_file(session, action_id, caller)


def _out(action: Action) -> ActionOut:
    zone = ZoneInfo(action.timezone)
    return ActionOut(
        id=action.id,
        kind=action.kind,
        starts_at=action.starts_at.astimezone(zone),
        ends_at=action.ends_at.astimezone(zone),
        timezone=action.timezone,
        place=action.place,
        title={Language(language): title for language, title in action.title.items()},
        details={Language(language): details for language, details in action.details.items()},
        cancelled_at=action.cancelled_at,
        created_at=action.created_at,
    )
