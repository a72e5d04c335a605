"""Tables: alerts and deliveries."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from alerts.broadcasts.states import OPEN, AlertState, DeliveryState
from alerts.storage.tables import Key, Moment, Now, Table


def _one_of(states: type[AlertState] | type[DeliveryState]) -> str:
    return "state IN (" + ", ".join(f"'{state}'" for state in states) + ")"


class Alert(Table):
    """One broadcast: an audience, a text in each language, perhaps an action and a question."""

    __tablename__ = "alerts"

    id: Mapped[Key]
    state: Mapped[AlertState] = mapped_column(Text, server_default=AlertState.DRAFT)
    action_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("actions.id"), index=True)
    audience: Mapped[dict[str, list[str | int]]] = mapped_column(JSONB)
    text: Mapped[dict[str, str]] = mapped_column(JSONB)
    asks_rsvp: Mapped[bool] = mapped_column(Boolean)
    urgent: Mapped[bool] = mapped_column(Boolean)
    send_at: Mapped[Moment | None]
    # What goes on the air, by language: filled in and frozen when the sending begins.
    bodies: Mapped[dict[str, str] | None] = mapped_column(JSONB)
    prepared_at: Mapped[Moment | None]  # every delivery is written
    finished_at: Mapped[Moment | None]  # no delivery is open
    trouble: Mapped[str | None] = mapped_column(Text)  # why it is paused, in plain words
    created_at: Mapped[Now]

    __table_args__ = (
        CheckConstraint(_one_of(AlertState), name="state"),
        CheckConstraint("NOT asks_rsvp OR action_id IS NOT NULL", name="asks_about_an_action"),
        Index("alerts_under_way_idx", "state", postgresql_where=sql("state IN ('scheduled', 'sending')")),
    )


class Delivery(Table):
    """One alert to one subscriber: exactly one row, and at most one text on that person's phone."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    alert_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("alerts.id"))
    subscriber_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("subscribers.id"))
    language: Mapped[str] = mapped_column(Text)
    state: Mapped[DeliveryState] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, server_default=sql("0"))  # claims that may have sent
    not_before: Mapped[Moment | None]  # the carrier asked for patience
    claimed_at: Mapped[Moment | None]
    message_sid: Mapped[str | None] = mapped_column(Text, unique=True)
    code: Mapped[int | None] = mapped_column(Integer)  # Twilio's error code
    reason: Mapped[str | None] = mapped_column(Text)  # why it was skipped
    changed_at: Mapped[Now]

    __table_args__ = (
        UniqueConstraint("alert_id", "subscriber_id"),
        CheckConstraint(_one_of(DeliveryState), name="state"),
        # Small whatever the table's size: what workers, the clock and "is it over?" look at.
        Index(
            "deliveries_open_idx",
            "alert_id",
            "state",
            "id",
            postgresql_where=sql("state IN (" + ", ".join(f"'{state}'" for state in OPEN) + ")"),
        ),
        # What may be on its way: as many rows as there are requests in flight.
        Index(
            "deliveries_under_way_idx",
            "state",
            "changed_at",
            postgresql_where=sql("state IN ('sending', 'unknown')"),
        ),
        # The newest question that somebody was asked.
        Index("deliveries_subscriber_idx", "subscriber_id", "alert_id"),
    )
