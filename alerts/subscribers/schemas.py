"""The API's shapes of lists and subscribers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from alerts.language.languages import Language
from alerts.subscribers.models import ConsentKind, Standing

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


class NewList(Closed):
    """A list to create. Where it ``confirms``, whoever texts a join word is asked for a yes first."""

    name: ListName
    timezone: Zone
    join_words: JoinWords
    confirms: bool = False


class ListChange(Closed):
    """What to change of a list; what is left out stays."""

    name: ListName | None = None
    timezone: Zone | None = None
    join_words: JoinWords | None = None
    confirms: bool | None = None


class ListOut(BaseModel):
    """A list."""

    id: int
    name: str
    timezone: str
    join_words: dict[Language, str]
    confirms: bool


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
