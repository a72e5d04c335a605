"""What went wrong, in the reader's language."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from alerts.console.doors import SignInFirst, StrangeForm, go
from alerts.console.pages import page, reader
from alerts.errors import DomainError, NotFound
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.subscribers.phones import BadPhoneNumber, NotMobile
from alerts.team.actors import NotAllowed
from alerts.team.guessing import TooManyGuesses
from alerts.team.keys import AlreadyExpired
from alerts.team.lockdown import LockedDown
from alerts.team.organizers import AddressTaken, LastAdmin, WrongCode
from alerts.team.passwords import LEAST, MOST, Crowded, WeakPassword
from alerts.team.sessions import WrongSignIn

PROGRAMS = ("/v1/", "/twilio/")
_WORDS: dict[type[DomainError], str] = {
    WrongSignIn: N_("That does not fit. Look at it again, letter by letter."),
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
}


def in_words(read: Language, error: DomainError) -> str:
    """What a person reads of ``error``."""
    if isinstance(error, TooManyGuesses):
        return tr(read, "That was wrong too often. Try again in {minutes} minutes.", minutes=error.minutes)
    if isinstance(error, WeakPassword):
        if error.short:
            return tr(read, "A password has {least} to {most} characters.", least=LEAST, most=MOST)
        return tr(read, "This password would be guessed. Choose one that is longer, or less common.")
    for kind in type(error).__mro__:
        if kind in _WORDS:
            return tr(read, _WORDS[kind])
    return tr(read, "Something in what was sent is not right.")


def answer_on_pages(app: FastAPI) -> None:
    """Whoever asked for a page gets one, and not a problem for programs. After ``answer_errors``."""
    for_programs = app.exception_handlers[DomainError]

    async def answer(request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
        if request.url.path.startswith(PROGRAMS):
            answered: Response = await for_programs(request, error)  # type: ignore[misc]
            return answered
        if isinstance(error, SignInFirst):
            return go("/sign-in")
        read = reader(request, None)
        title = tr(read, "That did not work")
        return page("words.html", read, "/", error.status, title=title, lead=in_words(read, error))

    app.add_exception_handler(DomainError, answer)
