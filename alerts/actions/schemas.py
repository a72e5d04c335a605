"""The API's shapes of actions and RSVPs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from alerts.actions.models import ActionKind
from alerts.language.languages import Language
from alerts.subscribers.schemas import Closed, Zone

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Details = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Place = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]


class NewAction(Closed):
    """An action to call people to."""

    kind: ActionKind
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    timezone: Zone
    place: Place
    title: Annotated[dict[Language, Title], Field(min_length=1)]
    details: dict[Language, Details] = {}

    @model_validator(mode="after")
    def _ends_after_start(self) -> NewAction:
        if self.ends_at <= self.starts_at:
            raise ValueError("ends_at must be after starts_at")
        return self


class ActionChange(Closed):
    """What to change of an action; what is left out stays."""

    kind: ActionKind | None = None
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    timezone: Zone | None = None
    place: Place | None = None
    title: Annotated[dict[Language, Title], Field(min_length=1)] | None = None
    details: dict[Language, Details] | None = None


class ActionOut(BaseModel):
    """An action; times are in its own zone."""

    id: int
    kind: ActionKind
    starts_at: datetime
    ends_at: datetime
    timezone: str
    place: str
    title: dict[Language, str]
    details: dict[Language, str]
    cancelled_at: datetime | None
    created_at: datetime


class RsvpOut(BaseModel):
    """One subscriber's present answer."""

    subscriber: int
    answer: str
    guests: int
    language: Language
    answered_at: datetime


class Count(BaseModel):
    """Answers, and the guests that those who said yes will bring."""

    yes: int = 0
    no: int = 0
    maybe: int = 0
    guests: int = 0


class ListCount(BaseModel):
    """Answers of the people on one list; who is on two is counted in both."""

    list: int
    answers: Count


class HourCount(BaseModel):
    """How many gave, within the hour that began then, the answer that they give now."""

    hour: datetime
    answer: str
    people: int


class SummaryOut(BaseModel):
    """How many will come, in all, by language, by list and by the hour in which they said so.

    Of an action that is long over only ``answers`` and ``languages`` are known.
    """

    action: int
    answers: Count
    languages: dict[Language, Count]
    lists: list[ListCount]
    hours: list[HourCount]
