"""Whoever asked for a page and cannot have it gets one all the same: what is wrong, in their language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from alerts.bounds import too_large
from alerts.console.carried import asked_for, carried_of, offered, sealed, sign_in_at
from alerts.console.doors import SignInFirst, StrangeForm, fields_in_vain, go
from alerts.console.news import signed_out_line
from alerts.console.pages import fragment, page, reader
from alerts.console.signing_in import sign_in_form
from alerts.console.troubles import TOO_MUCH, in_words
from alerts.errors import DomainError
from alerts.headers import HEADERS
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.logs import request_id
from alerts.team.sessions import SignedIn

PROGRAMS = ("/v1/", "/twilio/", "/assets/", "/healthz", "/readyz", "/metrics", "/openapi.json")
NOTHING_HERE = N_("There is nothing at this address.")
NOT_RIGHT = N_("Something in what was sent is not right.")
STOP_ASKING = 286  # htmx's: a page that asks by itself asks no more
OUR_FAULT = N_("Something broke on our side. Nothing was half done. Try again.")

Handler = Callable[[Request, Exception], Awaitable[Response]]
Answer = Callable[[Request, Exception, Response], Response]


def answer_on_pages(app: FastAPI) -> None:
    """After ``answer_errors``, whose answers programs get, and nobody's page."""
    answers: dict[type[Exception], Answer] = {
        DomainError: _domain_error,
        # A page is asked for by its address alone: fields of forms are read by ``fields.py``.
        RequestValidationError: lambda request, _, __: _page(request, HTTPStatus.NOT_FOUND, NOTHING_HERE),
        HTTPException: lambda request, _, found: _page(request, found.status_code, NOTHING_HERE),
        DataError: lambda request, _, found: _page(request, found.status_code, NOT_RIGHT),
        Exception: _our_fault,
    }
    for kind, answer in answers.items():
        app.add_exception_handler(kind, _for_people(cast("Handler", app.exception_handlers[kind]), answer))


def _for_people(for_programs: Handler, answer: Answer) -> Handler:
    async def handle(request: Request, error: Exception) -> Response:
        is_program = request.url.path.startswith(PROGRAMS)
        if isinstance(error, SignInFirst):
            return await _signed_out(request)
        if isinstance(error, DomainError) and not is_program:  # nothing of it is for the log
            return answer(request, error, Response())
        found = await for_programs(request, error)
        return found if is_program else answer(request, error, found)

    return handle


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI: the answer to a body that is too large (``bounds.py``)."""
    if scope["path"].startswith(PROGRAMS):
        await too_large(scope, receive, send)
    else:
        answer = _page(Request(scope), HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_MUCH)
        await answer(scope, receive, send)


def _domain_error(request: Request, error: Exception, _: Response) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
    again = isinstance(error, StrangeForm)
    return _page(request, error.status, in_words(_language(request), error), translated=True, again=again)


async def _signed_out(request: Request) -> Response:
    """The way in, and from there to where they were; nothing that they wrote is lost."""
    read, onward = _language(request), asked_for(request)
    if "text/event-stream" in request.headers.get("Accept", ""):
        return Response(signed_out_line(read, onward), media_type="text/event-stream")
    if "HX-Request" in request.headers:
        typed = request.method == "POST"
        answer = fragment("signed_out.html", read, STOP_ASKING, to=sign_in_at(onward), typed=typed)
        answer.headers["HX-Retarget"], answer.headers["HX-Reswap"] = "#line", "outerHTML"
        return answer
    if request.method == "POST" and (kept := carried_of(request, await fields_in_vain(request))):
        return sign_in_form(read, HTTPStatus.UNAUTHORIZED, onward=onward, carried=sealed(kept))
    return go(sign_in_at(onward))


def _our_fault(request: Request, _: Exception, found: Response) -> Response:
    answer = _page(request, found.status_code, OUR_FAULT, number=request_id() or "", again=True)
    # It is answered outside of all middleware.
    for name, value in (*HEADERS.items(), *found.headers.items()):
        if name not in ("content-length", "content-type"):
            answer.headers.setdefault(name, value)
    return answer


def _page(
    request: Request,
    status: int,
    says: str,
    *,
    translated: bool = False,
    number: str = "",
    again: bool = False,
) -> Response:
    """``number``: what whoever runs the server looks for in the logs. ``again``: it is worth another try."""
    read = _language(request)
    who: SignedIn | None = getattr(request.state, "signed_in", None)
    typed = carried_of(request, getattr(request.state, "fields", None)) if again else None
    return page(
        "trouble.html",
        read,
        request.url.path if request.method == "GET" else "/",
        status,
        reader=who,
        here="",
        title=tr(read, "That did not work"),
        lead=says if translated else tr(read, says),
        number=number,
        offer=offered(typed, who),
        came_from=asked_for(request) if request.method == "POST" else "/",
    )


def _language(request: Request) -> Language:
    asked = request.query_params.get("language")
    chosen = Language(asked) if asked in list(Language) else None
    return chosen or getattr(request.state, "language", None) or reader(request, None)
