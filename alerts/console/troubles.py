"""What went wrong, in the reader's language."""

from __future__ import annotations

from typing import Any

from alerts.actions.service import ActionCancelled, EndsBeforeStart
from alerts.bounds import BrokeOff, TooMuch
from alerts.broadcasts.approval import ChangedMeanwhile, NeedsApproval, OwnAlert
from alerts.broadcasts.changes import NobodyWasTold
from alerts.broadcasts.letters import NothingWritten
from alerts.broadcasts.saved_texts import TemplateNameTaken
from alerts.broadcasts.service import (
    AsksAboutNothing,
    MissingLanguages,
    MissingTexts,
    NobodyThere,
    NotADraft,
    UrgentWithoutReason,
    WrongState,
)
from alerts.broadcasts.texts import NoTitle, TextTooLong
from alerts.broadcasts.timing import BadLead, NoSuchTime, TimeComesTwice, TimeIsOver
from alerts.broadcasts.trying import NoNumberOfYours, TooManyTests, WantsNoTexts
from alerts.console.doors import StrangeForm
from alerts.console.fields import NotFilledIn, ReasonNotTaken, SaidMeanwhile, TimeNotTaken
from alerts.conversations.canned import CannedNameTaken
from alerts.conversations.service import CannotBeAnswered, CannotLookAfter
from alerts.errors import DomainError, NotFound
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.language.templates import UnbalancedBrace, UnknownPlaceholder
from alerts.subscribers.adding import CannotBeAdded
from alerts.subscribers.finding import TooManyLooks
from alerts.subscribers.imports import ConsentToCome, NothingInIt, TooLarge, Workbook
from alerts.subscribers.lists import JoinWordReserved, JoinWordTaken, ListHasMembers, ListNameTaken
from alerts.subscribers.phones import BadPhoneNumber, NotMobile
from alerts.subscribers.service import HasLeft, WasForgotten
from alerts.subscribers.sheets import ColumnTwice, NoPhoneColumn
from alerts.team.access import MayNotReadNumbers
from alerts.team.actors import NotAllowed
from alerts.team.guessing import TooManyGuesses
from alerts.team.keys import AlreadyExpired
from alerts.team.lockdown import LockedDown
from alerts.team.organizers import AddressTaken, LastAdmin, WrongCode
from alerts.team.passwords import LEAST, MOST, Crowded, WeakPassword
from alerts.team.presses import WasDone
from alerts.team.sessions import PasswordNeeded, WrongSignIn

TOO_MUCH = N_("That is too much at once. Write less, and send it again.")
_WORDS: dict[type[DomainError], str] = {
    WrongSignIn: N_("That does not fit. Look at it again, letter by letter."),
    PasswordNeeded: N_("Type in your own password, too."),
    WrongCode: N_("This is not the code that the app shows now."),
    LockedDown: N_("The system is locked down. An admin ends it on the server."),
    StrangeForm: N_("This page was too old. Try again."),
    NotAllowed: N_("You may not do this. Ask an admin."),
    AddressTaken: N_("Somebody has this e-mail address already."),
    LastAdmin: N_("This is the last admin. Make somebody else one first."),
    AlreadyExpired: N_("That time is over. Choose a later one."),
    Crowded: N_("Too many people are signing in at this moment. Try again in a minute."),
    NotFound: N_("It is not there any more."),
    BadPhoneNumber: N_("That is not a mobile number. Write it with its area code, such as 909 555 0100."),
    NotMobile: N_("That is not a mobile number. Write it with its area code, such as 909 555 0100."),
    ActionCancelled: N_("The action was called off."),
    EndsBeforeStart: N_("It ends before it begins. Look at both times."),
    NoSuchTime: N_("The clocks are put forward over this time: it does not exist. Choose another."),
    TimeComesTwice: N_(
        "The clocks are put back: this time comes twice. Choose one an hour earlier or later."
    ),
    BadLead: N_("That is no time before an action. Choose another."),
    TimeIsOver: N_("That time is over. Choose a later one."),
    NeedsApproval: N_("To so many, a second organizer approves exactly this first."),
    OwnAlert: N_("You wrote it, or changed it or its action last: somebody else approves it."),
    ChangedMeanwhile: N_("Somebody changed it meanwhile. This is how it is now: look at it again."),
    WasDone: N_("This was done already. Look before you do it again."),
    SaidMeanwhile: N_("Something was said in this conversation meanwhile. Look at it again."),
    TimeNotTaken: N_(
        'A time is filled in, but "at the time below" was not chosen. Choose it, or empty the time.'
    ),
    ReasonNotTaken: N_("You wrote why it is urgent, but not that it is. Tick it, or empty the reason."),
    NobodyWasTold: N_("Nobody was told anything else: there is nothing to correct."),
    NobodyThere: N_("Nobody of these can be texted. Choose other lists, or wait for people to join."),
    NotADraft: N_("It was sent already, so it cannot be changed. Write a new one."),
    WrongState: N_("Not any more: look at where it stands now."),
    UrgentWithoutReason: N_("An urgent alert wakes people up. Say why."),
    AsksAboutNothing: N_("It asks who will come, and has no action to come to."),
    NothingWritten: N_("There is nothing in it yet. Write something."),
    CannotLookAfter: N_("This person may not answer. Choose somebody else."),
    CannedNameTaken: N_("There is a kept answer with this name already."),
    CannotBeAnswered: N_("This person wants no more texts. Nothing can be sent to them."),
    ListHasMembers: N_("There are people on this list. Only an empty one is deleted."),
    HasLeft: N_("This person left. Only their own text brings them back."),
    CannotBeAdded: N_(
        "This person left, or asked to be forgotten. Only their own text brings them back: ask them to text a"
        " join word."
    ),
    NoNumberOfYours: N_("No number of yours is known here. Write one, or keep yours on your account page."),
    TooManyTests: N_("That were many tests within an hour. Try again later."),
    WantsNoTexts: N_(
        "Whose number this is left, or asked to be forgotten: nothing is texted to it. Only their own text"
        " brings them back."
    ),
    TooManyLooks: N_(
        "You looked for many numbers within an hour. Try again later, or ask somebody who sees whole numbers."
    ),
    WasForgotten: N_("This person asked to be forgotten. Only their own text brings them back."),
    MayNotReadNumbers: N_("This shows whole phone numbers, and you may not see them. Ask an admin."),
    BrokeOff: N_(
        "What you sent stopped coming, and nothing of it was kept. Send it again where the signal is better."
    ),
    TooMuch: TOO_MUCH,
    TooLarge: N_("The file is too large: a million rows at most, and 256 MB. Cut it into several."),
    NothingInIt: N_("There is nothing in this file under its first row."),
    Workbook: N_("This is a workbook. In the spreadsheet program save it as CSV, and send that."),
    ConsentToCome: N_("The day on which they consented is still to come."),
    NoPhoneColumn: N_("The first row names no column of numbers. Call one phone, telefono or taleefan."),
    ColumnTwice: N_("Two columns of this file mean the same. Leave one of them out."),
    TemplateNameTaken: N_(
        "There is a saved text with this name already. Choose another name, or remove that one first."
    ),
    ListNameTaken: N_("There is a list with this name already."),
    UnbalancedBrace: N_("A brace in the text belongs to nothing that is filled in. Take it out."),
}
_OF_FIELDS = {
    "text": N_("the text"),
    "audience": N_("who gets it: a list, an answer or a tag"),
    "name": N_("the name"),
    "saved": N_("which saved text"),
    "title": N_("the title, in one language at least"),
    "place": N_("the place"),
    "timezone": N_("by the clocks of where, such as America/Chicago"),
    "starts": N_("when it begins"),
    "ends": N_("when it ends"),
    "ends_at": N_("when it ends"),
    "before": N_("how long before the action"),
    "answers": N_("whom it is for: an answer"),
    "kit": N_("the file: an action kit, as it was saved"),
    "month": N_("the month"),
    "at": N_("at what time it goes out"),
    "sure": N_("that you are sure"),
    "lists": N_("a list"),
    "list": N_("a list"),
    "reads": N_("the language"),
    "language": N_("the language"),
    "phone": N_("the number"),
    "consent": N_("where and when they consented"),
    "date": N_("the day, such as 2026-11-20"),
    "hours": N_("hours of at least one hour, such as 20:00 and 06:00"),
    "join_words": N_("a join word, in one language at least"),
    "kind": N_("what it is"),
    "starts_at": N_("when it begins"),
    "send_at": N_("at what time it goes out"),
    "send_before": N_("when it goes out"),
    "consent_date": N_("the day, such as 2026-11-20"),
    "urgent_reason": N_("why it is urgent"),
    "urgent": N_("that it is urgent"),
    "asks_rsvp": N_("whether it asks who will come"),
    "confirms": N_("whether it asks for a yes first"),
    "details": N_("what there is to know of it"),
    "action": N_("the action"),
    "email": N_("the e-mail address"),
    "role": N_("what they may do"),
    "scopes": N_("what it may do"),
    "password": N_("the password"),
    "new": N_("the new password"),
    "code": N_("the code"),
    "why": N_("why"),
}


def told(read: Language, error: DomainError | None) -> dict[str, Any]:
    """What ``page`` is to be given of what went wrong with a form: the status, and what is said of it."""
    if error is None:
        return {"status": 200, "trouble": ""}
    return {"status": error.status, "trouble": in_words(read, error), "faults": faults_of(read, error)}


def faults_of(read: Language, error: DomainError) -> list[tuple[str, str]]:
    """The fields that ``error`` is about, by the names that it gives them, and in words."""
    if isinstance(error, NotFilledIn):
        names = error.wrong
    elif isinstance(error, TextTooLong):
        return [(f"text-{error.language}", error.language.own_name)]
    else:
        names = (error.field,) if error.field else ()
    return [(name, tr(read, _OF_FIELDS[name])) for name in names if name in _OF_FIELDS]


def in_words(read: Language, error: DomainError) -> str:
    """What a person reads of ``error``."""
    if isinstance(error, TooManyGuesses):
        if error.minutes == 1:
            return tr(read, "That was wrong too often. Try again in a minute.")
        return tr(read, "That was wrong too often. Try again in {minutes} minutes.", minutes=error.minutes)
    if isinstance(error, WeakPassword):
        if error.short:
            return tr(read, "A password has {least} to {most} characters.", least=LEAST, most=MOST)
        return tr(read, "This password would be guessed. Choose one that is longer, or less common.")
    if isinstance(error, NotFilledIn):
        fields = [tr(read, _OF_FIELDS[name]) if name in _OF_FIELDS else name for name in error.wrong]
        return tr(read, "Missing, or not possible: {fields}.", fields=", ".join(fields))
    known = next((_WORDS[kind] for kind in type(error).__mro__ if kind in _WORDS), None)
    return tr(read, known) if known else _of_a_text(read, error)


def _of_a_text(read: Language, error: DomainError) -> str:
    if isinstance(error, UnknownPlaceholder):
        return tr(read, "There is nothing to fill in for {name}.", name=f"{{{error.name}}}")
    if isinstance(error, NoTitle):
        return tr(read, "The action has no title in {language}. Add it.", language=error.language.own_name)
    if isinstance(error, TextTooLong):
        over = error.length - error.limit
        return tr(
            read,
            "The text in {language} is too long by {letters} letters.",
            language=error.language.own_name,
            letters=over,
        )
    if isinstance(error, MissingTexts | MissingLanguages):
        missing = ", ".join(language.own_name for language in sorted(error.missing))
        return tr(read, "A text is missing in: {languages}.", languages=missing)
    if isinstance(error, JoinWordTaken | JoinWordReserved):
        return tr(read, "{word} means something already. Choose another join word.", word=error.word)
    return tr(read, "Something in what was sent is not right.")
