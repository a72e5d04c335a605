"""Tables: alerts and deliveries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.broadcasts.states import AlertKind, AlertState, DeliveryState
from alerts.storage.tables import Key, Moment, Now, Table
from alerts.storage.types import PrivateJson, PrivateText

NOBODYS = 2**62  # no subscriber has such an id
QUIET = timedelta(hours=1)  # callbacks come within seconds, or minutes; a text without one is overdue then


def _one_of(states: type[AlertState] | type[DeliveryState]) -> str:
    return "state IN (" + ", ".join(f"'{state}'" for state in states) + ")"


class Alert(Table):
    """One broadcast: an audience, a text in each language, perhaps an action and a question.

    Or a letter (``letters.py``): a text to one person, which goes out by the same way. Then it has
    ``to_subscriber`` and what belongs to it, and neither audience nor text; no route shows it.
    """

    __tablename__ = "alerts"

    id: Mapped[Key]
    state: Mapped[AlertState] = mapped_column(Text, server_default=AlertState.DRAFT)
    action_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("actions.id"), index=True)
    audience: Mapped[dict[str, list[str | int]]] = mapped_column(JSONB)
    text: Mapped[dict[str, str]] = mapped_column(PrivateJson("alerts.text"))
    kind: Mapped[AlertKind] = mapped_column(Text, server_default=AlertKind.CALL)
    asks_rsvp: Mapped[bool] = mapped_column(Boolean)
    urgent: Mapped[bool] = mapped_column(Boolean)
    urgent_reason: Mapped[str | None] = mapped_column(Text)  # why people may be woken
    send_at: Mapped[Moment | None]  # as asked for; without it and send_before: when somebody sends it
    send_before: Mapped[str | None] = mapped_column(Text)  # so long before the action (timing.Lead)
    due_at: Mapped[Moment | None]  # when the clock starts it
    until: Mapped[Moment | None]  # when the action begins that it comes before; nothing goes out after
    action_version: Mapped[int | None] = mapped_column(Integer)  # which facts its people were told
    written_by: Mapped[int | None] = mapped_column(BigInteger)  # who wrote it last (team.actors)
    # What its action was when somebody last worded it or sent it (texts.Facts.kept): place and titles, too.
    worded_from: Mapped[dict[str, Any] | None] = mapped_column(PrivateJson("alerts.worded_from"))
    template_id: Mapped[int | None] = mapped_column(BigInteger)  # which saved text it was made from
    template_version: Mapped[int | None] = mapped_column(Integer)
    approved_by: Mapped[int | None] = mapped_column(BigInteger)
    approved_at: Mapped[Moment | None]
    approved_version: Mapped[str | None] = mapped_column(Text)  # of what exactly (approval.py)
    # What goes on the air, by language: filled in and frozen when the sending begins.
    bodies: Mapped[dict[str, str] | None] = mapped_column(PrivateJson("alerts.bodies"))
    prepared_at: Mapped[Moment | None]  # every delivery is written
    finished_at: Mapped[Moment | None]  # no delivery is open
    trouble: Mapped[str | None] = mapped_column(Text)  # why it is paused, in plain words
    stumble: Mapped[str | None] = mapped_column(Text)  # how a worker last failed over it
    stumbles: Mapped[int] = mapped_column(Integer, server_default=sql("0"))  # as often, in the same way
    # Texts that phone companies had, and had filtered, at the last look since it goes on (filtered.py)
    judged_taken: Mapped[int | None] = mapped_column(BigInteger)
    judged_filtered: Mapped[int | None] = mapped_column(BigInteger)
    to_subscriber: Mapped[int | None] = mapped_column(BigInteger)  # of a letter: to whom; no foreign key
    sealed_body: Mapped[str | None] = mapped_column(PrivateText("alerts.sealed_body"))
    parts: Mapped[int | None] = mapped_column(Integer)  # message parts of the sealed body
    unlinked_at: Mapped[Moment | None]  # since then its deliveries name nobody (retention.py)
    kept: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what only their people could tell
    copies_erased_at: Mapped[Moment | None]  # of its texts at the carrier (copies.py)
    look_up_at: Mapped[Moment | None]  # when they are asked about next; never more: None (overdue.py)
    looked_up_at: Mapped[Moment | None]  # when they were last, all of them
    looked_up_to: Mapped[int] = mapped_column(BigInteger, server_default=sql("0"))  # so far, since: whose
    to_pending: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"))
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint(_one_of(AlertState), name="state"),
        CheckConstraint("NOT asks_rsvp OR action_id IS NOT NULL", name="asks_about_an_action"),
        CheckConstraint("num_nulls(to_subscriber, sealed_body, parts) IN (0, 3)", name="letter"),
        CheckConstraint("kind IN ('call', 'reminder', 'correction')", name="kind"),
        CheckConstraint("num_nonnulls(send_at, send_before) < 2", name="one_time"),
        CheckConstraint("send_before IS NULL OR action_id IS NOT NULL", name="before_an_action"),
        CheckConstraint("state <> 'scheduled' OR due_at IS NOT NULL", name="scheduled_for_a_time"),
        Index("alerts_under_way_idx", "state", postgresql_where=sql("state IN ('scheduled', 'sending')")),
        Index(
            "alerts_to_subscriber_idx",
            "to_subscriber",
            postgresql_where=sql("to_subscriber IS NOT NULL"),
        ),
        Index(
            "alerts_copied_idx",
            "finished_at",
            postgresql_where=sql("finished_at IS NOT NULL AND copies_erased_at IS NULL"),
        ),
        Index("alerts_look_up_idx", "look_up_at", postgresql_where=sql("look_up_at IS NOT NULL")),
        # There are many more letters than calls to many.
        Index("alerts_to_many_idx", "id", postgresql_where=sql("to_subscriber IS NULL")),
    )


class Delivery(Table):
    """One alert to one subscriber: exactly one row, and at most one text on that person's phone.

    In a partition for each month (``months.py``).
    """

    __tablename__ = "deliveries"

    # The id is unique by itself. The alert stands in the key because partitions go by it.
    id: Mapped[int] = mapped_column(
        BigInteger, primary_key=True, server_default=sql("nextval('deliveries_id_seq')")
    )
    # No foreign keys: they are looked up for every row, half the time of writing an audience.
    alert_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    # From NOBODYS on it is nobody's any more (retention.py).
    subscriber_id: Mapped[int] = mapped_column(BigInteger)
    language: Mapped[str] = mapped_column(Text)
    sender: Mapped[str] = mapped_column(Text)  # which of our addresses texts this person
    state: Mapped[DeliveryState] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))  # claims that may have sent
    not_before: Mapped[Moment | None]  # the carrier asked for patience, or people are asleep
    claimed_at: Mapped[Moment | None]
    message_sid: Mapped[str | None] = mapped_column(Text)
    returned_sid: Mapped[str | None] = mapped_column(Text)  # a text that the carrier gave back unsent
    code: Mapped[int | None] = mapped_column(Integer)  # Twilio's error code
    reason: Mapped[str | None] = mapped_column(Text)  # why it was skipped (reasons.py)
    changed_at: Mapped[Now]
    list_id: Mapped[int | None] = mapped_column(BigInteger)  # which list spoke for this person (hours.py)

    # As few indexes as will do: each is written again whenever a delivery moves, four times a text.
    __table_args__ = (
        UniqueConstraint("alert_id", "subscriber_id"),
        CheckConstraint(_one_of(DeliveryState), name="state"),
        # What workers claim from.
        Index(
            "deliveries_waiting_idx",
            "alert_id",
            "sender",
            "id",
            postgresql_where=sql("state = 'waiting' AND not_before IS NULL"),
        ),
        # What waits for its time. Apart, so that a night's worth of it is not walked over at every claim.
        Index(
            "deliveries_parked_idx",
            "alert_id",
            "not_before",
            postgresql_where=sql("state = 'waiting' AND not_before IS NOT NULL"),
        ),
        # What may be on its way: as many rows as there are requests in flight.
        Index(
            "deliveries_under_way_idx",
            "alert_id",
            "id",
            postgresql_where=sql("state IN ('sending', 'unknown')"),
        ),
        {"postgresql_partition_by": "RANGE (alert_id)"},
    )


class Progress(Table):
    """How many deliveries of an alert are alike: the sum over ``slot``. A report is made of these.

    Triggers on ``deliveries`` keep it, whatever statement moves them (migrations 0002, 0021), and it stays
    when their month is dropped. Slots keep workers that record at the same moment from waiting for one row.
    """

    __tablename__ = "progress"

    alert_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    slot: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=sql("0"))
    language: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[DeliveryState] = mapped_column(Text, primary_key=True)
    # 0 and "" are none: a key holds no NULL.
    list_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, server_default=sql("0"))
    code: Mapped[int] = mapped_column(Integer, primary_key=True, server_default=sql("0"))
    reason: Mapped[str] = mapped_column(Text, primary_key=True, server_default="")
    deliveries: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)


class Template(Table):
    """A text that is kept to be used again."""

    __tablename__ = "templates"

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[Now]


class TemplateVersion(Table):
    """What a template said from then on: by language, with placeholders."""

    __tablename__ = "template_versions"

    template_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("templates.id"), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    text: Mapped[dict[str, str]] = mapped_column(PrivateJson("template_versions.text"))
    written_by: Mapped[int] = mapped_column(BigInteger)  # who (team.actors)
    created_at: Mapped[Now]


class Copy(Table):
    """A text at the carrier that is still to be erased there; it belongs to nobody here any more."""

    __tablename__ = "copies"

    message_sid: Mapped[str] = mapped_column(Text, primary_key=True)
    since: Mapped[Now]
    due_at: Mapped[Now] = mapped_column(index=True)  # when it is tried, again
    tries: Mapped[int] = mapped_column(Integer, server_default=sql("0"))
    code: Mapped[int | None] = mapped_column(Integer)  # why it could not be, in Twilio's words
