"""What every domain error is. One handler in ``alerts.problems`` turns them into answers."""

from __future__ import annotations

from typing import ClassVar

LIKE_A_NUMBER = 10**6  # local numbers have seven digits


class DomainError(Exception):
    """A rule of ours was not met, by something that a person sent or set up.

    A subclass carries the facts as attributes, states the HTTP ``status`` and the ``code`` that
    programs read, and says in ``str(error)`` what is wrong and the way out.
    ``field`` names the input that is at fault, where there is one. ``stays``: what was written before is
    committed all the same (``session_scope``), as that somebody asked for what they may not know.
    """

    status: ClassVar[int] = 422
    code: ClassVar[str] = "invalid"
    field: str | None = None
    stays: bool = False


class NotFound(DomainError):
    """There is no such ``noun`` with this ``key``."""

    status = 404
    code = "not_found"

    def __init__(self, noun: str, key: object) -> None:
        self.noun = noun
        self.key = key
        # Somebody may have put a phone number where an id belongs: it is not repeated.
        shown = "with this id" if isinstance(key, int) and key >= LIKE_A_NUMBER else key
        super().__init__(f"There is no {noun} {shown}.")


class Conflict(DomainError):
    """The request is well formed, but the thing's present state does not allow it."""

    status = 409
    code = "conflict"
