"""Who acts: an organizer or an API key, and what they may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from alerts.errors import DomainError


class Scope(StrEnum):
    """One thing that somebody may do."""

    READ = "read"  # lists, actions, alerts, reports; people without their numbers
    WRITE = "write"  # all of these
    TALK = "talk"  # read what workers wrote, and answer
    SEND = "send"  # have people texted
    ADMIN = "admin"  # organizers, keys, the audit trail, lockdown
    NUMBERS = "numbers"  # see whole phone numbers; no role has it by itself


class Role(StrEnum):
    """What an organizer is."""

    VIEWER = "viewer"
    ORGANIZER = "organizer"
    ADMIN = "admin"


_OF_ROLE = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.ORGANIZER: frozenset({Scope.READ, Scope.WRITE, Scope.TALK, Scope.SEND}),
    Role.ADMIN: frozenset(Scope) - {Scope.NUMBERS},
}


def scopes_of(role: Role, *, may_read_numbers: bool) -> frozenset[Scope]:
    """What an organizer may do."""
    return _OF_ROLE[role] | ({Scope.NUMBERS} if may_read_numbers else frozenset())


class NotAllowed(DomainError):
    """The caller is known, and may not do this."""

    status = 403
    code = "not_allowed"

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        super().__init__(f"This needs the scope {scope!s}. An admin can give it.")


@dataclass(frozen=True)
class Actor:
    """Who acts in a request. Organizers and API keys are numbered together: ``id`` is nobody else's.

    ``person``: the id of whose key it is; else the same. ``where``: from which network (``network_of``).
    ``session``: in which they have signed in; a key has none.
    """

    id: int
    person: int
    name: str
    scopes: frozenset[Scope]
    where: str | None = None
    session: int | None = None

    def may(self, scope: Scope) -> bool:
        """Whether they may do this."""
        return scope in self.scopes

    @property
    def may_read_numbers(self) -> bool:
        """Whether they may see whole phone numbers."""
        return self.may(Scope.NUMBERS)

    def need(self, scope: Scope) -> None:
        """Raise NotAllowed where they may not do this."""
        if not self.may(scope):
            raise NotAllowed(scope)


def ordered(scopes: Iterable[str]) -> list[str]:
    """The same scopes, each once, in the order in which they are defined above."""
    known = set(scopes)
    return [str(scope) for scope in Scope if scope in known]
