"""Pure: the text of an alert in each language, its placeholders filled in, its length checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from alerts.broadcasts.timing import Lead
from alerts.errors import DomainError
from alerts.language.dates import clock_time, day, names_a_day, when
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

    def kept(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {
            "title": dict(self.title),
            "starts_at": self.starts_at.astimezone(UTC).isoformat(),
            "timezone": self.timezone,
            "place": self.place,
        }

    @classmethod
    def of_kept(cls, kept: Mapping[str, Any]) -> Facts:
        """What ``kept`` gave."""
        starts_at = datetime.fromisoformat(kept["starts_at"])
        return cls(kept["title"], starts_at, kept["timezone"], kept["place"])

    def on_the_wall(self) -> tuple[date, time]:
        """Its day, and the time that the clocks of its place show."""
        there = self.starts_at.astimezone(ZoneInfo(self.timezone))
        return there.date(), there.time()

    def days_after(self, lead: Lead) -> int:
        """How many days after what goes out ``lead`` before it, as calendars there count."""
        zone = ZoneInfo(self.timezone)
        goes_out = lead.before(self.starts_at, self.timezone)
        return (self.starts_at.astimezone(zone).date() - goes_out.astimezone(zone).date()).days


def may_say_the_old(texts: Mapping[Language, str], then: Facts, now: Facts, lead: Lead | None = None) -> bool:
    """Whether one of ``texts``, worded when ``then`` was so, may say what is not so ``now``.

    A text follows what it has a placeholder for. Where it has none, what was typed stays, if something
    was. ``lead``: it goes out so long before the action, and so on another day when that moves: where as
    many days lie between as did, "tomorrow" is as true as it was, and only a day that is named is not.
    """
    (day_then, time_then), (day_now, time_now) = then.on_the_wall(), now.on_the_wall()

    def may_say_it(language: Language, text: str) -> bool:
        told = set(placeholders(text))
        same_lead = lead and then.days_after(lead) == now.days_after(lead) and not names_a_day(text, language)
        return (
            (then.place != now.place and "where" not in told)
            or (time_then != time_now and not told & {"when", "time"})
            or (day_then != day_now and not told & {"when", "day"} and not same_lead)
        )

    return any(may_say_it(language, text) for language, text in texts.items())


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
