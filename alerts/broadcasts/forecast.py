"""Pure: what an alert will cost, when its last text will land, and what an organizer should know before."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from alerts.broadcasts.hours import Hours
from alerts.language.languages import Language

USED = 0.985  # of a sender's rate (carrier/pacing.lua)
MICROS = 1_000_000  # of the currency's unit: prices are counted in these, as integers
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
    TIME_IS_OVER = "time_is_over"
    ACTION_BEGUN = "action_begun"
    MAY_SAY_THE_OLD = "may_say_the_old"
    NIGHT_UNTIL_ACTION = "night_until_action"
    NEW_PEOPLE = "new_people"


DETAILS = {
    Hint.LANDS_LATE: "For some people it would be too late: the action has begun before their turn, so they"
    " get nothing. Send it earlier, or to fewer.",
    Hint.QUIET_HOURS: "Some people are asleep then: they get it when the hours of their list begin.",
    Hint.SHORT_LINK: "Carriers block texts with shortened links. Write the whole address.",
    Hint.NO_WAY_OUT: "This is the first alert, and its text does not say how to leave. Add: STOP to leave.",
    Hint.TIME_IS_OVER: "The time that was chosen for it is over: it cannot be sent so. Choose another.",
    Hint.ACTION_BEGUN: "The action has begun by then, or is over.",
    Hint.MAY_SAY_THE_OLD: "Its action got another time or place since this text was written, and the text has"
    " no placeholder for it: it may say the old one. Look at it.",
    Hint.NIGHT_UNTIL_ACTION: "On some lists it is night from then until the action begins: their people get"
    " nothing. Choose a longer time before, or mark it urgent.",
    Hint.NEW_PEOPLE: "Some people were put on these lists since the last alert that told everybody how to"
    " leave, and no text told them. Add: STOP to leave.",
}


@dataclass(frozen=True, slots=True)
class Warned:
    """A hint, and the language of the text that it is about, where it is about one."""

    hint: Hint
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """The texts of an alert to people whom one list speaks for: their message parts, and their hours."""

    parts: float
    hours: Hours


@dataclass(frozen=True, slots=True)
class Forecast:
    """``price`` in millionths of the currency's unit; None where no price is set.

    ``late``: some texts will not go out, as the action begins before their turn or before the morning.
    """

    parts: int
    price: int | None
    seconds: int
    begins_at: datetime
    lands_at: datetime
    late: bool


def pace(rates: Sequence[float]) -> float:
    """Message parts a second of senders with these ``rates``, between which people are spread evenly."""
    return len(rates) * min(rates) * USED


def forecast(
    shares: Sequence[Share],
    rates: Sequence[float],
    price_per_part: Decimal | None,
    begins_at: datetime,
    until: datetime | None = None,
) -> Forecast:
    """How long the texts take, spread over senders with these ``rates``, and what they cost.

    People are spread evenly, so the slowest sender is the last to end. ``until``: nothing goes out then.
    """
    parts = int(sum(share.parts for share in shares))
    lands_at, late = _goes_out(shares, pace(rates), begins_at, until)
    whole = timedelta(seconds=-(-(lands_at - begins_at).total_seconds() // 1))
    price = None if price_per_part is None else parts * int(price_per_part * MICROS)
    return Forecast(parts, price, int(whole.total_seconds()), begins_at, begins_at + whole, late)


def _goes_out(
    shares: Sequence[Share], rate: float, begins_at: datetime, until: datetime | None
) -> tuple[datetime, bool]:
    """When the last text that goes out has gone, and whether some do not."""
    left = [share for share in shares if share.parts]
    now = last = begins_at
    while left:
        if until and now >= until:
            return last, True
        awake = [share for share in left if share.hours.is_open(now)]
        turns = [share.hours.next_closed(now) or share.hours.next_open(now) for share in left]
        horizon = min((turn for turn in (*turns, until) if turn), default=None)
        parts = sum(share.parts for share in awake)
        end = now + timedelta(seconds=parts / rate)
        if horizon is None or (end <= horizon and awake):
            now = last = end
            left = [share for share in left if share not in awake]
            continue
        if awake:  # all of them go on at the same pace until one closes or another opens
            rest = 1 - rate * (horizon - now).total_seconds() / parts
            left = [replace(one, parts=one.parts * rest) if one in awake else one for one in left]
            last = horizon
        now = horizon
    return last, False


def money(micros: int) -> str:
    """An amount with two decimals, rounded up: nobody is surprised by less."""
    cents = -(-micros * 100 // MICROS)
    return f"{cents // 100}.{cents % 100:02}"


def says_how_to_leave(bodies: Mapping[str, str]) -> bool:
    """Whether each of these texts names the way out."""
    return all(_WAY_OUT.search(body) for body in bodies.values())


def at_night(opens: Iterable[datetime], until: datetime) -> list[Warned]:
    """What to know of a text for an action that begins at ``until``, when some lists open only then."""
    late = [moment >= until for moment in opens]
    never, later = (Warned(hint) for hint in (Hint.NIGHT_UNTIL_ACTION, Hint.QUIET_HOURS))
    return [never] * any(late) + [later] * (not all(late))


def warnings(
    expected: Forecast,
    bodies: Mapping[Language, str],
    *,
    put_off: int,
    first: bool,
    new_people: bool = False,
) -> list[Warned]:
    """What an organizer should know. ``first``: nobody has had an alert before this one.

    ``new_people``: some were put on its lists, and no text told them how to leave.
    """
    found: list[Warned] = []
    if expected.late:
        found.append(Warned(Hint.LANDS_LATE))
    if put_off:
        found.append(Warned(Hint.QUIET_HOURS))
    for language, body in bodies.items():
        if _SHORTENED.search(body):
            found.append(Warned(Hint.SHORT_LINK, language))
        if first and not _WAY_OUT.search(body):
            found.append(Warned(Hint.NO_WAY_OUT, language))
        elif new_people and not _WAY_OUT.search(body):
            found.append(Warned(Hint.NEW_PEOPLE, language))
    return found
