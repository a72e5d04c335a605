"""Pure: a sentence and what is filled into it, to be read in whatever language its reader reads."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.language.catalogs import tr
from alerts.language.languages import Language


@dataclass(frozen=True)
class Said:
    """A message of the catalogs (``N_``) and its fields."""

    message: str
    fields: tuple[tuple[str, object], ...] = ()

    def in_words(self, language: Language) -> str:
        """The sentence. Raises MissingTranslation, MissingField."""
        return tr(language, self.message, **dict(self.fields))

    def __str__(self) -> str:
        return self.in_words(Language.EN)


def said(message: str, **fields: object) -> Said:
    """``message`` with these fields."""
    return Said(message, tuple(fields.items()))
