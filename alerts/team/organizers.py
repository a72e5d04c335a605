"""Organizers: invited, welcomed, given a role, shut out."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict, NotFound
from alerts.storage.pages import page_of
from alerts.storage.types import findable
from alerts.team import passwords
from alerts.team.actors import Actor, Role, Scope, scopes_of
from alerts.team.audit import ON_THE_SERVER, note, note_of
from alerts.team.codes import new_recovery_codes, secrets_of, step_of
from alerts.team.keys import end_keys_of
from alerts.team.lockdown import require_open
from alerts.team.models import Organizer, OrganizerSession

WELCOME = timedelta(hours=48)


class AddressTaken(Conflict):
    """Somebody has this e-mail address already."""

    code = "address_taken"
    field = "email"

    def __init__(self) -> None:
        super().__init__("An organizer has this e-mail address already.")


class LastAdmin(Conflict):
    """Nobody would be left who may change this again."""

    code = "last_admin"

    def __init__(self) -> None:
        super().__init__("This is the last admin. Make somebody else one first.")


class WrongCode(Conflict):
    """The code is not the authenticator app's at this moment."""

    code = "wrong_code"
    field = "code"

    def __init__(self) -> None:
        super().__init__("This is not the code that the app shows now.")


@dataclass(frozen=True)
class Invited:
    """Somebody who was invited, and the token of their link: it is shown once."""

    who: Organizer
    token: str


@dataclass(frozen=True)
class Facts:
    """What is known of an organizer when they are invited."""

    email: str
    name: str
    role: Role
    may_read_numbers: bool = False
    phone: str | None = None


async def invite(session: AsyncSession, facts: Facts, by: Actor | None) -> Invited:
    """Let somebody in. With their link they set a password and a second factor.

    Raises AddressTaken, LockedDown.
    """
    await require_open(session)
    email = facts.email.strip().casefold()
    if await session.scalar(select(Organizer.id).where(findable(Organizer.email, email))) is not None:
        raise AddressTaken
    who = Organizer(
        email=email,
        name=facts.name,
        role=facts.role,
        may_read_numbers=facts.may_read_numbers,
        phone=facts.phone,
    )
    session.add(who)
    await session.flush()
    _note(session, by, "invited", who, role=who.role, may_read_numbers=str(who.may_read_numbers))
    return Invited(who, _welcome(who))


async def invite_again(session: AsyncSession, organizer_id: int, by: Actor | None) -> Invited:
    """A new link, for whoever lost their password or their phone. Until it is used the old ones work.

    Raises NotFound, LockedDown.
    """
    await require_open(session)
    who = await get_organizer(session, organizer_id, lock=True)
    _note(session, by, "invited again", who)
    return Invited(who, _welcome(who))


def _welcome(who: Organizer) -> str:
    token = secrets.token_urlsafe(32)
    who.welcome, who.welcome_until = _digest(token), datetime.now(UTC) + WELCOME
    return token


async def welcomed(session: AsyncSession, token: str, *, lock: bool = False) -> Organizer:
    """Whose link it is. Raises NotFound where it is over, used or nobody's, LockedDown."""
    query = select(Organizer).where(Organizer.welcome == _digest(token), Organizer.disabled_at.is_(None))
    who = await session.scalar(query.with_for_update() if lock else query)
    if who is None or who.welcome_until is None or who.welcome_until <= datetime.now(UTC):
        raise NotFound("invitation", "behind this link any more; ask for a new one")
    await require_open(session)
    return who


async def settle_in(
    session: AsyncSession, token: str, password: str, code: str, where: str
) -> tuple[Organizer, list[str]]:
    """Set the password and the second factor of whose link it is; and their recovery codes, shown once.

    All their sessions and keys end. Raises NotFound, LockedDown, WeakPassword, WrongCode.
    """
    who = await welcomed(session, token, lock=True)
    passwords.check(password, [who.email, who.name])
    steps = {secret: step_of(secret, code) for secret in secrets_of(token)}
    secret = next((one for one, step in steps.items() if step is not None), None)
    if secret is None:
        raise WrongCode
    who.password = await passwords.hashed(password)
    who.totp, who.totp_step = secret, steps[secret]
    who.welcome = who.welcome_until = None
    await session.execute(delete(OrganizerSession).where(OrganizerSession.organizer_id == who.id))
    ended = await end_keys_of(session, who.id)
    facts: dict[str, int] = {"keys": ended} if ended else {}
    note(session, actor_of(who, where), "settled in", "organizer", who.id, **facts)
    return who, await new_recovery_codes(session, who)


async def change_password(session: AsyncSession, who: Organizer, password: str, by: Actor) -> None:
    """Set a new password; the caller has checked the old one. Raises WeakPassword."""
    passwords.check(password, [who.email, who.name])
    who.password = await passwords.hashed(password)
    _note(session, by, "changed the password of", who)


async def get_organizer(session: AsyncSession, organizer_id: int, *, lock: bool = False) -> Organizer:
    """One organizer. Raises NotFound."""
    query = select(Organizer).where(Organizer.id == organizer_id)
    who = await session.scalar(query.with_for_update() if lock else query)
    if who is None:
        raise NotFound("organizer", organizer_id)
    return who


async def organizer_called(session: AsyncSession, email: str) -> Organizer:
    """Whose e-mail address it is. Raises NotFound."""
    query = select(Organizer).where(findable(Organizer.email, email.strip().casefold()))
    who = await session.scalar(query)
    if who is None:
        raise NotFound("organizer", "with this address")
    return who


async def page_of_organizers(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[Organizer], int | None]:
    """Organizers, oldest first."""
    return await page_of(session, select(Organizer), Organizer.id, after, limit)


async def organizers_who(session: AsyncSession, scope: Scope) -> list[Organizer]:
    """Organizers who have ``scope`` by their role and were not shut out, by name."""
    roles = [role for role in Role if scope in scopes_of(role, may_read_numbers=False)]
    query = select(Organizer).where(Organizer.role.in_(roles), Organizer.disabled_at.is_(None))
    return sorted(await session.scalars(query), key=lambda one: (one.name.casefold(), one.id))


async def names_of(session: AsyncSession, ids: Collection[int]) -> dict[int | None, str]:
    """The names of those of these who are organizers."""
    rows = await session.execute(select(Organizer.id, Organizer.name).where(Organizer.id.in_(ids)))
    return {row.id: row.name for row in rows}


def gives_more(who: Organizer, facts: dict[str, Any]) -> bool:
    """Whether somebody may more with these ``facts`` (CHANGEABLE) than now."""
    if facts.get("disabled", who.disabled_at is not None):
        return False
    numbers = facts.get("may_read_numbers", who.may_read_numbers)
    after = scopes_of(facts.get("role", who.role), may_read_numbers=numbers)
    now = scopes_of(who.role, may_read_numbers=who.may_read_numbers)
    return who.disabled_at is not None or not after <= now


CHANGEABLE = ("name", "role", "may_read_numbers", "phone", "disabled")
SECRET = frozenset({"name", "phone"})  # that these changed is written down, not from what to what


async def change_organizer(
    session: AsyncSession, organizer_id: int, facts: dict[str, Any], by: Actor | None
) -> Organizer:
    """Change what is in ``facts`` (CHANGEABLE). Less power takes effect with the next request.

    Raises NotFound, LastAdmin.
    """
    await session.execute(select(Organizer.id).where(Organizer.role == Role.ADMIN).with_for_update())
    who = await get_organizer(session, organizer_id, lock=True)
    before = {name: _value(who, name) for name in facts}
    was_admin = who.role == Role.ADMIN and who.disabled_at is None
    for name, value in facts.items():
        if name == "disabled":
            who.disabled_at = (who.disabled_at or datetime.now(UTC)) if value else None
        else:
            setattr(who, name, value)
    await session.flush()
    query = select(func.count()).where(Organizer.role == Role.ADMIN, Organizer.disabled_at.is_(None))
    if was_admin and not await session.scalar(query):
        raise LastAdmin
    if who.disabled_at:
        await session.execute(delete(OrganizerSession).where(OrganizerSession.organizer_id == who.id))
        await end_keys_of(session, who.id)
    moved = {
        name: "changed" if name in SECRET else f"{was} → {_value(who, name)}"
        for name, was in before.items()
        if was != _value(who, name)
    }
    if moved:
        _note(session, by, "changed", who, **moved)
    return who


def _value(who: Organizer, name: str) -> object:
    return who.disabled_at is not None if name == "disabled" else getattr(who, name)


def _note(session: AsyncSession, by: Actor | None, what: str, who: Organizer, **facts: str | None) -> None:
    if by:
        note(session, by, what, "organizer", who.id, **facts)
    else:
        note_of(session, None, ON_THE_SERVER, what, "organizer", who.id, **facts)


def actor_of(who: Organizer, where: str) -> Actor:
    """An organizer who acts from the network ``where``. Their name is sealed: the trail has their id."""
    scopes = scopes_of(who.role, may_read_numbers=who.may_read_numbers)
    return Actor(who.id, who.id, "organizer", scopes, where)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
