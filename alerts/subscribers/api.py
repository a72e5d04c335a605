"""Routes: /v1/lists and /v1/subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After, Limit, Page
from alerts.subscribers import adding, finding, lists, service
from alerts.subscribers.finding import NobodyHasIt, Sought
from alerts.subscribers.models import Channel, ConsentEvent, List, Standing, Subscriber
from alerts.subscribers.phones import mask, parse_phone
from alerts.subscribers.schemas import (
    ConsentOut,
    ConsentProof,
    ListChange,
    ListOut,
    NewList,
    NewSubscriber,
    PhoneQuestion,
    ProvenConsent,
    SubscriberChange,
    SubscriberOut,
    TextingHours,
)
from alerts.subscribers.service import Proof
from alerts.team.access import MOST_IDS, Caller, Id, MayNotReadNumbers, Session, needs
from alerts.team.actors import Actor, Scope
from alerts.team.audit import numbers_opened
from alerts.team.idempotency import IdempotentRoute

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1",
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)


@router.post("/lists", status_code=201, tags=["lists"])
async def create_list(body: NewList, session: Session, caller: Caller) -> ListOut:
    """Make a list, with a join word in each language."""
    made = await lists.create_list(
        session,
        body.name,
        body.timezone,
        body.join_words,
        confirms=body.confirms,
        hours=_opening(body.hours),
        by=caller,
    )
    return (await _lists_out(session, [made]))[0]


@router.get("/lists", tags=["lists"])
async def page_of_lists(session: Session, after: After = None, limit: Limit = 50) -> Page[ListOut]:
    """Lists, oldest first."""
    rows, following = await lists.page_of_lists(session, after, limit)
    return Page(items=await _lists_out(session, rows), next=following)


@router.get("/lists/{list_id}", tags=["lists"])
async def get_list(list_id: Id, session: Session) -> ListOut:
    """One list."""
    return (await _lists_out(session, [await lists.get_list(session, list_id)]))[0]


@router.patch("/lists/{list_id}", tags=["lists"])
async def change_list(list_id: Id, body: ListChange, session: Session, caller: Caller) -> ListOut:
    """Change a list; its join words are replaced as a whole."""
    changed = await lists.change_list(
        session,
        list_id,
        name=body.name,
        timezone=body.timezone,
        words=body.join_words,
        confirms=body.confirms,
        hours=_opening(body.hours) if "hours" in body.model_fields_set else ...,
        by=caller,
    )
    return (await _lists_out(session, [changed]))[0]


@router.delete("/lists/{list_id}", status_code=204, tags=["lists"])
async def delete_list(list_id: Id, session: Session, caller: Caller) -> None:
    """Delete a list that nobody is on."""
    await lists.delete_list(session, list_id, caller)


@router.post("/subscribers", status_code=201, tags=["subscribers"])
async def add_subscriber(body: NewSubscriber, session: Session, caller: Caller) -> SubscriberOut:
    """Add somebody who gave consent elsewhere. Who left, or was forgotten, is not brought back by this."""
    phone = parse_phone(body.phone, settings().default_region)
    proof = Proof(Channel.API, source=body.consent)
    added = await adding.add(session, phone, body.language, body.lists, body.tags, proof, caller)
    return (await _subscribers_out(session, [added], caller))[0]


@router.post("/subscribers/find", tags=["subscribers"])
async def find_subscriber(body: PhoneQuestion, session: Session, caller: Caller) -> SubscriberOut:
    """Who has this number. A POST, because a number must not stand in a URL.

    Each look stands in the audit trail. A key that may not read numbers has thirty an hour, with all keys
    of its organizer together.
    """
    found = await finding.look_for(session, parse_phone(body.phone, settings().default_region), caller)
    if found is None:
        raise NobodyHasIt
    return (await _subscribers_out(session, [found], caller))[0]


@router.get("/subscribers", tags=["subscribers"])
async def page_of_subscribers(  # noqa: PLR0913, PLR0917 - its filters
    session: Session,
    caller: Caller,
    after: After = None,
    limit: Limit = 50,
    standing: Annotated[Standing | None, Query(description="only these")] = None,
    language: Annotated[Language | None, Query(description="only these")] = None,
    list_id: Annotated[
        int | None, Query(alias="list", ge=1, lt=MOST_IDS, description="only on this one")
    ] = None,
    tag: Annotated[str | None, Query(min_length=1, max_length=40, description="only with this one")] = None,
) -> Page[SubscriberOut]:
    """Subscribers, oldest first."""
    sought = Sought(standing, language, list_id, tag)
    rows, following = await finding.page_of_subscribers(session, sought, after, limit)
    return Page(items=await _subscribers_out(session, rows, caller), next=following)


@router.get("/subscribers/{subscriber_id}", tags=["subscribers"])
async def get_subscriber(subscriber_id: Id, session: Session, caller: Caller) -> SubscriberOut:
    """One subscriber."""
    return (await _subscribers_out(session, [await service.get_subscriber(session, subscriber_id)], caller))[
        0
    ]


@router.patch("/subscribers/{subscriber_id}", tags=["subscribers"])
async def change_subscriber(
    subscriber_id: Id, body: SubscriberChange, session: Session, caller: Caller
) -> SubscriberOut:
    """Change somebody's language, lists or tags. Standing changes only by what the person does."""
    changed = await service.change(session, subscriber_id, body.lists, body.tags, caller)
    if body.language:
        await service.change_language(session, changed, body.language, Proof(Channel.API, source=caller.name))
    return (await _subscribers_out(session, [changed], caller))[0]


@router.delete("/subscribers/{subscriber_id}", tags=["subscribers"])
async def remove_subscriber(subscriber_id: Id, session: Session, caller: Caller) -> SubscriberOut:
    """Text this person no more, on whatever list. The proof of consent stays."""
    gone = await service.remove(session, subscriber_id, Channel.API, caller)
    return (await _subscribers_out(session, [gone], caller))[0]


@router.get("/subscribers/{subscriber_id}/consent", tags=["subscribers"])
async def page_of_consent(
    subscriber_id: Id, session: Session, caller: Caller, after: After = None, limit: Limit = 50
) -> Page[ConsentOut]:
    """What happened to somebody's consent, oldest first; `source` only for a key that may write."""
    await service.get_subscriber(session, subscriber_id)
    rows, following = await service.page_of_consent(session, subscriber_id, after, limit)
    return Page(items=[ConsentOut(**_event(row, caller)) for row in rows], next=following)


@router.post("/subscribers/proof", tags=["subscribers"])
async def proof_of_consent(body: PhoneQuestion, session: Session, caller: Caller) -> ConsentProof:
    """The consent of one number with its exact words. Needs a key that may read numbers."""
    if not caller.may_read_numbers:
        raise MayNotReadNumbers
    who = await finding.look_for(session, parse_phone(body.phone, settings().default_region), caller)
    if who is None:
        raise NobodyHasIt
    numbers_opened(session, caller, "read the proof of", 1)
    names = await lists.names_of_lists(session)
    events = [
        ProvenConsent(**_event(event, caller), list_name=names.get(event.list_id), words=event.words)
        for event in await service.consent_of(session, who.id)
    ]
    return ConsentProof(phone=who.phone, standing=who.standing, language=who.language, events=events)


def _opening(hours: TextingHours | None) -> lists.Opening | None:
    return (hours.opens, hours.closes) if hours else None


def _event(event: ConsentEvent, caller: Actor) -> dict[str, Any]:
    return {
        "kind": event.kind,
        "list": event.list_id,
        "channel": event.channel,
        "language": event.language,
        # It may hold a name, or whose hands a sheet went through: not for whoever only looks.
        "source": event.source if caller.may(Scope.WRITE) or caller.may_read_numbers else None,
        "at": event.at,
    }


async def _lists_out(session: AsyncSession, rows: Sequence[List]) -> list[ListOut]:
    words = await lists.words_of_lists(session, [row.id for row in rows])
    return [
        ListOut(
            id=row.id,
            name=row.name,
            timezone=row.timezone,
            join_words=words[row.id],
            confirms=row.confirms,
            hours=TextingHours(opens=row.opens, closes=row.closes) if row.opens and row.closes else None,
        )
        for row in rows
    ]


async def _subscribers_out(
    session: AsyncSession, rows: Sequence[Subscriber], caller: Actor
) -> list[SubscriberOut]:
    lists_of = await service.lists_of(session, [row.id for row in rows])
    if caller.may_read_numbers:
        numbers_opened(session, caller, "read", len(rows))
    return [
        SubscriberOut(
            id=row.id,
            phone=row.phone if caller.may_read_numbers else mask(row.phone),
            language=row.language,
            standing=row.standing,
            lists=lists_of[row.id],
            tags=row.tags,
            created_at=row.created_at,
        )
        for row in rows
    ]
