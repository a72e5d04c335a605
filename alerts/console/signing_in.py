"""Pages: signing in and out, and the first time, with an invitation's link."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import segno
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.carried import offered, opened, page_of_ours
from alerts.console.doors import (
    CHECKED,
    Fields,
    OpenForm,
    Reader,
    Visitor,
    browser_of,
    cookie_name,
    give_cookie,
    go,
    take_cookies,
)
from alerts.console.once import FormRoute, claim, press_of
from alerts.console.pages import page, reader
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team import codes, organizers, sessions
from alerts.team.access import Session, network_of

KEPT = N_("You were signed out. What you wrote is kept: sign in, and go on with it.")
router = APIRouter(include_in_schema=False, route_class=FormRoute)
Chosen = Annotated[Language | None, Query()]


@router.get("/sign-in")
async def sign_in_page(
    request: Request,
    visitor: Visitor,
    onward: Annotated[str, Query(alias="next")] = "/",
    language: Chosen = None,
) -> Response:
    """The form for e-mail and password; ``next``: the page where they go on."""
    onward = page_of_ours(onward)
    return go(onward) if visitor else sign_in_form(reader(request, language), onward=onward)


@router.post("/sign-in")
async def sign_in(request: Request, session: Session, form: OpenForm, language: Chosen = None) -> Response:
    """The first step."""
    read = reader(request, language)
    onward, carried = _on_the_way(form)
    try:
        cookie = await sessions.password_given(
            session, form.get("email", ""), form.get("password", ""), browser_of(request)
        )
    except DomainError as error:
        filled = form.get("email", "")[:254]
        return sign_in_form(read, error=error, onward=onward, carried=carried, filled=filled)
    if carried:  # in an address it would not fit
        answer = _code(read, onward=onward, carried=carried)
    else:
        more = {"next": onward} if onward != "/" else {}
        answer = go(f"/sign-in/code?{urlencode({'language': read, **more}, safe='/')}")
    give_cookie(answer, cookie, half=True)
    return answer


def _on_the_way(form: Fields) -> tuple[str, str]:
    """Where somebody goes on once they are in, and what they had written."""
    return page_of_ours(form.get("next", "/")), form.get("carried", "")


def sign_in_form(
    read: Language,
    status: int = 200,
    *,
    error: DomainError | None = None,
    onward: str = "/",
    carried: str = "",
    filled: str = "",
) -> Response:
    """Where one signs in, and how it goes on then. ``carried``: what was written (``carried.sealed``)."""
    says = told(read, error) if error else {"status": status, "trouble": ""}
    return page(
        "sign_in.html",
        read,
        "/sign-in",
        title=tr(read, "Sign in"),
        **says,
        onward=onward,
        carried=carried,
        filled=filled,
        kept=tr(read, KEPT) if carried else "",
        email=tr(read, "E-mail address"),
        password=tr(read, "Password"),
        button=tr(read, "Go on"),
        lost=tr(read, "Lost your password or your phone? Ask an admin for a new invitation."),
    )


@router.get("/sign-in/code")
async def code_page(
    request: Request, onward: Annotated[str, Query(alias="next")] = "/", language: Chosen = None
) -> Response:
    """The form for the second factor."""
    return _code(reader(request, language), onward=page_of_ours(onward))


@router.post("/sign-in/code")
async def code(request: Request, session: Session, form: OpenForm, language: Chosen = None) -> Response:
    """The second step."""
    read = reader(request, language)
    half = request.cookies.get(cookie_name(half=True), "")
    onward, carried = _on_the_way(form)
    await claim(request, session, press_of(request, half, form), None)
    try:
        cookie = await sessions.code_given(session, half, form.get("code", ""), browser_of(request))
    except DomainError as error:
        return _code(read, error, onward=onward, carried=carried)
    answer = await _goes_on(request, session, cookie, onward, carried)
    take_cookies(answer)
    give_cookie(answer, cookie)
    return answer


async def _goes_on(
    request: Request, session: AsyncSession, cookie: str, onward: str, carried: str
) -> Response:
    """To the page where they were, or to what they had written there."""
    written, who = opened(carried), await sessions.signed_in(session, cookie, network_of(request))
    if written is None or who is None:
        return go(onward)
    read = Language(who.who.language)
    return page(
        "go_on.html",
        read,
        onward.partition("?")[0],
        reader=who,
        title=tr(read, "You are signed in again"),
        offer=offered(written, who),
        onward=onward,
    )


def _code(
    read: Language, error: DomainError | None = None, *, onward: str = "/", carried: str = ""
) -> Response:
    return page(
        "code.html",
        read,
        "/sign-in/code",
        title=tr(read, "Your code"),
        **told(read, error),
        onward=onward,
        carried=carried,
        lead=tr(read, "The six digits that your authenticator app shows now, or one of your recovery codes."),
        code=tr(read, "Code"),
        button=tr(read, "Sign in"),
        again=tr(read, "Start again"),
    )


@router.post("/sign-out", dependencies=CHECKED)
async def sign_out(session: Session, reader: Reader) -> Response:
    """End this session."""
    await sessions.sign_out(session, reader)
    answer = go("/sign-in")
    take_cookies(answer)
    return answer


@router.get("/welcome/{token}")
async def welcome_page(token: str, request: Request, session: Session, language: Chosen = None) -> Response:
    """Where somebody who was invited sets a password and a second factor."""
    read = reader(request, language)
    try:
        who = await organizers.welcomed(session, token)
    except DomainError as error:
        return _gone(read, error)
    return _welcome(read, token, who.email)


@router.post("/welcome/{token}")
async def welcome(
    token: str, request: Request, session: Session, form: OpenForm, language: Chosen = None
) -> Response:
    """Set them, and sign in."""
    read = reader(request, language)
    await claim(request, session, press_of(request, token, form), None)
    try:
        who = await organizers.welcomed(session, token)
    except DomainError as error:
        return _gone(read, error)
    try:
        who, recovery = await organizers.settle_in(
            session, token, form.get("password", ""), form.get("code", ""), network_of(request)
        )
    except DomainError as error:
        return _welcome(read, token, who.email, error)
    who.language = read
    cookie = await sessions.begin(session, who, browser_of(request))
    answer = recovery_codes(read, recovery)
    give_cookie(answer, cookie)
    return answer


def _gone(read: Language, error: DomainError) -> Response:
    return page(
        "words.html",
        read,
        "/sign-in",
        error.status,
        title=tr(read, "This link is over"),
        lead=tr(read, "It was used, or it is too old. Ask an admin for a new invitation."),
    )


def _welcome(read: Language, token: str, email: str, error: DomainError | None = None) -> Response:
    secret = codes.secrets_of(token)[0]
    address = codes.address_for_apps(secret, email, settings().organization_name)
    # Drawn in black on white, in the dark as well: cameras do not read it otherwise.
    square = segno.make(address, error="m", micro=False)
    return page(
        "welcome.html",
        read,
        f"/welcome/{token}",
        title=tr(read, "Welcome to {organization}", organization=settings().organization_name),
        **told(read, error),
        email=email,
        password=tr(read, "Choose a password"),
        advice=tr(read, "Four or five words that have nothing to do with each other are a good one."),
        scan=tr(read, "Scan this with an authenticator app on your phone, or type in the letters below it."),
        square=square.svg_inline(scale=5, border=4, dark="#000", light="#fff", omitsize=True),
        square_says=tr(read, "QR code for your authenticator app"),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        code=tr(read, "The six digits that the app shows now"),
        button=tr(read, "Sign in"),
    )


def recovery_codes(read: Language, recovery: list[str]) -> Response:
    """The page on which they are shown, once."""
    return page(
        "recovery.html",
        read,
        "/account",
        title=tr(read, "Your recovery codes"),
        once=True,
        lead=tr(
            read,
            "If you lose your phone, each of these lets you in once instead of the app. Write them down on "
            "paper now: they are not shown again.",
        ),
        codes=recovery,
        onward=tr(read, "I have written them down"),
    )
