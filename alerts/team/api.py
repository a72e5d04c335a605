"""Routes: /v1/me, /v1/organizers, /v1/keys and /v1/audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from alerts.settings import settings
from alerts.storage.pages import After, Limit, Page
from alerts.team import audit, keys, organizers
from alerts.team.access import MOST_IDS, Caller, Id, Session, needs
from alerts.team.actors import Scope, ordered
from alerts.team.idempotency import IdempotentRoute, shown_once
from alerts.team.models import ApiKey, Organizer
from alerts.team.organizers import Facts, Invited
from alerts.team.schemas import (
    AuditOut,
    InvitedOut,
    KeyOut,
    MeOut,
    NewKey,
    NewKeyOut,
    NewOrganizer,
    OrganizerChange,
    OrganizerOut,
)

router = APIRouter(route_class=IdempotentRoute, prefix="/v1", tags=["team"])
ADMINS = [Depends(needs(Scope.ADMIN))]
SECRET = Depends(shown_once)


@router.get("/me", dependencies=[Depends(needs(Scope.READ))])
async def me(caller: Caller) -> MeOut:
    """Who you are, and what you may do."""
    return MeOut(id=caller.person, name=caller.name, scopes=[Scope(one) for one in ordered(caller.scopes)])


@router.get("/organizers", dependencies=ADMINS)
async def page_of_organizers(session: Session, after: After = None, limit: Limit = 50) -> Page[OrganizerOut]:
    """People who sign in, oldest first."""
    rows, following = await organizers.page_of_organizers(session, after, limit)
    return Page(items=[organizer_out(row) for row in rows], next=following)


@router.post("/organizers", status_code=201, dependencies=[*ADMINS, SECRET])
async def invite_organizer(body: NewOrganizer, session: Session, caller: Caller) -> InvitedOut:
    """Let somebody in. Give them the link yourself: nothing is sent to anybody."""
    facts = Facts(body.email, body.name, body.role, body.may_read_numbers, body.phone)
    return _invited_out(await organizers.invite(session, facts, caller))


@router.get("/organizers/{organizer_id}", dependencies=ADMINS)
async def get_organizer(organizer_id: Id, session: Session) -> OrganizerOut:
    """One of them."""
    return organizer_out(await organizers.get_organizer(session, organizer_id))


@router.patch("/organizers/{organizer_id}", dependencies=ADMINS)
async def change_organizer(
    organizer_id: Id, body: OrganizerChange, session: Session, caller: Caller
) -> OrganizerOut:
    """Change somebody's role or rights, or shut them out with `disabled`. It holds at once."""
    facts = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "phone" in body.model_fields_set:
        facts["phone"] = body.phone
    return organizer_out(await organizers.change_organizer(session, organizer_id, facts, caller))


@router.post("/organizers/{organizer_id}/invite", dependencies=[*ADMINS, SECRET])
async def invite_organizer_again(organizer_id: Id, session: Session, caller: Caller) -> InvitedOut:
    """A new link, for whoever lost their password or their phone."""
    return _invited_out(await organizers.invite_again(session, organizer_id, caller))


@router.get("/keys", dependencies=[Depends(needs(Scope.READ))])
async def page_of_keys(
    session: Session, caller: Caller, after: After = None, limit: Limit = 50
) -> Page[KeyOut]:
    """Keys that work, oldest first: your own, or for an admin all."""
    person = None if caller.may(Scope.ADMIN) else caller.person
    rows, following = await keys.page_of_keys(session, after, limit, person)
    return Page(items=[_key_out(row) for row in rows], next=following)


@router.post("/keys", status_code=201, dependencies=[Depends(needs(Scope.READ)), SECRET])
async def make_key(body: NewKey, session: Session, caller: Caller) -> NewKeyOut:
    """Make a key that may do some of what you may. It ends with the key that makes it."""
    until = body.expires_at
    if "expires_at" not in body.model_fields_set:
        until = datetime.now(UTC) + timedelta(days=keys.DAYS)
    made = await keys.create_api_key(session, body.name, set(body.scopes), expires_at=until, by=caller)
    return NewKeyOut(**_key_out(made.row).model_dump(), key=made.key)


@router.delete("/keys/{key_id}", status_code=204, dependencies=[Depends(needs(Scope.READ))])
async def revoke_key(key_id: Id, session: Session, caller: Caller) -> None:
    """End a key of yours, or as an admin any, and those that were made with it."""
    await keys.revoke(session, key_id, caller)


Noun = Annotated[str | None, Query(description="what kind of thing: alert, action, import", max_length=40)]
Number = Annotated[int | None, Query(description="its id", ge=1, lt=MOST_IDS)]


@router.get("/audit", tags=["audit"], dependencies=ADMINS)
async def page_of_audit(
    session: Session, noun: Noun = None, number: Number = None, after: After = None, limit: Limit = 50
) -> Page[AuditOut]:
    """Who did what, when and from where; the oldest first."""
    rows, following = await audit.page_of_entries(session, after, limit, noun=noun, number=number)
    names = await organizers.names_of(session, {row.actor_id for row in rows if row.actor_id})
    items = [
        AuditOut(
            id=row.id,
            at=row.at,
            who=names.get(row.actor_id, row.who),
            actor=row.actor_id,
            network=row.network,
            what=row.what,
            noun=row.noun,
            number=row.number,
            facts=row.facts,
        )
        for row in rows
    ]
    return Page(items=items, next=following)


def organizer_out(who: Organizer) -> OrganizerOut:
    """An organizer as the API shows them."""
    return OrganizerOut(
        id=who.id,
        email=who.email,
        name=who.name,
        role=who.role,
        may_read_numbers=who.may_read_numbers,
        settled=who.password is not None,
        disabled=who.disabled_at is not None,
        created_at=who.created_at,
    )


def _invited_out(invited: Invited) -> InvitedOut:
    return InvitedOut(
        **organizer_out(invited.who).model_dump(), link=f"{settings().public_base}/welcome/{invited.token}"
    )


def _key_out(row: ApiKey) -> KeyOut:
    return KeyOut(
        id=row.id,
        name=row.name,
        scopes=[Scope(scope) for scope in row.scopes],
        organizer=row.organizer_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )
