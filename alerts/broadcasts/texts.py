"""Pure: the text of an alert in each language, its placeholders filled in, its length checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from alerts.errors import DomainError
from alerts.language.dates import clock_time, day, when
from alerts.language.languages import Language
from alerts.language.segments import BodyTooLong, composed, segments
from alerts.language.templates import fill, placeholders


class NoTitle(DomainError):
    """A text names {title}, but the action has none in its language."""

    code = "no_title"
    field = "text"

    def __init__(self, language: Language) -> None:
        self.language = language
        super().__init__(
            f"The text in {language} has {{title}}, but the action has no title in {language}. Add it."
        )


class TextTooLong(DomainError):
    """A text that the carrier would refuse."""

    code = "text_too_long"
    field = "text"

    def __init__(self, language: Language, length: int, limit: int) -> None:
        self.language, self.length, self.limit = language, length, limit
        super().__init__(
            f"The text in {language} has {length} characters once its placeholders are filled in; "
            f"{limit} is the most that Twilio takes. Take out {length - limit}."
        )


@dataclass(frozen=True)
class Facts:
    """What an action's placeholders stand for."""

    title: Mapping[str, str]
    starts_at: datetime
    timezone: str
    place: str


def compose(texts: Mapping[Language, str], facts: Facts | None, organization: str) -> dict[Language, str]:
    """What goes on the air in each language of ``texts``.

    Raises UnknownPlaceholder, UnbalancedBrace, NoTitle, TextTooLong.
    """
    return {language: _compose_one(language, text, facts, organization) for language, text in texts.items()}


def _compose_one(language: Language, text: str, facts: Facts | None, organization: str) -> str:
    fields = {"organization": organization}
    if facts:
        fields |= {
            "when": when(facts.starts_at, facts.timezone, language),
            "day": day(facts.starts_at, facts.timezone, language),
            "time": clock_time(facts.starts_at, facts.timezone, language),
            "where": facts.place,
        }
        if language in facts.title:
            fields["title"] = facts.title[language]
        elif "title" in placeholders(text):
            raise NoTitle(language)
    body = composed(fill(text, fields))
    try:
        segments(body)
    except BodyTooLong as error:
        raise TextTooLong(language, error.length, error.limit) from None
    return body
