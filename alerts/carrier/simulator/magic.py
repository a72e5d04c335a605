"""Numbers with a fate. The last four digits decide, in whatever area code, all in 555-01xx.

Twilio's own magic numbers work with its test credentials only; these are in the same spirit.
Sources of the codes: https://www.twilio.com/docs/api/errors
"""

from __future__ import annotations

# Refused at once: the last four digits of To → Twilio's error code.
REFUSED: dict[str, int] = {
    "0190": 21211,  # not a phone number
    "0191": 21612,  # not reachable from our number
    "0192": 21408,  # country not switched on
    "0193": 21610,  # opted out at the carrier
    "0194": 21614,  # not a mobile number
}

# Accepted, then: the last four digits of To → (last status, Twilio's error code).
FAILS_LATER: dict[str, tuple[str, int]] = {
    "0180": ("undelivered", 30003),  # switched off
    "0181": ("undelivered", 30005),  # not in use
    "0182": ("undelivered", 30006),  # landline
    "0183": ("undelivered", 30007),  # filtered
    "0184": ("undelivered", 30008),  # no reason given
    "0185": ("failed", 30034),  # our number is not registered
    "0186": ("undelivered", 21610),  # opted out, found out late
}

MESSAGES: dict[int, str] = {
    20003: "Authenticate",
    20009: "Cannot delete this message because delivery has not been completed",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    21610: "Attempt to send to unsubscribed recipient",
    21612: "Message cannot be sent with the current combination of 'To' and/or 'From' parameters",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21703: "The Messaging Service does not have a phone number available to send a message",
}
