"""Days and times as people of each language read them, in letters of GSM-7.

CLDR's own formats are not used as they are: they hold U+202F, which doubles the price of a whole
alert, and numeric dates that one reader takes for day/month and another for month/day.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from alerts.language.languages import Language
from alerts.language.segments import CHEAPER, GSM7

# CLDR patterns by language. Spanish is that of the US: a 12-hour clock.
DAY = {Language.EN: "EEEE, MMMM d", Language.ES: "EEEE d 'de' MMMM", Language.SO: "EEEE, MMMM d"}
SHORT_DAY = {Language.EN: "EEE MMM d", Language.ES: "EEE d MMM", Language.SO: "EEEE MMM d"}
DATE = {Language.EN: "MMM d", Language.ES: "d MMM", Language.SO: "MMM d"}
TIME = "h:mm a"
LOCALE = {Language.EN: "en_US", Language.ES: "es_US", Language.SO: "so_SO"}


def when(moment: datetime, zone: str, language: Language) -> str:
    """Day and time of an aware ``moment`` in ``zone``, such as "Saturday, December 5, 5:00 PM"."""
    return _format(moment, zone, language, f"{DAY[language]}, {TIME}")


def day(moment: datetime, zone: str, language: Language) -> str:
    """The day of an aware ``moment`` in ``zone``, such as "Saturday, December 5"."""
    return _format(moment, zone, language, DAY[language])


def short_day(moment: datetime, zone: str, language: Language) -> str:
    """The day in few letters, such as "Sat Dec 5"; Somali has no short days that people know."""
    return _format(moment, zone, language, SHORT_DAY[language])


def day_and_month(on: date, language: Language) -> str:
    """A date of the calendar in the fewest letters, such as "Dec 5"."""
    return str(format_date(on, DATE[language], locale=LOCALE[language]))


def clock_time(moment: datetime, zone: str, language: Language) -> str:
    """The time of an aware ``moment`` in ``zone``, such as "5:00 PM"."""
    return _format(moment, zone, language, TIME)


@lru_cache(maxsize=1024)  # the same few moments are told to thousands within minutes
def _format(moment: datetime, zone: str, language: Language, pattern: str) -> str:
    if moment.tzinfo is None:
        raise ValueError("a time without its zone cannot be told to anyone")
    text = format_datetime(moment, pattern, tzinfo=ZoneInfo(zone), locale=LOCALE[language])
    # People text "5:00 pm"; with CLDR's stops a sentence would end in two.
    plain = text.replace("a.m.", "am").replace("p.m.", "pm")
    return "".join(letter if letter in GSM7 else CHEAPER.get(letter, "") for letter in plain)
