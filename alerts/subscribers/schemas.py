"""The API's shapes of lists and subscribers."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    model_validator,
)

from alerts.language.languages import Language
from alerts.subscribers.models import ConsentKind, Standing

SHORTEST_HOURS = 60  # minutes; in less a slow sender would reach nobody
KNOWN_ZONES = available_timezones()


def _known_zone(name: str) -> str:
    if name not in KNOWN_ZONES:
        raise ValueError("not a time zone; write one like America/Chicago")
    return name


Zone = Annotated[str, AfterValidator(_known_zone), Field(examples=["America/Los_Angeles"])]
ListName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=30)]
JoinWords = Annotated[
    dict[Language, Word], Field(min_length=1, examples=[{"en": "JOIN", "es": "UNETE", "so": "KU BIIR"}])
]


class Closed(BaseModel):
    """A body in which a field that we do not know is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


Clock = Annotated[time, PlainSerializer(lambda clock: f"{clock:%H:%M}", return_type=str)]


class TextingHours(Closed):
    """When people of a list are texted, by the clocks of its zone.

    Over midnight where ``closes`` comes before ``opens``, as for people who work nights; around the clock
    where they are equal.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"opens": "20:00", "closes": "06:00"}]}
    )

    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _plain_and_long_enough(self) -> TextingHours:
        if any(one.tzinfo or one.second or one.microsecond for one in (self.opens, self.closes)):
            raise ValueError("write hours and minutes on the clock, like 08:00")
        minutes = [one.hour * 60 + one.minute for one in (self.opens, self.closes)]
        if 0 < (minutes[1] - minutes[0]) % (24 * 60) < SHORTEST_HOURS:
            raise ValueError("leave at least an hour between opens and closes")
        return self


class NewList(Closed):
    """A list to create. Where it ``confirms``, whoever texts a join word is asked for a yes first.

    ``hours``: without them people are texted from 8:00 to 21:00.
    """

    name: ListName
    timezone: Zone
    join_words: JoinWords
    confirms: bool = False
    hours: TextingHours | None = None


class ListChange(Closed):
    """What to change of a list; what is left out stays. Hours of null are those of everybody."""

    name: ListName | None = None
    timezone: Zone | None = None
    join_words: JoinWords | None = None
    confirms: bool | None = None
    hours: TextingHours | None = None


class ListOut(BaseModel):
    """A list."""

    id: int
    name: str
    timezone: str
    join_words: dict[Language, str]
    confirms: bool
    hours: TextingHours | None


class NewSubscriber(Closed):
    """A person who consented elsewhere; ``consent`` says where and how, for the record."""

    phone: Annotated[str, Field(min_length=1, max_length=40, examples=["+1 909 555 0101"])]
    language: Language
    lists: Annotated[list[int], Field(min_length=1)]
    tags: list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]] = []
    consent: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
        Field(examples=["Signed the sheet at the gate, 2026-11-20"]),
    ]


class PhoneQuestion(Closed):
    """Which number is asked about. In the body: a number never stands in a URL."""

    phone: Annotated[str, Field(min_length=1, max_length=40)]


class SubscriberChange(Closed):
    """What to change of a subscriber; what is left out stays."""

    language: Language | None = None
    lists: list[int] | None = None
    tags: list[str] | None = None


class SubscriberOut(BaseModel):
    """A subscriber; ``phone`` is masked unless the key may read numbers."""

    id: int
    phone: str
    language: Language
    standing: Standing
    lists: list[int]
    tags: list[str]
    created_at: datetime


class ConsentOut(BaseModel):
    """One event of somebody's consent."""

    kind: ConsentKind
    list: int | None
    channel: str
    language: Language
    source: str | None
    at: datetime


class ProvenConsent(ConsentOut):
    """One event of somebody's consent with its words, as a regulator or a carrier asks for it."""

    list_name: str | None
    words: str | None


class ConsentProof(BaseModel):
    """All that is known of the consent of one number, the oldest first."""

    phone: str
    standing: Standing
    language: Language
    events: list[ProvenConsent]
