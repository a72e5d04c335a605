"""Days and times as people of each language read them; in letters of GSM-7 where it is written in those.

CLDR's own formats are not used as they are: they hold U+202F, which doubles the price of a whole
alert, and numeric dates that one reader takes for day/month and another for month/day.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, get_day_names, get_month_names

from alerts.language.languages import Language
from alerts.language.segments import Encoding, in_gsm7

NARROW_SPACE = "\u202f"


def when(moment: datetime, zone: str, language: Language) -> str:
    """Day and time of an aware ``moment`` in ``zone``, such as "Saturday, December 5, 5:00 PM"."""
    return _format(moment, zone, language, f"{_pattern(language, 'day')}, {_pattern(language, 'time')}")


def day(moment: datetime, zone: str, language: Language) -> str:
    """The day of an aware ``moment`` in ``zone``, such as "Saturday, December 5"."""
    return _format(moment, zone, language, _pattern(language, "day"))


def short_day(moment: datetime, zone: str, language: Language) -> str:
    """The day in few letters, such as "Sat Dec 5"; Somali has no short days that people know."""
    return _format(moment, zone, language, _pattern(language, "short_day"))


def day_and_month(on: date, language: Language) -> str:
    """A date of the calendar in the fewest letters, such as "Dec 5"."""
    return str(format_date(on, _pattern(language, "date"), locale=language.facts["locale"]))


def clock_time(moment: datetime, zone: str, language: Language) -> str:
    """The time of an aware ``moment`` in ``zone``, such as "5:00 PM"."""
    return _format(moment, zone, language, _pattern(language, "time"))


def names_a_day(text: str, language: Language) -> bool:
    """Whether ``text`` may name a day: a day of the week, a month, or any number."""
    return bool(re.search(r"\d", text) or _names(language).search(_plain(text)))


@lru_cache
def _names(language: Language) -> re.Pattern[str]:
    locale = language.facts["locale"]
    named = [
        _plain(name)
        for width in ("wide", "abbreviated")
        for names in (get_day_names(width, locale=locale), get_month_names(width, locale=locale))
        for name in names.values()
    ]
    return re.compile(r"\b(?:" + "|".join(re.escape(name.rstrip(".")) for name in named) + r")\b")


def _plain(text: str) -> str:
    """In small letters without accents, as some people write."""
    apart = unicodedata.normalize("NFD", text.casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=1024)  # the same few moments are told to thousands within minutes
def _format(moment: datetime, zone: str, language: Language, pattern: str) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without its zone cannot be told to anyone")
    text = format_datetime(moment, pattern, tzinfo=ZoneInfo(zone), locale=language.facts["locale"])
    # People text "5:00 pm"; with CLDR's stops a sentence would end in two.
    plain = text.replace("a.m.", "am").replace("p.m.", "pm").replace(NARROW_SPACE, " ")
    return in_gsm7(plain) if language.facts["letters"] == Encoding.GSM7 else plain


def _pattern(language: Language, name: str) -> str:
    return str(language.facts["dates"][name])
