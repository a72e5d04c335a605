"""Pure: why somebody of an audience got no text, in a word for programs and in plain words."""

from __future__ import annotations

from enum import StrEnum

from alerts.carrier.codes import code
from alerts.language.catalogs import N_


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
    Reason.LEFT: N_("They left: they said STOP, in whatever words."),
    Reason.PENDING: N_("They have not said yet that they want to join."),
    Reason.UNREACHABLE: N_("The carrier says that this number gets no texts."),
    Reason.GONE: N_("They are not in our lists any more."),
    Reason.FORGOTTEN: N_("They asked to be forgotten."),
    Reason.NO_TEXT: N_("They joined meanwhile, and the alert has no text in their language."),
    Reason.TOO_LATE: N_("The action had begun before their text could go out."),
    Reason.ASLEEP: N_("It was night where they are, until the action began."),
    Reason.SEAL_BROKEN: N_("The sealed text or number could not be opened: look at SEALING_KEYS."),
}


def in_plain_words(reason: str | None, twilio_code: int | None) -> str | None:
    """Why a delivery did not arrive; None where it did, or still may."""
    if reason in PLAIN:
        return PLAIN[Reason(reason)]
    return code(twilio_code).meaning if twilio_code is not None else reason
