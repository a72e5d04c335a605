"""The one place where an error becomes an answer: RFC 9457 ``application/problem+json``."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from alerts import export
from alerts.errors import DomainError
from alerts.logs import request_id

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


_TEXT = {"type": "string"}
_FAULT = {
    "type": "object",
    "properties": {"field": _TEXT, "message": _TEXT},
    "required": ["field", "message"],
}
_PROBLEM = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("type", "title", "code", "detail"), _TEXT),
        "status": {"type": "integer"},
        "errors": {"type": "array", "items": _FAULT},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem: `code` is for programs, `detail` says what is wrong and the way out.",
        "content": {MEDIA_TYPE: {"schema": _PROBLEM}},
    }
}
"""What the API's document says of every error."""


def problem(status: int, code: str, detail: str, **more: Any) -> JSONResponse:
    """A problem answer. ``code`` is for programs, ``detail`` for people (RFC 9457, section 3.1)."""
    members = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return JSONResponse(
        {**members, "code": code, "detail": detail, **more},
        status,
        media_type=MEDIA_TYPE,
        headers=_headers(status),
    )


def _headers(status: int) -> dict[str, str] | None:
    return {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None


def answer_errors(app: FastAPI) -> None:
    """Give ``app`` its handlers. No answer repeats what was sent: it may be a number or a text."""
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(DataError, _cannot_be_stored)
    app.add_exception_handler(Exception, _our_fault)


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for this class only
    errors = {"errors": [{"field": error.field, "message": str(error)}]} if error.field else {}
    return problem(error.status, error.code, str(error), **errors)


async def _invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    errors = [
        {"field": ".".join(str(part) for part in fault["loc"] if part != "body"), "message": fault["msg"]}
        for fault in error.errors()
    ]
    detail = "; ".join(f"{fault['field'] or 'body'}: {fault['message']}" for fault in errors)
    return problem(422, "invalid", detail, errors=errors)


async def _cannot_be_stored(request: Request, error: Exception) -> JSONResponse:
    # NUL in a text, a number past bigint: the database is the one that knows.
    return problem(
        422, "cannot_be_stored", "A value is out of range, or holds a character that cannot be stored."
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    # FastAPI says 400 of whatever went wrong while a body of JSON was read.
    if isinstance(error.__cause__, DomainError):
        return await _domain_error(request, error.__cause__)
    return problem(
        error.status_code, HTTPStatus(error.status_code).phrase.lower().replace(" ", "_"), error.detail
    )


async def _our_fault(request: Request, error: Exception) -> JSONResponse:
    # Only the kind of error: its words may hold what somebody sent.
    log.error(
        "unexpected error: kind=%s method=%s route=%s", type(error).__name__, request.method, _route(request)
    )
    export.report(error, method=request.method, route=_route(request))
    answer = problem(
        500,
        "internal_error",
        "Something broke on our side. Nothing was half done. Try again.",
        request=request_id(),  # what to look for in the logs
    )
    # Starlette answers this outside of all middleware.
    answer.headers["X-Request-Id"] = request_id() or ""
    return answer


def _route(request: Request) -> str:
    route = request.scope.get("route")
    return str(getattr(route, "path", "?"))
