"""Pure: what an alert will cost, when its last text will land, and what an organizer should know before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from alerts.language.languages import Language

USED = 0.985  # of a sender's rate (carrier/pacing.lua)
MICROS = 1_000_000  # of the currency's unit: prices are counted in these, as integers
# When people are texted. Source: 47 CFR 64.1200(c)(1), 8 a.m. to 9 p.m. at the person's place.
FIRST_HOUR, LAST_HOUR = time(8), time(21)
# Carriers block texts with these as spam. Source: CTIA, Messaging Principles and Best Practices, 5.3.2.
SHORTENERS = (
    "bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly", "cutt.ly",
    "shorturl.at", "rb.gy", "t.ly",
)  # fmt: skip
_SHORTENED = re.compile(
    r"(?<![\w.-])(?<![^/:]/)(?:" + "|".join(map(re.escape, SHORTENERS)) + r")(?:/|\b(?!\.?\w))", re.IGNORECASE
)
_WAY_OUT = re.compile(r"\bSTOP\b", re.IGNORECASE)


class Hint(StrEnum):
    """What an organizer is warned of; none of it stops a send."""

    LANDS_LATE = "lands_late"
    QUIET_HOURS = "quiet_hours"
    SHORT_LINK = "short_link"
    NO_WAY_OUT = "no_way_out"


DETAILS = {
    Hint.LANDS_LATE: "The last text will land after the action has begun. Send it earlier, or to fewer.",
    Hint.QUIET_HOURS: "Some texts will land before 8:00 or after 21:00 where people are.",
    Hint.SHORT_LINK: "Carriers block texts with shortened links. Write the whole address.",
    Hint.NO_WAY_OUT: "This is the first alert, and its text does not say how to leave. Add: STOP to leave.",
}


@dataclass(frozen=True, slots=True)
class Warned:
    """A hint, and the language of the text that it is about, where it is about one."""

    hint: Hint
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """``price`` in millionths of the currency's unit; None where no price is set."""

    parts: int
    price: int | None
    seconds: int
    begins_at: datetime
    lands_at: datetime


def forecast(
    parts: int, rates: Sequence[float], price_per_part: Decimal | None, begins_at: datetime
) -> Forecast:
    """How long ``parts`` take, spread over senders with these ``rates``, and what they cost.

    People are spread evenly, so the slowest sender is the last to end.
    """
    seconds = parts / len(rates) / (min(rates) * USED)
    price = None if price_per_part is None else parts * int(price_per_part * MICROS)
    whole = -(-seconds // 1)
    return Forecast(parts, price, int(whole), begins_at, begins_at + timedelta(seconds=whole))


def money(micros: int) -> str:
    """An amount with two decimals, rounded up: nobody is surprised by less."""
    cents = -(-micros * 100 // MICROS)
    return f"{cents // 100}.{cents % 100:02}"


def warnings(
    expected: Forecast,
    bodies: Mapping[Language, str],
    *,
    starts_at: datetime | None,
    zones: Iterable[str],
    urgent: bool,
    first: bool,
) -> list[Warned]:
    """What an organizer should know. ``first``: nobody has had an alert before this one."""
    found: list[Warned] = []
    if starts_at and expected.lands_at > starts_at:
        found.append(Warned(Hint.LANDS_LATE))
    if not urgent and any(_quiet(expected, ZoneInfo(zone)) for zone in zones):
        found.append(Warned(Hint.QUIET_HOURS))
    for language, body in bodies.items():
        if _SHORTENED.search(body):
            found.append(Warned(Hint.SHORT_LINK, language))
        if first and not _WAY_OUT.search(body):
            found.append(Warned(Hint.NO_WAY_OUT, language))
    return found


def _quiet(expected: Forecast, zone: ZoneInfo) -> bool:
    begins, lands = expected.begins_at.astimezone(zone), expected.lands_at.astimezone(zone)
    awake = all(FIRST_HOUR <= moment.time() < LAST_HOUR for moment in (begins, lands))
    return not awake or begins.date() != lands.date()
