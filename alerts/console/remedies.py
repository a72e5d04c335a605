"""Why somebody got nothing, and what an organizer can do about it: one table."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from alerts.broadcasts.reasons import PLAIN, Reason
from alerts.broadcasts.reports import NO_REASON, NOT_WRITTEN
from alerts.carrier.codes import CODES, UNKNOWN_CODE, Remedy
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language

NOTHING = N_("Nothing to do.")
ANOTHER_NUMBER = N_("They are not texted any more. Ask them for another number when you see them.")
ANOTHER_WAY = N_("Tell them another way: call, or ask somebody who sees them.")
UNWANTED = N_("Write it without links and without words in capitals, and look at our registration at Twilio.")
TOMORROW = N_("Tomorrow there is room again. Ask Twilio for a higher limit.")
TWILIO = N_("Put it right in Twilio's console, then press Go on sending. alerts check says what is wrong.")
LATER = N_("This passes. If it is many, look at Twilio's status page, and tell them another way.")

OF_REASONS = {
    Reason.LEFT: NOTHING,
    Reason.PENDING: N_("They get the next one once they have answered YES to our question."),
    Reason.UNREACHABLE: ANOTHER_NUMBER,
    Reason.GONE: NOTHING,
    Reason.FORGOTTEN: NOTHING,
    Reason.NO_TEXT: N_("Write an alert to them in their language."),
    Reason.TOO_LATE: N_("Send it earlier next time, or to fewer people."),
    Reason.ASLEEP: N_(
        "Send it earlier in the day next time. Whoever works nights belongs on a list with its own hours."
    ),
    Reason.SEAL_BROKEN: N_("Tell whoever runs the server: a key is missing."),
}
OF_REMEDIES = {
    Remedy.LEFT: NOTHING,
    Remedy.UNREACHABLE: ANOTHER_NUMBER,
    Remedy.PAUSE: TWILIO,
    Remedy.SLOW: LATER,
    Remedy.HOLD: LATER,
    Remedy.SETTLE: LATER,
    Remedy.FAIL: ANOTHER_WAY,
}
OF_CODES = {  # where another remedy is better than that of all that fail
    21408: N_("Switch on that country in Twilio's console, under Messaging, Geo permissions."),
    21617: N_("Write a shorter text."),
    30004: UNWANTED,
    30007: UNWANTED,
    30023: TOMORROW,
    30027: TOMORROW,
    30008: LATER,
    30036: LATER,
    30410: LATER,
    30450: UNWANTED,
}
TO_DO: dict[str, str] = {
    **{code.meaning: OF_CODES.get(number, OF_REMEDIES[code.remedy]) for number, code in CODES.items()},
    UNKNOWN_CODE.meaning: ANOTHER_WAY,
    **{PLAIN[reason]: to_do for reason, to_do in OF_REASONS.items()},
    NO_REASON: LATER,
    NOT_WRITTEN: ANOTHER_WAY,
}

# Why alerts stop besides: what stands in what was written down, in words, and what to do.
TROUBLES = {
    "The system was locked down": (
        N_("The system was locked down."),
        N_("Look at this alert, and press Go on sending if it is right still."),
    ),
    "Its action was moved, and": (
        N_("Its action was moved, and its time was over then. Nothing of it was sent."),
        N_("Write a new one, if people should still hear of it."),
    ),
    "may say the old": (
        N_("Its action changed, and its text may say the old time or place. Nothing of it was sent."),
        N_("Look at it, put its text right where it must be, and send it again."),
    ),
    "Its action": (
        N_("Its action changed: what had not been sent yet was withdrawn."),
        N_("The action's page offers a correction to exactly those who were told the old."),
    ),
    "a second organizer approves": (
        N_("To so many, a second organizer approves exactly this first."),
        N_("Whoever did not write it approves it on its page. Then press Go on sending."),
    ),
    "There is no text in": (
        N_("Some people read a language that it has no text in. Nothing of it was sent."),
        N_("Stop it for good, and write a new one in every language."),
    ),
    "Nobody in this audience": (
        N_("Nobody of these can be texted."),
        N_("Press Go on sending once somebody has joined, or stop it for good."),
    ),
    "filter it as unwanted": (
        N_("Phone companies filter it as unwanted: nearly none of the last texts arrived."),
        N_(
            "Stop it for good, and write a new one in other words and without links."
            " If they filter that too, look at our registration at Twilio."
        ),
    ),
    "Sending failed": (
        N_("Sending failed several times in the same way."),
        N_("Tell whoever runs the server: its log says more. Then press Go on sending."),
    ),
}


@dataclass(frozen=True)
class Why:
    """Why so many got nothing. ``to_do`` is empty for a reason that another version wrote."""

    people: int
    says: str
    to_do: str


def whys(reasons: Counter[str], read: Language) -> list[Why]:
    """The most frequent first."""
    return [
        Why(people, tr(read, reason), tr(read, TO_DO[reason])) if reason in TO_DO else Why(people, reason, "")
        for reason, people in reasons.most_common()
    ]


def trouble_in_words(trouble: str, read: Language) -> tuple[str, str]:
    """Why an alert stopped, and what to do; as it was written down where no meaning of ours is in it."""
    for part, (says, to_do) in TROUBLES.items():
        if part in trouble:
            return tr(read, says), tr(read, to_do)
    known = next((meaning for meaning in TO_DO if meaning in trouble), None)
    if known is None:
        return trouble, ""
    says = tr(read, known).rstrip(".")
    return f"{says[:1].upper()}{says[1:]}.", tr(read, TO_DO[known])
