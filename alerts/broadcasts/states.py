"""Pure tables: the states of an alert and of a delivery, and the only moves between them."""

from __future__ import annotations

from enum import StrEnum


class AlertState(StrEnum):
    """Where an alert stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"
    MISSED = "missed"  # nothing was sent in time, and now it would make no sense


class AlertKind(StrEnum):
    """What an alert is for."""

    CALL = "call"
    REMINDER = "reminder"  # of an action, so long before it, to whoever answered so
    CORRECTION = "correction"  # to whoever was told what is not true any more


class DeliveryState(StrEnum):
    """Where one alert to one subscriber stands (design, part 4.3)."""

    WAITING = "waiting"  # nothing was sent; a worker may claim it
    SENDING = "sending"  # claimed: from here on a text may be on its way
    ACCEPTED = "accepted"  # the carrier gave it a MessageSid
    SENT = "sent"  # the carrier passed it on
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"
    UNKNOWN = "unknown"  # whether the carrier took it is not known; never blindly sent again
    SKIPPED = "skipped"  # left meanwhile, blocked, too late
    CANCELLED = "cancelled"


_S = DeliveryState
_CARRIER = (_S.ACCEPTED, _S.SENT, _S.DELIVERED, _S.UNDELIVERED, _S.FAILED)

# from → to. What is not here does not happen: callbacks come late, twice and out of order, and a
# state never moves backward. Only what the carrier surely has not seen goes back to waiting.
MOVES: dict[DeliveryState, tuple[DeliveryState, ...]] = {
    # A callback proves that the carrier has it, even where we had given that up.
    _S.WAITING: (_S.SENDING, _S.SKIPPED, _S.CANCELLED, *_CARRIER),
    _S.SENDING: (*_CARRIER, _S.UNKNOWN, _S.WAITING, _S.SKIPPED),
    _S.UNKNOWN: (*_CARRIER, _S.WAITING, _S.SKIPPED),
    _S.ACCEPTED: _CARRIER[1:],
    _S.SENT: _CARRIER[2:],
    _S.DELIVERED: (),
    _S.UNDELIVERED: (),
    _S.FAILED: (),
    _S.SKIPPED: (),
    _S.CANCELLED: (),
}

OPEN = (_S.WAITING, _S.SENDING, _S.UNKNOWN)
"""An alert is over when no delivery of it is in one of these."""

MAY_HAVE_ARRIVED = (_S.DELIVERED, _S.SENT, _S.ACCEPTED, _S.UNDELIVERED, _S.UNKNOWN, _S.SENDING)
"""The person may have the text on the phone, and may answer it. The commonest first, as they are compared."""

# Twilio's words for an outbound text → ours. What is not here tells nothing new.
# Source: MessageStatus, https://www.twilio.com/docs/messaging/api/message-resource
CARRIER_STATUS: dict[str, DeliveryState] = {
    "accepted": _S.ACCEPTED,
    "scheduled": _S.ACCEPTED,
    "queued": _S.ACCEPTED,
    "sending": _S.ACCEPTED,
    "sent": _S.SENT,
    "delivered": _S.DELIVERED,
    "read": _S.DELIVERED,
    "undelivered": _S.UNDELIVERED,
    "failed": _S.FAILED,
    "canceled": _S.FAILED,
}


def may_move(old: DeliveryState, new: DeliveryState) -> bool:
    """Whether a delivery may go from ``old`` to ``new``."""
    return new in MOVES[old]


def _moves_as_sql() -> str:
    cases = " ".join(
        f"WHEN '{old}' THEN ARRAY[{', '.join(repr(str(new)) for new in news)}]"
        for old, news in MOVES.items()
        if news
    )
    return f"o.state = ANY (CASE d.state {cases} ELSE ARRAY[]::text[] END)"


MOVES_AS_SQL = _moves_as_sql()
"""The same table as a condition on a delivery ``d`` and an outcome ``o``: the database holds the rule too.

An expression and not ``(d.state, o.state) IN (VALUES …)``: that is planned as a join, and when
PostgreSQL looks at a row again, because somebody else changed it meanwhile, it keeps the joined
row that it had. A callback that had waited for another would then be lost.
Source: PostgreSQL's src/backend/executor/README, "EvalPlanQual".
"""
