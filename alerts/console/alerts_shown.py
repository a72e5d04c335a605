"""Alerts, actions and what is to be known of them, in the words of the pages."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action, ActionKind
from alerts.broadcasts.audience import Answered
from alerts.broadcasts.forecast import Hint, Warned
from alerts.broadcasts.models import Alert
from alerts.broadcasts.reasons import PLAIN
from alerts.broadcasts.reports import NO_REASON, NOT_WRITTEN
from alerts.broadcasts.service import zone_of
from alerts.broadcasts.states import AlertState, DeliveryState
from alerts.carrier.codes import CODES, UNKNOWN_CODE
from alerts.console.clocks import clocks_of
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.language.segments import GSM7, cheaper
from alerts.understanding.intents import Answer

KINDS = {
    ActionKind.STRIKE: N_("Strike"),
    ActionKind.WALKOUT: N_("Walkout"),
    ActionKind.RALLY: N_("Rally"),
    ActionKind.LOBBY_ACTION: N_("Lobby action"),
    ActionKind.PETITION_DELIVERY: N_("Petition delivery"),
    ActionKind.MEETING: N_("Meeting"),
}
ANSWERS = {Answer.YES: N_("Yes"), Answer.MAYBE: N_("Maybe"), Answer.NO: N_("No")}
ANSWERED = {
    Answered.YES: N_("said yes"),
    Answered.MAYBE: N_("said maybe"),
    Answered.NO: N_("said no"),
    Answered.SILENT: N_("were asked and said nothing"),
    Answered.ANY: N_("said anything"),
}
LEADS = {
    "P7D": N_("a week before it"),
    "P2D": N_("two days before it"),
    "P1D": N_("a day before it, at the same time"),
    "PT3H": N_("three hours before it"),
    "PT1H": N_("an hour before it"),
}
ALERT_STATES = {
    AlertState.DRAFT: N_("Draft: nothing was sent"),
    AlertState.SCHEDULED: N_("Waits for its time"),
    AlertState.SENDING: N_("Is going out now"),
    AlertState.PAUSED: N_("Paused"),
    AlertState.SENT: N_("Sent"),
    AlertState.CANCELLED: N_("Cancelled"),
    AlertState.MISSED: N_("Missed its time: nothing was sent"),
}
DELIVERY_STATES = {
    DeliveryState.WAITING: N_("Wait for their turn"),
    DeliveryState.SENDING: N_("Are being sent"),
    DeliveryState.ACCEPTED: N_("With the carrier"),
    DeliveryState.SENT: N_("Passed on by the carrier"),
    DeliveryState.DELIVERED: N_("Arrived"),
    DeliveryState.UNDELIVERED: N_("Did not arrive"),
    DeliveryState.FAILED: N_("Refused by the carrier"),
    DeliveryState.UNKNOWN: N_("Not known yet"),
    DeliveryState.SKIPPED: N_("Left out"),
    DeliveryState.CANCELLED: N_("Withdrawn"),
}
HINTS = {
    Hint.LANDS_LATE: N_("For some people it comes too late: the action begins first, and they get nothing."),
    Hint.QUIET_HOURS: N_("Some people are asleep then. They get it when the hours of their list begin."),
    Hint.SHORT_LINK: N_("Carriers block texts with shortened links. Write the whole address."),
    Hint.NO_WAY_OUT: N_("This is the first alert. Say how to leave: STOP."),
    Hint.TIME_IS_OVER: N_(
        "The time chosen for it is over. Choose another one, or send it when you press the button."
    ),
    Hint.NIGHT_UNTIL_ACTION: N_(
        "It is night on some lists from then until the action begins: people who are on them get nothing."
        " Choose a longer time before it, or mark it urgent."
    ),
    Hint.NEW_PEOPLE: N_(
        "Some people were put on these lists by you since an alert last said how to leave. Say it: STOP."
    ),
    Hint.ACTION_BEGUN: N_("The action has begun by then, or is over."),
    Hint.MAY_SAY_THE_OLD: N_(
        "Time or place of the action changed since this text was written. Is it still right?"
    ),
}

REASONS = frozenset(
    {*PLAIN.values(), *(one.meaning for one in (*CODES.values(), UNKNOWN_CODE)), NO_REASON, NOT_WRITTEN}
)


def heading(action: Action, read: Language) -> str:
    """What an action is called, in the reader's language if it has a title in it."""
    title = action.title.get(str(read)) or next(iter(action.title.values()))
    kind = tr(read, KINDS[action.kind])
    called_off = tr(read, "called off") if action.cancelled_at else ""
    return f"{kind}: {title}" + (f" ({called_off})" if called_off else "")


async def about(session: AsyncSession, alert: Alert, read: Language) -> str:
    """What an alert is called: its action, and its number."""
    if alert.action_id is None:
        return tr(read, "Alert {number}", number=alert.id)
    name = heading(await actions.get_action(session, alert.action_id), read)
    return tr(read, "Alert {number}, {action}", number=alert.id, action=name)


def state_in_words(alert: Alert, read: Language) -> str:
    """Where it stands."""
    return tr(read, ALERT_STATES[alert.state])


async def due_in_words(session: AsyncSession, alert: Alert, read: Language) -> str:
    """When it begins, by the clocks of its place; nothing where no time was set."""
    if alert.due_at is None:
        return ""
    return (await clocks_of(session)).when(alert.due_at, await zone_of(session, alert), read)


def lead_in_words(lead: str, read: Language) -> str:
    """How long before its action something goes out (``timing.Lead``)."""
    return tr(read, LEADS[lead]) if lead in LEADS else tr(read, "{lead} before it", lead=lead)


def who_answered(answers: Sequence[Answered], read: Language) -> str:
    """Those who gave one of these answers, as the end of a sentence."""
    return ", ".join(tr(read, ANSWERED[one]) for one in answers)


def hints_in_words(warned: Sequence[Warned], read: Language) -> list[str]:
    """What an organizer should know before."""
    return [
        (f"{one.language.own_name}: " if one.language else "") + tr(read, HINTS[one.hint]) for one in warned
    ]


def marked(body: str) -> list[tuple[str, bool]]:
    """A text in pieces; those that are true make the whole of it dear."""
    pieces: list[tuple[str, bool]] = []
    for letter in body:
        dear = letter not in GSM7
        if pieces and pieces[-1][1] == dear:
            pieces[-1] = pieces[-1][0] + letter, dear
        else:
            pieces.append((letter, dear))
    return pieces


def cheaply(text: str) -> str:
    """The same text, in the cheaper spelling where there is one."""
    found = ((letter, cheaper(letter)) for letter in text)
    return "".join(letter if plain is None else plain for letter, plain in found)
