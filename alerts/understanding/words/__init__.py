"""The word tables, one file a language, that a speaker who is no programmer can read and correct."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from alerts.language.languages import Language

Meaning = str  # a key of the tables: leave, help, return, forget, yes, no, maybe, language, question


@cache
def words() -> Mapping[str, Mapping[Meaning, tuple[Language, ...]]]:
    """word → meaning → the languages in which it means that."""
    found: dict[str, dict[Meaning, tuple[Language, ...]]] = {}
    for language in Language:
        for meaning, entries in _table(language)["words"].items():
            for word in entries:
                meanings = found.setdefault(word, {})
                meanings[meaning] = (*meanings.get(meaning, ()), language)
    return found


@cache
def compact_words() -> Mapping[str, str]:
    """word without spaces → word, for words of four letters and more: ``S T O P``, ``KUBIIR``."""
    return {word.replace(" ", ""): word for word in words() if len(word) > 3}


@cache
def phrases(meaning: Meaning) -> Mapping[Language, re.Pattern[str]]:
    """language → a pattern that finds any of its phrases with this meaning, at whole words' beginning."""
    return {
        language: re.compile(r"\b(?:" + "|".join(map(re.escape, _table(language)["phrases"][meaning])) + ")")
        for language in Language
    }


@cache
def _table(language: Language) -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((Path(__file__).parent / f"{language}.toml").read_text())
