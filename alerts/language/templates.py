"""Templates of organizers: plain text with {placeholders}, nothing that runs."""

from __future__ import annotations

import re
from collections.abc import Mapping

from alerts.errors import DomainError

PLACEHOLDER = re.compile(r"\{(\w+)\}")


class UnknownPlaceholder(DomainError):
    """A placeholder that this text cannot have."""

    code = "unknown_placeholder"
    field = "text"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name, self.known = name, known
        names = ", ".join(f"{{{one}}}" for one in known)
        super().__init__(f"{{{name}}} is not known here. Use one of: {names}.")


class UnbalancedBrace(DomainError):
    """A brace that is not part of a placeholder."""

    code = "unbalanced_brace"
    field = "text"

    def __init__(self, position: int) -> None:
        self.position = position
        super().__init__(
            f"The brace at character {position + 1} belongs to no placeholder. "
            "Write placeholders like {when}, and no other braces."
        )


def placeholders(template: str) -> tuple[str, ...]:
    """The names in ``template``, each once, in their order. Raises UnbalancedBrace."""
    between = PLACEHOLDER.sub(lambda match: " " * len(match[0]), template)
    stray = re.search(r"[{}]", between)
    if stray:
        raise UnbalancedBrace(stray.start())
    return tuple(dict.fromkeys(PLACEHOLDER.findall(template)))


def fill(template: str, fields: Mapping[str, str]) -> str:
    """``template`` with its placeholders filled in. Raises UnknownPlaceholder, UnbalancedBrace."""
    for name in placeholders(template):
        if name not in fields:
            raise UnknownPlaceholder(name, tuple(sorted(fields)))
    return PLACEHOLDER.sub(lambda match: fields[match[1]], template)
