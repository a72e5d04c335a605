"""Shapes of the API: organizers, keys, the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from alerts.team.actors import Role, Scope

Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]

Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s\x00]{1,64}@[^@\s\x00]+\.[^@\s\x00]+$")]
# E.164. Alarms go to it: one that could not be texted to would be found out by the first.
Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{6,14}$", examples=["+19095550100"])]


class Strict(BaseModel):
    """What was sent and is not known is an error."""

    model_config = ConfigDict(extra="forbid")


class NewOrganizer(Strict):
    """Somebody to be let in. ``phone``: where alarms are texted to, with its country's code."""

    email: Email
    name: Name
    role: Role
    may_read_numbers: bool = False
    phone: Phone | None = None


class OrganizerChange(Strict):
    """What is to be changed of an organizer."""

    name: Name | None = None
    role: Role | None = None
    may_read_numbers: bool | None = None
    phone: Phone | None = None
    disabled: bool | None = None


class OrganizerOut(BaseModel):
    """A person who signs in. ``settled``: they have set a password and a second factor."""

    id: int
    email: str
    name: str
    role: Role
    may_read_numbers: bool
    settled: bool
    disabled: bool
    created_at: datetime


class InvitedOut(OrganizerOut):
    """The same, and the link with which they settle in, shown once and good for two days."""

    link: str


class NewKey(Strict):
    """A key to be made."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_at: Annotated[
        AwareDatetime | None,
        Field(description="left out: in 90 days; null: with the key that makes it, and never later"),
    ] = None


class KeyOut(BaseModel):
    """An API key, without the key. ``organizer``: whose it is; none where it was made on the server."""

    id: int
    name: str
    scopes: list[Scope]
    organizer: int | None
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewKeyOut(KeyOut):
    """The same, with the key, shown once."""

    key: str


class MeOut(BaseModel):
    """Who calls, and what they may do."""

    id: int
    name: str
    scopes: list[Scope]


class AuditOut(BaseModel):
    """One thing that somebody, or the clock, did. ``who``: the name as it is now."""

    id: int
    at: datetime
    who: str
    actor: int | None
    network: str | None
    what: str
    noun: str
    number: int
    facts: dict[str, str | int | None]


class NewLockdown(Strict):
    """Why everything stops. ``sure`` is there so that nobody does it by a slip."""

    reason: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    sure: Annotated[bool, Field(description="must be true")]


class LockdownOut(BaseModel):
    """A lockdown. It is ended on the server: `alerts unlock`."""

    id: int
    at: datetime
    reason: str
    paused: list[int] = Field(description="alerts that were stopped by it")
