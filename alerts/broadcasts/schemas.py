"""The API's shapes of alerts, previews, deliveries and reports."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from alerts.broadcasts.audience import Answered, Audience, Key
from alerts.broadcasts.forecast import Hint
from alerts.broadcasts.states import AlertKind, AlertState, DeliveryState
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


UrgentReason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    Field(
        description="why it goes out in quiet hours too; kept in the audit trail",
        examples=["Police at the gate since four, people must know before the shift"],
    ),
]
SendAt = Annotated[
    datetime,
    Field(
        description="with an offset; or without: by the clocks of the action's place, else of the lists",
        examples=["2026-12-05T09:00:00"],
    ),
]
SendBefore = Annotated[
    str,
    Field(
        max_length=20,
        description="so long before the action: days keep the time on the clock, hours are exact",
        examples=["P1D", "PT24H", "PT90M"],
    ),
]


TemplateName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    Field(examples=["Call to a lobby action"]),
]


class NewTemplate(Closed):
    """A text to keep, in the languages that it has, with placeholders."""

    name: TemplateName
    text: Texts


class TemplateChange(Closed):
    """Another name, the text from now on as a whole, or both; what is left out stays."""

    name: TemplateName | None = None
    text: Texts | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> TemplateChange:
        if self.name is None and self.text is None:
            raise ValueError("name or text: say which is another from now on")
        return self


class Worded(Closed):
    """An alert's own text, or a template whose newest is taken."""

    text: Texts | None = None
    template: Key | None = None

    @model_validator(mode="after")
    def _has_one_text(self) -> Worded:
        if (self.text is None) == (self.template is None):
            raise ValueError("give its text, or the template that it is made from")
        return self


class NewAlert(Worded):
    """An alert to send later; nothing goes out before ``send``. Its text, or a template's newest."""

    audience: Audience
    action: Key | None = None
    asks_rsvp: bool = False
    urgent: bool = False
    urgent_reason: UrgentReason | None = None
    send_at: SendAt | None = None
    send_before: SendBefore | None = None


class AlertChange(Closed):
    """What to change of a draft; what is left out stays. A time of null is none: sent when it is sent."""

    audience: Audience | None = None
    text: Texts | None = None
    action: Key | None = None
    asks_rsvp: bool | None = None
    urgent: bool | None = None
    urgent_reason: UrgentReason | None = None
    send_at: SendAt | None = None
    send_before: SendBefore | None = None


class AlertOut(BaseModel):
    """An alert. ``trouble`` says in plain words why it is paused, missed, withdrawn or a draft again.

    ``due_at``: when it begins, once it was sent for later; until then it can be undone. ``approved``:
    somebody approved exactly what it is now.
    """

    id: int
    kind: AlertKind
    state: AlertState
    audience: Audience
    text: dict[Language, str]
    action: int | None
    asks_rsvp: bool
    urgent: bool
    urgent_reason: str | None
    send_at: datetime | None
    send_before: str | None
    due_at: datetime | None
    approved: bool
    template: int | None
    template_version: int | None
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


class ApprovalOut(BaseModel):
    """Whether a second organizer must approve it, and has. ``version``: what is approved, as it is now."""

    needed: bool
    version: str
    approved: bool
    approved_by: int | None  # the organizer, or the API key, that did
    approved_at: datetime | None


class Approve(Closed):
    """What exactly is approved: the ``version`` of the preview that was looked at."""

    version: Annotated[str, Field(min_length=1, max_length=64, examples=["3f9a1c0b7d52e684"])]


class PreviewOut(BaseModel):
    """Who will get what, what it costs, and from when to when the texts land at the senders' pace.

    ``missing`` are languages with people but no text: they stop the send. ``put_off``: people for whom
    it is night when it begins, who get it when their list opens. ``left_out``: people for whom that is
    after the action has begun, who get nothing.
    """

    people: int
    parts: int
    price: Price | None
    seconds: int
    begins_at: datetime
    lands_at: datetime
    languages: dict[Language, LanguagePreviewOut]
    missing: list[Language]
    put_off: int
    left_out: int
    approval: ApprovalOut
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


class NewReminder(Worded):
    """A reminder to set: so long before the action, to whoever answered so until then.

    Its text, or a template's newest, in every language: who they will be is not known yet.
    """

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "before": "P1D",
                    "answers": ["yes", "maybe"],
                    "text": {
                        "en": "Tomorrow: {title}, {time}, {where}. Still coming? YES or NO",
                        "es": "Mañana: {title}, {time}, {where}. ¿Sigues viniendo? SI o NO",
                        "so": "Berri: {title}, {time}, {where}. Weli ma imanaysaa? HAA ama MAYA",
                    },
                }
            ]
        },
    )

    before: SendBefore
    answers: Annotated[list[Answered], Field(min_length=1)]
    urgent: bool = False
    urgent_reason: UrgentReason | None = None


class ReminderOut(AlertOut):
    """A reminder. ``warnings``: of the lists that its action was called to; who gets it is not known yet."""

    warnings: list[WarningOut]


class NewCorrection(Worded):
    """What to tell whoever was told the old, instead of what is offered."""


class CorrectionOut(BaseModel):
    """How many were told what is not true any more, and what a correction would tell them."""

    people: int
    languages: dict[Language, int]
    text: dict[Language, str]


class TestSend(Closed):
    """Where to try an alert: a number, else that of whose key it is; the languages, else all that it has."""

    phone: Annotated[str | None, Field(min_length=1, max_length=40)] = None
    languages: list[Language] = []


class TestSentOut(BaseModel):
    """The languages that are on their way."""

    languages: list[Language]


class DeliveryOut(BaseModel):
    """One alert to one subscriber."""

    id: int
    subscriber: int | None  # null when it is nobody's any more
    language: Language
    state: DeliveryState
    message_sid: str | None
    code: int | None
    reason: str | None
    why: str | None  # in plain words, where it did not arrive
    list: int | None  # which list spoke for this person
    not_before: datetime | None
    changed_at: datetime


class ReportOut(BaseModel):
    """How many deliveries stand where. The states add up to ``people``, always."""

    alert: int
    state: AlertState
    trouble: str | None  # why it is paused
    people: int
    states: dict[DeliveryState, int]
    languages: dict[Language, dict[DeliveryState, int]]
