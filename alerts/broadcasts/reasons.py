"""Pure: why somebody of an audience got no text, in a word for programs and in plain words."""

from __future__ import annotations

from enum import StrEnum

from alerts.carrier.codes import code


class Reason(StrEnum):
    """Why a delivery was skipped. The first four are standings of the subscriber."""

    LEFT = "left"
    PENDING = "pending"
    UNREACHABLE = "unreachable"
    GONE = "gone"
    FORGOTTEN = "forgotten"
    NO_TEXT = "no text in this language"
    TOO_LATE = "too late"
    ASLEEP = "quiet hours"
    SEAL_BROKEN = "its seal is broken"


PLAIN: dict[Reason, str] = {
    Reason.LEFT: "They left: they said STOP, in whatever words.",
    Reason.PENDING: "They have not said yet that they want to join.",
    Reason.UNREACHABLE: "The carrier says that this number gets no texts.",
    Reason.GONE: "They are not in our lists any more.",
    Reason.FORGOTTEN: "They asked to be forgotten.",
    Reason.NO_TEXT: "They joined meanwhile, and the alert has no text in their language.",
    Reason.TOO_LATE: "The action had begun before their text could go out.",
    Reason.ASLEEP: "It was night where they are, until the action began.",
    Reason.SEAL_BROKEN: "The sealed text or number could not be opened: look at SEALING_KEYS.",
}


def in_plain_words(reason: str | None, twilio_code: int | None) -> str | None:
    """Why a delivery did not arrive; None where it did, or still may."""
    if reason in PLAIN:
        return PLAIN[Reason(reason)]
    return code(twilio_code).meaning if twilio_code is not None else reason
