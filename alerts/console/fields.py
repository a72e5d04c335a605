"""What was typed into a form: read as the API reads what programs send, and refused in plain words."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from alerts.console.doors import Fields
from alerts.errors import Conflict, DomainError
from alerts.language.languages import Language
from alerts.team.access import MOST_IDS

Shape = TypeVar("Shape", bound=BaseModel)
SOONEST_YEAR, LATEST_YEAR = 2000, 2100  # who typed another one slipped


class NotFilledIn(DomainError):
    """A form of which something is missing or cannot be. ``wrong``: the names of those fields."""

    code = "not_filled_in"

    def __init__(self, wrong: tuple[str, ...]) -> None:
        self.wrong = wrong
        super().__init__(f"Missing, or not possible: {', '.join(wrong)}.")


class SaidMeanwhile(Conflict):
    """The conversation is not what was on the page: somebody wrote, or answered, since."""

    code = "said_meanwhile"

    def __init__(self) -> None:
        super().__init__("Something was said in this conversation meanwhile. Look at it again.")


class TimeNotTaken(DomainError):
    """A time was filled in, and what was chosen is to go out at another one."""

    code = "time_not_taken"
    field = "at"

    def __init__(self) -> None:
        super().__init__("A time is filled in, and another one is chosen. Choose that time, or empty it.")


class ReasonNotTaken(DomainError):
    """Why it is urgent was filled in, and that it is was not ticked."""

    code = "reason_not_taken"
    field = "urgent"

    def __init__(self) -> None:
        super().__init__("It says why it is urgent, and not that it is. Tick it, or empty the reason.")


def shaped(shape: type[Shape], given: dict[str, object]) -> Shape:
    """``given`` as ``shape``. Raises NotFilledIn."""
    try:
        return shape.model_validate(given)
    except ValidationError as error:
        names = {str(one["loc"][0]) if one["loc"] else _named_in(one["msg"]) for one in error.errors()}
        raise NotFilledIn(tuple(sorted(names))) from None


def _named_in(message: str) -> str:
    """A rule that holds between fields begins its message with the one to look at."""
    return message.removeprefix("Value error, ").split(maxsplit=1)[0]


def by_language(form: Fields, name: str) -> dict[Language, str]:
    """The fields ``name-en``, ``name-es``, ``name-so``, without those that were left empty."""
    given = {language: form.get(f"{name}-{language}", "").strip() for language in Language}
    return {language: text for language, text in given.items() if text}


def local_time(form: Fields, name: str) -> datetime:
    """What a field for day and time says, by the clocks of a place that it does not name.

    Raises NotFilledIn.
    """
    try:
        moment = datetime.fromisoformat(form.get(name, ""))
    except ValueError:
        raise NotFilledIn((name,)) from None
    if moment.tzinfo or not SOONEST_YEAR <= moment.year <= LATEST_YEAR:
        raise NotFilledIn((name,))
    return moment


def number_in(typed: str) -> int | None:
    """The id that ``typed`` is; None where it is none."""
    return int(typed) if typed.isdecimal() and typed.isascii() and 0 < int(typed) < MOST_IDS else None


def chosen(form: Fields, name: str) -> list[int]:
    """The numbers of the boxes ``name-1``, ``name-2`` … that were ticked."""
    ticked = (field.removeprefix(f"{name}-") for field in form if field.startswith(f"{name}-"))
    return sorted(int(number) for number in ticked if number.isdecimal() and number.isascii())


def date_of(form: Fields, name: str) -> date | None:
    """The day in a field; None where it was left empty. Raises NotFilledIn."""
    given = form.get(name, "").strip()
    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise NotFilledIn((name,)) from None


def required(**given: bool) -> None:
    """Raise NotFilledIn with the names of what is not ``given``."""
    if wrong := tuple(name for name, there in given.items() if not there):
        raise NotFilledIn(wrong)
