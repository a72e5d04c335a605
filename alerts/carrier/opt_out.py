"""What Twilio itself does when a worker texts STOP, START or HELP: so that nobody is answered twice.

Source: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out and Twilio's default
keywords. The carrier compares the whole text, in any case.
"""

from __future__ import annotations

from enum import StrEnum

STOP = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
START = frozenset({"START", "YES", "UNSTOP"})
HELP = frozenset({"HELP", "INFO"})


class OptOut(StrEnum):
    """Who answers those words: a setting of the Twilio account, told to us in TWILIO_OPT_OUT."""

    DEFAULT = "default"  # Twilio does, in English, by the words above
    ADVANCED = "advanced"  # Twilio does, as set up in its console, and says so in OptOutType
    OFF = "off"  # we do


def carrier_answers(body: str, opt_out_type: str | None, handling: OptOut, *, blocked: bool) -> bool:
    """Whether Twilio has answered this text already. ``blocked``: it let nothing through before it."""
    if opt_out_type:
        return True
    if handling is not OptOut.DEFAULT:
        return False
    word = body.strip().upper()
    # A way back in is one only for whoever is blocked; YES from anybody else is a word like others.
    return word in STOP or word in HELP or (word in START and blocked)


def blocks(body: str, opt_out_type: str | None, handling: OptOut, *, blocked: bool) -> bool:
    """Whether Twilio lets our texts through no more after this one. ``blocked``: whether it did before."""
    word = body.strip().upper() if handling is OptOut.DEFAULT else opt_out_type or ""
    if word in START:
        return False
    return blocked or word in STOP
