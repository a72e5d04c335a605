"""What each of Twilio's error codes makes us do: one table (design, part 4.4).

Sources: https://www.twilio.com/docs/api/errors for the codes. What we do about each is ours.
Twilio may change its codes, so one that is not here fails the text and changes nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Remedy(StrEnum):
    """What becomes of the delivery, the subscriber and the alert."""

    WAIT = "wait"  # not taken: send later, slower
    FAIL = "fail"  # this text failed; nothing else changes
    LEFT = "left"  # the person opted out at the carrier
    UNREACHABLE = "unreachable"  # this number cannot get texts
    PAUSE = "pause"  # account or sender is broken: not taken, pause the alert, tell the organizer


@dataclass(frozen=True)
class Code:
    """One of Twilio's error codes: its meaning in plain words, and our remedy."""

    meaning: str
    remedy: Remedy


CODES: dict[int, Code] = {
    20003: Code("Twilio does not accept our account's credentials", Remedy.PAUSE),
    20429: Code("Twilio asks us to slow down", Remedy.WAIT),
    21211: Code("this is not a phone number", Remedy.UNREACHABLE),
    21214: Code("this number cannot be reached", Remedy.UNREACHABLE),
    21217: Code("this is not a phone number", Remedy.UNREACHABLE),
    21408: Code("texting to this country is not switched on in Twilio", Remedy.FAIL),
    21606: Code("our number is not one that Twilio can send from", Remedy.PAUSE),
    21608: Code("this is a trial account, it can only text verified numbers", Remedy.PAUSE),
    21610: Code("this person opted out", Remedy.LEFT),
    21611: Code("our number's queue at Twilio is full", Remedy.WAIT),
    21612: Code("this number cannot get texts from ours", Remedy.UNREACHABLE),
    21614: Code("this is not a mobile number", Remedy.UNREACHABLE),
    21617: Code("the text is too long", Remedy.FAIL),
    21635: Code("this is a landline", Remedy.UNREACHABLE),
    21703: Code("our Messaging Service has no number to send from", Remedy.PAUSE),
    30001: Code("our number's queue at Twilio overflowed", Remedy.FAIL),
    30002: Code("our Twilio account is suspended", Remedy.PAUSE),
    30003: Code("the phone is switched off or out of reach", Remedy.FAIL),
    30004: Code("the carrier blocked this text", Remedy.FAIL),
    30005: Code("this number is not in use", Remedy.UNREACHABLE),
    30006: Code("this is a landline, or its carrier takes no texts", Remedy.UNREACHABLE),
    30007: Code("the carrier filtered this text as unwanted", Remedy.FAIL),
    30008: Code("the carrier gave no reason", Remedy.FAIL),
    30032: Code("our toll-free number is not verified", Remedy.PAUSE),
    30033: Code("our campaign registration is suspended", Remedy.PAUSE),
    30034: Code("our number is not registered for texting", Remedy.PAUSE),
    30035: Code("our number's registration is still under way", Remedy.PAUSE),
    30410: Code("the carrier did not answer in time", Remedy.FAIL),
}

UNKNOWN_CODE = Code("Twilio refused this text", Remedy.FAIL)


def code(number: int | None) -> Code:
    """What we know of a code; the safe default where we know nothing."""
    return UNKNOWN_CODE if number is None else CODES.get(number, UNKNOWN_CODE)
