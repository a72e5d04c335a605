"""The API's shapes of alerts, previews, deliveries and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from alerts.broadcasts.audience import Audience, Key
from alerts.broadcasts.forecast import Hint
from alerts.broadcasts.states import AlertState, DeliveryState
from alerts.language.languages import Language
from alerts.language.segments import Encoding
from alerts.subscribers.models import Standing
from alerts.subscribers.schemas import Closed

# The limit of 1,600 is for what goes on the air; a template may be a little longer.
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5000)]
Texts = Annotated[
    dict[Language, Text],
    Field(
        min_length=1,
        examples=[
            {
                "en": "{title}: {when}, {where}. Will you come? YES or NO",
                "es": "{title}: {when}, {where}. ¿Vienes? SI o NO",
                "so": "{title}: {when}, {where}. Ma imanaysaa? HAA ama MAYA",
            }
        ],
    ),
]


class NewAlert(Closed):
    """An alert to send later; nothing goes out before ``send``."""

    audience: Audience
    text: Texts
    action: Key | None = None
    asks_rsvp: bool = False
    urgent: bool = False
    send_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _asks_about_an_action(self) -> NewAlert:
        if self.asks_rsvp and self.action is None:
            raise ValueError("asks_rsvp needs an action to answer to")
        return self


class AlertChange(Closed):
    """What to change of a draft; what is left out stays."""

    audience: Audience | None = None
    text: Texts | None = None
    action: Key | None = None
    asks_rsvp: bool | None = None
    urgent: bool | None = None
    send_at: AwareDatetime | None = None


class AlertOut(BaseModel):
    """An alert. ``trouble`` says in plain words why it is paused."""

    id: int
    state: AlertState
    audience: Audience
    text: dict[Language, str]
    action: int | None
    asks_rsvp: bool
    urgent: bool
    send_at: datetime | None
    trouble: str | None
    created_at: datetime
    finished_at: datetime | None


class LanguagePreviewOut(BaseModel):
    """What people of one language will get, and what it takes on the air."""

    people: int
    body: str
    encoding: Encoding
    parts: int
    costly: list[str]  # the characters that make the whole text expensive
    cheaper: dict[str, str]  # another spelling for those that have one; nothing is replaced unasked


class Price(BaseModel):
    """An estimate: message parts times PRICE_PER_PART."""

    amount: str
    currency: str


class WarningOut(BaseModel):
    """What an organizer should know before; it stops nothing."""

    code: Hint
    language: Language | None
    detail: str


class PreviewOut(BaseModel):
    """Who will get what, what it costs, and from when to when the texts land at the senders' pace.

    ``missing`` are languages with people but no text: they stop the send.
    """

    people: int
    parts: int
    price: Price | None
    seconds: int
    begins_at: datetime
    lands_at: datetime
    languages: dict[Language, LanguagePreviewOut]
    missing: list[Language]
    warnings: list[WarningOut]


class AudienceOut(BaseModel):
    """How many people are in an audience now.

    ``lists``: by list; who is on two is counted in both, and in ``people`` once. ``left_out``: how many
    more are meant and cannot be texted, by standing.
    """

    people: int
    languages: dict[Language, int]
    lists: dict[int, int]
    left_out: dict[Standing, int]


class TestSend(Closed):
    """Where to try an alert: a number, and the languages; all that it has, if none is named."""

    phone: Annotated[str, Field(min_length=1, max_length=40)]
    languages: list[Language] = []


class TestSentOut(BaseModel):
    """The languages that are on their way."""

    languages: list[Language]


class DeliveryOut(BaseModel):
    """One alert to one subscriber."""

    id: int
    subscriber: int
    language: Language
    state: DeliveryState
    message_sid: str | None
    code: int | None
    reason: str | None
    changed_at: datetime


class ReportOut(BaseModel):
    """How many deliveries stand where. The states add up to ``people``, always."""

    alert: int
    state: AlertState
    trouble: str | None  # why it is paused
    people: int
    states: dict[DeliveryState, int]
    languages: dict[Language, dict[DeliveryState, int]]
