"""The way into the organizers' pages: the session's cookie, forms that no other site can send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.masks import unmasked
from alerts.console.once import claim, press_of
from alerts.errors import DomainError
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.team.access import Session, network_of
from alerts.team.actors import Scope
from alerts.team.sessions import LONGEST, Browser, SignedIn, signed_in

BY_ITSELF = "/news"  # how what a page asks for ends, without anybody touching it
MOST_OCTETS = 100_000  # three long texts, twice, each of their letters as three times %xx
MOST_OF_A_STRANGER = 60_000  # who is not signed in has little to say, but for what is carried (carried.py)
MOST_FIELDS = 300  # a box for each list
TONGUE = "tongue"  # pressed at the top of a page with a long form: it comes back in that language
SECRETS = frozenset({"password", "new", "code"})  # fields of which nothing is shown again


class SignInFirst(DomainError):
    """Nobody is signed in in this browser."""

    status = 401
    code = "sign_in_first"

    def __init__(self) -> None:
        super().__init__("Sign in first.")


class StrangeForm(DomainError):
    """A form that did not come from a page of ours, or from one that is too old."""

    status = 403
    code = "strange_form"

    def __init__(self) -> None:
        super().__init__(
            "This form did not come from one of our pages, or that page is too old. Open it again."
        )


Fields = dict[str, str]
Chosen = Annotated[Language | None, Query()]


async def _anybody(request: Request, session: Session) -> SignedIn | None:
    cookie = request.cookies.get(cookie_name())
    if not cookie:
        return None
    by_itself = request.url.path.endswith(BY_ITSELF)
    found = await signed_in(session, cookie, network_of(request), by_itself=by_itself)
    if found:  # should there be no page, its place is theirs, and in their language (error_pages.py)
        request.state.signed_in, request.state.language = found, Language(found.who.language)
    return found


Visitor = Annotated[SignedIn | None, Depends(_anybody, scope="function")]


async def _somebody(visitor: Visitor) -> SignedIn:
    if visitor is None:
        raise SignInFirst
    return visitor


Reader = Annotated[SignedIn, Depends(_somebody, scope="function")]


def _who_may(scope: Scope) -> Callable[[SignedIn], Awaitable[SignedIn]]:
    async def allowed(reader: Reader) -> SignedIn:
        reader.actor.need(scope)
        return reader

    return allowed


Viewer = Annotated[SignedIn, Depends(_who_may(Scope.READ), scope="function")]
Writer = Annotated[SignedIn, Depends(_who_may(Scope.WRITE), scope="function")]
Talker = Annotated[SignedIn, Depends(_who_may(Scope.TALK), scope="function")]
Sender = Annotated[SignedIn, Depends(_who_may(Scope.SEND), scope="function")]
Admin = Annotated[SignedIn, Depends(_who_may(Scope.ADMIN), scope="function")]


async def _writer_with_a_file(request: Request) -> SignedIn:
    async with session_scope() as session:
        reader = await _somebody(await _anybody(request, session))
    reader.actor.need(Scope.WRITE)
    return reader


FileWriter = Annotated[SignedIn, Depends(_writer_with_a_file)]
"""A Writer whose form brings a file, for minutes maybe: no transaction is open meanwhile, and none waits."""


def require_from_here(request: Request) -> None:
    """Raise StrangeForm where a form did not come from a page of ours, by what the browser says of it.

    Every browser sends one of these with a form (Fetch, sections 3.1 and 3.8).
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if (site or origin) is None or (site or "same-origin") != "same-origin":
        raise StrangeForm
    if origin is not None and origin != our_origin():
        raise StrangeForm


async def _from_here(request: Request, most: int) -> Fields:
    """The fields of a form of ours. Raises StrangeForm, also for more than ``most`` octets."""
    require_from_here(request)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise StrangeForm
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise StrangeForm from None
    # Forms come with two letters for the end of a line (HTML, form submission): both would be paid for.
    request.state.fields = {name: value.replace("\r\n", "\n") for name, value in fields}
    return dict(request.state.fields)


async def fields_in_vain(request: Request) -> Fields | None:
    """What stands in a form of ours whose sender is signed out; None for another's, or a file."""
    read: Fields | None = getattr(request.state, "fields", None)
    try:
        return await _from_here(request, MOST_OCTETS) if read is None else read
    except StrangeForm:
        return None


async def _from_anybody(request: Request) -> Fields:
    return await _from_here(request, MOST_OF_A_STRANGER)


OpenForm = Annotated[Fields, Depends(_from_anybody)]


def require_theirs(form: Fields, reader: SignedIn) -> None:
    """Raise StrangeForm where a form does not carry the token of its sender's session."""
    if not compare_digest(unmasked(form.pop("csrf", "")).encode(), reader.csrf.encode()):
        raise StrangeForm


async def _from_a_page_of_theirs(request: Request, reader: Reader) -> Fields:
    form = await _from_here(request, MOST_OCTETS)
    request.state.pressed = press_of(request, str(reader.session_id), form)
    require_theirs(form, reader)
    if form.get(TONGUE) in list(Language):
        reader.who.language = Language(form[TONGUE])
    return form


Asked = Annotated[Fields, Depends(_from_a_page_of_theirs, scope="function")]
"""A form that changes nothing: it is answered as often as it is sent."""


async def _done_once(request: Request, session: Session, reader: Reader, form: Asked) -> Fields:
    await claim_theirs(request, session, request.state.pressed, reader)
    return form


async def claim_theirs(request: Request, session: AsyncSession, press: bytes, reader: SignedIn) -> None:
    """Go on with a form of theirs that comes for the first time. Raises DoneBefore, WasDone, SignInFirst."""
    try:
        await claim(request, session, press, reader.session_id)
    except IntegrityError:  # it came before, and ended their session
        raise SignInFirst from None


Form = Annotated[Fields, Depends(_done_once, scope="function")]
"""A form that is done once, however often it is sent (``once.py``)."""


CHECKED = [Depends(_done_once, scope="function")]  # for a form without fields


def our_origin() -> str:
    """The one from which forms of ours come."""
    url = urlsplit(settings().public_base)
    return f"{url.scheme}://{url.netloc}"


def _is_secure() -> bool:
    return settings().public_base.startswith("https://")


def cookie_name(*, half: bool = False) -> str:
    """``__Host-``: only this host over TLS can have set it (RFC 6265bis, section 4.1.3.2)."""
    return ("__Host-" if _is_secure() else "") + ("half" if half else "session")


def give_cookie(answer: Response, cookie: str, *, half: bool = False) -> None:
    """The browser keeps ``cookie`` for as long as a session can last; no script can read it."""
    answer.set_cookie(
        cookie_name(half=half),
        cookie,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        secure=_is_secure(),
        httponly=True,
        samesite="lax",
    )


def take_cookies(answer: Response) -> None:
    """The browser forgets them."""
    for half in (False, True):
        answer.delete_cookie(cookie_name(half=half), path="/", secure=_is_secure(), httponly=True)


def browser_of(request: Request) -> Browser:
    """Where a request comes from."""
    return Browser(network_of(request), request.headers.get("User-Agent", ""))


def go(path: str) -> Response:
    """Look at another page now: what a form is answered with."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def language_of(reader: SignedIn, chosen: Language | None) -> Language:
    """The language in which an organizer reads."""
    return chosen or Language(reader.who.language)
