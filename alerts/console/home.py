"""The first page: whether everything is there to send; for whoever is signed in, what is going on."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from alerts.checks import PARTS
from alerts.console.board import board, board_news
from alerts.console.doors import Chosen, Viewer, Visitor, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import page, reader
from alerts.health import OK, readiness
from alerts.language.catalogs import tr
from alerts.team.access import Session

router = APIRouter(include_in_schema=False, route_class=FormRoute)


@router.get("/")
async def home(request: Request, session: Session, visitor: Visitor, language: Chosen = None) -> Response:
    """The first page, in the reader's language."""
    found = (await readiness()).model_dump()
    away = [part for part, verdict in found.items() if verdict != OK]
    if visitor:
        read = language_of(visitor, language)
        missing = ", ".join(tr(read, PARTS[part]) for part in away)
        return await board(session, visitor, read, tr(read, "Away: {parts}", parts=missing) if away else "")
    read = reader(request, language)
    return page(
        "home.html",
        read,
        "/",
        title=tr(read, "Alerts by text message"),
        verdict=tr(read, "Everything is ready to send.")
        if not away
        else tr(read, "Something is missing. Nothing is lost; it will be sent when all is back."),
        parts=[(tr(read, name), found[part] == OK) for part, name in PARTS.items()],
        ready=tr(read, "ready"),
        away=tr(read, "away"),
        sign_in=tr(read, "Organizers sign in here"),
        api=tr(read, "For programs: the API"),
    )


@router.get("/news")
async def news(session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """What moves on the first page of whoever is signed in."""
    return await board_news(session, reader, language_of(reader, language))
