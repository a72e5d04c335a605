"""The first page: whether everything is there to send. It shows nothing of anybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from alerts.console.pages import HERE, page, reader
from alerts.health import OK, readiness
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language

PARTS = {
    "postgresql": N_("Database"),
    "migrations": N_("Database schema"),
    "redis": N_("Queue"),
    "workers": N_("Workers that send"),
}
router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(request: Request, language: Annotated[Language | None, Query()] = None) -> Response:
    """The first page, in the reader's language."""
    read = reader(request, language)
    found = (await readiness()).model_dump()
    return page(
        "home.html",
        read,
        "/",
        title=tr(read, "Alerts by text message"),
        verdict=tr(read, "Everything is ready to send.")
        if all(verdict == OK for verdict in found.values())
        else tr(read, "Something is missing. Nothing is lost; it will be sent when all is back."),
        parts=[(tr(read, name), found[part] == OK) for part, name in PARTS.items()],
        ready=tr(read, "ready"),
        away=tr(read, "away"),
        sign_in=tr(read, "Organizers sign in here"),
        api=tr(read, "For programs: the API"),
    )


@router.get("/assets/console.css")
async def style() -> Response:
    """The looks."""
    return FileResponse(HERE / "assets" / "console.css", headers={"Cache-Control": "max-age=3600"})
