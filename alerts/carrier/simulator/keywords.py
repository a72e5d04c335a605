"""Twilio's own words for leaving, coming back and help, and what it answers to them.

Kept apart from the application's list on purpose: a simulator that read the application's table
could not show that the table is wrong.

Sources: https://support.twilio.com/hc/en-us/articles/223134027 (words, matching, default answers);
REVOKE and OPTOUT since 2025-05-14 (Twilio's blog, update to FCC SMS opt-out keywords). Not verified
against a live account: that YES from a number which had not left gets no answer of Twilio's, and
that HELP from one which had left gets one.
"""

from __future__ import annotations

from collections.abc import Mapping

# DEFAULT: Twilio acts, in English. ADVANCED: Twilio acts, with words and answers from its console, and
# tells the webhook in OptOutType. OFF: nothing is done (a short code, or switched off by support).
DEFAULT, ADVANCED, OFF = "default", "advanced", "off"
MODES = (DEFAULT, ADVANCED, OFF)

WORDS: dict[str, str] = {
    "STOP": "STOP",
    "STOPALL": "STOP",
    "UNSUBSCRIBE": "STOP",
    "CANCEL": "STOP",
    "END": "STOP",
    "QUIT": "STOP",
    "REVOKE": "STOP",
    "OPTOUT": "STOP",
    "START": "START",
    "YES": "START",
    "UNSTOP": "START",
    "HELP": "HELP",
    "INFO": "HELP",
}

ANSWERS: dict[str, str] = {
    "STOP": (
        "You have successfully been unsubscribed. You will not receive any more messages from this number. "
        "Reply START to resubscribe."
    ),
    "START": (
        "You have successfully been re-subscribed to messages from this number. Reply HELP for help. "
        "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
    ),
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}


def kind(body: str, mode: str, more: Mapping[str, str]) -> str | None:
    """STOP, START or HELP where Twilio takes ``body`` for one: the whole text, in any case.

    ``more`` are words of one's own, upper case → kind; Twilio knows such in advanced mode only.
    """
    if mode == OFF:
        return None
    word = body.strip().upper()
    if mode == ADVANCED and word in more:
        return more[word]
    return WORDS.get(word)
