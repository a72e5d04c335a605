"""The languages that workers read."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language that every text exists in. The value is its ISO 639-1 code."""

    EN = "en"
    ES = "es"
    SO = "so"

    @property
    def own_name(self) -> str:
        """What its speakers call it, in letters of GSM-7 only (ñ is one of them)."""
        return OWN_NAMES[self]


OWN_NAMES = {Language.EN: "English", Language.ES: "Español", Language.SO: "Soomaali"}
