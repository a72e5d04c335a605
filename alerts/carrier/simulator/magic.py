"""Numbers with a fate, and the words of Twilio's error answers. All of it tables.

Sources: https://www.twilio.com/docs/iam/test-credentials (Twilio's own magic numbers, which it knows
with test credentials; here they work with any), https://www.twilio.com/docs/api/errors (the codes).
"""

from __future__ import annotations

# Twilio's magic numbers: To → the error code that refuses it.
TWILIO_TO: dict[str, int] = {
    "+15005550001": 21211,  # not a phone number
    "+15005550002": 21612,  # not reachable from our number
    "+15005550003": 21408,  # country not switched on
    "+15005550004": 21610,  # opted out
    "+15005550009": 21614,  # not a mobile number
}
# From → the error code; None: passes, though it is nobody's.
TWILIO_FROM: dict[str, int | None] = {
    "+15005550001": 21212,  # not a phone number
    "+15005550006": None,
    "+15005550007": 21606,  # not ours
    "+15005550008": 21611,  # its queue is full
}

# Ours: +1 AAA 555 01xx in any area code; the keys are the last four digits.
EXCHANGE = "555"
# Refused at once, with Twilio's error code.
REFUSED: dict[str, int] = {
    "0190": 21211,  # not a phone number
    "0191": 21612,  # not reachable from our number
    "0192": 21408,  # country not switched on
    "0193": 21610,  # opted out at the carrier
    "0194": 21614,  # not a mobile number
}
# Accepted, then: last status, and Twilio's error code.
FAILS_LATER: dict[str, tuple[str, int | None]] = {
    "0180": ("undelivered", 30003),  # switched off
    "0181": ("undelivered", 30005),  # not in use
    "0182": ("undelivered", 30006),  # landline
    "0183": ("undelivered", 30007),  # filtered
    "0184": ("undelivered", 30008),  # no reason given
    "0185": ("failed", 30034),  # our number is not registered
    "0186": ("undelivered", 21610),  # opted out, found out late
    "0187": ("failed", 30001),  # the queue overflowed
    "0188": ("sent", None),  # no receipt ever comes: it stays "sent"
}

# Twilio's words. {to}, {sender}, {path} are filled in, as Twilio does: error texts carry numbers.
MESSAGES: dict[int, str] = {
    20001: "Invalid parameter",
    20003: "Authenticate",
    20004: "Method not allowed",
    20009: "Cannot delete this message because delivery has not been completed",
    20404: "The requested resource {path} was not found",
    20429: "Too Many Requests",
    21211: "Invalid 'To' Phone Number: {to}",
    21212: "Invalid From Number (caller ID): {sender}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number {sender} is not a valid, message-capable Twilio phone number.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number {sender} has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' ({to}) and/or 'From' parameters",
    21614: "'To' number is not a valid mobile number: {to}",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21624: "Invalid ValidityPeriod: it must be between 1 and 36000 seconds",
    21703: "The Messaging Service does not have a phone number available to send a message",
    30001: "Queue overflow",
    30003: "Unreachable destination handset",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Carrier violation",
    30008: "Unknown error",
    30034: "Message from an Unregistered Number",
    30409: "The message cannot be canceled",
}


def refused(to: str) -> int | None:
    """The error code that refuses a text to ``to`` at once, if it is a magic number."""
    if to in TWILIO_TO:
        return TWILIO_TO[to]
    return REFUSED.get(to[-4:]) if to[-7:-4] == EXCHANGE else None


def fate(to: str) -> tuple[str, int | None]:
    """The last status of a text to ``to``, and its error code."""
    usual = ("delivered", None)
    return FAILS_LATER.get(to[-4:], usual) if to[-7:-4] == EXCHANGE else usual
