"""The languages that workers read: one line here, and one folder of data each, ``locales/<language>``."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

LOCALES = Path(__file__).parents[2] / "locales"


class Language(StrEnum):
    """A language that every text exists in. The value is its ISO 639-1 code and its folder's name."""

    EN = "en"
    ES = "es"
    SO = "so"

    @property
    def own_name(self) -> str:
        """What its speakers call it."""
        return str(self.facts["name"])

    @property
    def facts(self) -> dict[str, Any]:
        """What stands in its ``language.toml``."""
        return _read(self, "language.toml")

    @property
    def words(self) -> dict[str, dict[str, Any]]:
        """What its speakers text, from its ``words.toml``."""
        return _read(self, "words.toml")


@cache
def _read(language: Language, name: str) -> dict[str, Any]:
    return tomllib.loads((LOCALES / language / name).read_text("utf-8"))
