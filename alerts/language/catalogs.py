"""Every text that a person reads, from the catalogs in ``locales/``. Never a silent fallback.

The ``.po`` files are compiled in memory when a process first needs them: no build step, and no
compiled file that is older than its source.
"""

from __future__ import annotations

import re
from functools import cache
from gettext import GNUTranslations
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from alerts.errors import DomainError
from alerts.language.languages import LOCALES, Language

FIELD = re.compile(r"\{([a-z_]+)\}")


class MissingTranslation(DomainError):
    """A text that has no translation: nothing may be sent or shown in its place."""

    status = 500
    code = "missing_translation"

    def __init__(self, language: Language, message: str) -> None:
        self.language, self.message = language, message
        super().__init__(f"There is no text in {language} for: {message}")


class MissingField(DomainError):
    """A text has a field that was not given."""

    status = 500
    code = "missing_field"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"The text needs {{{name}}}, which was not given.")


def N_(message: str) -> str:  # noqa: N802 - gettext's own name
    """Marks a message that stands in a table, for extraction."""
    return message


def tr(language: Language, message: str, /, **fields: object) -> str:
    """``message`` in ``language``, its {fields} filled in. Raises MissingTranslation, MissingField."""
    catalog = _catalog(language)
    if not message or message not in _messages(language):
        raise MissingTranslation(language, message)
    return _filled(catalog.gettext(message), fields)


def _filled(text: str, fields: dict[str, object]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in fields:
            raise MissingField(name)
        return str(fields[name])

    return FIELD.sub(value, text)


@cache
def _catalog(language: Language) -> GNUTranslations:
    path = LOCALES / language / "LC_MESSAGES" / "alerts.po"
    with path.open("rb") as source:
        catalog = read_po(source, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _messages(language: Language) -> frozenset[str]:
    return frozenset(_catalog(language)._catalog)  # type: ignore[attr-defined]  # noqa: SLF001 - no public way
