"""What each of Twilio's error codes makes us do: one table (design, part 4.4).

Sources: https://www.twilio.com/docs/api/errors for the codes. What we do about each is ours.
Twilio may change its codes, so one that is not here fails the text and changes nothing else.
docs/error-codes.md is this table for people; a test holds them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from alerts.language.catalogs import N_


class Remedy(StrEnum):
    """What becomes of the delivery, the subscriber, the sender and the alert."""

    SLOW = "slow"  # not taken: the sender's pace is lowered for a while, the text is sent later
    HOLD = "hold"  # not taken, or given back unsent: the sender rests, the text is sent later
    SETTLE = "settle"  # nobody knows: looked up before anything else is done
    FAIL = "fail"  # this text failed; nothing else changes
    LEFT = "left"  # the text failed: the person opted out at the carrier
    UNREACHABLE = "unreachable"  # the text failed: this number cannot get texts
    PAUSE = "pause"  # not taken: account or sender is broken; pause the alert, tell the organizer


@dataclass(frozen=True)
class Code:
    """One of Twilio's error codes: its meaning in plain words, and our remedy."""

    meaning: str
    remedy: Remedy


CODES: dict[int, Code] = {
    20003: Code(N_("Twilio does not accept our account's credentials"), Remedy.PAUSE),
    20404: Code(N_("Twilio does not know our account or Messaging Service"), Remedy.PAUSE),
    20429: Code(N_("Twilio asks us to slow down"), Remedy.SLOW),
    20500: Code(N_("Twilio had an error of its own"), Remedy.SETTLE),
    20503: Code(N_("Twilio is not available"), Remedy.SETTLE),
    21211: Code(N_("this is not a phone number"), Remedy.UNREACHABLE),
    21212: Code(N_("our number is not a phone number"), Remedy.PAUSE),
    21214: Code(N_("this number cannot be reached"), Remedy.UNREACHABLE),
    21217: Code(N_("this is not a phone number"), Remedy.UNREACHABLE),
    21408: Code(N_("texting to this country is not switched on in Twilio"), Remedy.FAIL),
    21606: Code(N_("our number is not one that Twilio can send from"), Remedy.PAUSE),
    21608: Code(N_("this is a trial account, it can only text verified numbers"), Remedy.PAUSE),
    21610: Code(N_("this person opted out"), Remedy.LEFT),
    21611: Code(N_("our number's queue at Twilio is full"), Remedy.HOLD),
    21612: Code(N_("this number cannot get texts from ours"), Remedy.UNREACHABLE),
    21614: Code(N_("this is not a mobile number"), Remedy.UNREACHABLE),
    21617: Code(N_("the text is too long"), Remedy.FAIL),
    21635: Code(N_("this is a landline"), Remedy.UNREACHABLE),
    21703: Code(N_("our Messaging Service has no number to send from"), Remedy.PAUSE),
    30001: Code(N_("our number's queue at Twilio overflowed"), Remedy.HOLD),
    30002: Code(N_("our Twilio account is suspended"), Remedy.PAUSE),
    30003: Code(N_("the phone is switched off or out of reach"), Remedy.FAIL),
    30004: Code(N_("the carrier blocked this text"), Remedy.FAIL),
    30005: Code(N_("this number is not in use"), Remedy.UNREACHABLE),
    30006: Code(N_("this is a landline, or its carrier takes no texts"), Remedy.UNREACHABLE),
    30007: Code(N_("the carrier filtered this text as unwanted"), Remedy.FAIL),
    30008: Code(N_("the carrier gave no reason"), Remedy.FAIL),
    30022: Code(N_("the phone company takes no more texts from us at this rate"), Remedy.HOLD),
    30023: Code(N_("the phone company takes no more texts from us today"), Remedy.FAIL),
    30024: Code(N_("our number is not set up at the phone company"), Remedy.PAUSE),
    30027: Code(N_("T-Mobile takes no more texts from us today"), Remedy.FAIL),
    30032: Code(N_("our toll-free number is not verified"), Remedy.PAUSE),
    30033: Code(N_("our campaign registration is suspended"), Remedy.PAUSE),
    30034: Code(N_("our number is not registered for texting"), Remedy.PAUSE),
    30035: Code(N_("our number's registration is still under way"), Remedy.PAUSE),
    30036: Code(N_("the text was not delivered in time"), Remedy.FAIL),
    30410: Code(N_("the carrier did not answer in time"), Remedy.FAIL),
    30450: Code(N_("Twilio held this text back as unusual traffic"), Remedy.FAIL),
    63017: Code(N_("our account sends more texts a second than Twilio takes"), Remedy.SLOW),
    63038: Code(N_("our account has reached Twilio's limit for today"), Remedy.PAUSE),
}

# The words of the text are what is not wanted, or who sends it: the next person will not get it either.
FILTERED = frozenset({30004, 30007, 30450})

UNKNOWN_CODE = Code(N_("Twilio refused this text"), Remedy.FAIL)


def code(number: int | None) -> Code:
    """What we know of a code; the safe default where we know nothing."""
    return UNKNOWN_CODE if number is None else CODES.get(number, UNKNOWN_CODE)
