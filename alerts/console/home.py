"""The first page: whether everything is there to send. It shows nothing of anybody.

The pages for organizers stand behind a sign-in, and come with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.health import OK, readiness
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.settings import settings

HERE = Path(__file__).parent
PARTS = {
    "postgresql": N_("Database"),
    "migrations": N_("Database schema"),
    "redis": N_("Queue"),
    "workers": N_("Workers that send"),
}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

templates = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(request: Request, language: Annotated[Language | None, Query()] = None) -> Response:
    """The first page, in the reader's language."""
    read = language or preferred(request.headers.get("Accept-Language", ""))
    found = (await readiness()).model_dump()
    page = templates.get_template("home.html").render(
        language=read,
        languages=list(Language),
        organization=settings().organization_name,
        title=tr(read, "Alerts by text message"),
        verdict=tr(read, "Everything is ready to send.")
        if all(verdict == OK for verdict in found.values())
        else tr(read, "Something is missing. Nothing is lost; it will be sent when all is back."),
        parts=[(tr(read, name), found[part] == OK) for part, name in PARTS.items()],
        ready=tr(read, "ready"),
        away=tr(read, "away"),
        api=tr(read, "For programs: the API"),
    )
    return Response(page, media_type="text/html", headers=HEADERS)


@router.get("/assets/console.css")
async def style() -> Response:
    """The looks."""
    return FileResponse(HERE / "assets" / "console.css", headers={"Cache-Control": "max-age=3600"})


def preferred(accept: str) -> Language:
    """The language of ours that a browser asks for first (RFC 9110, section 12.5.4); else English."""
    wishes = []
    for place, wish in enumerate(accept.split(",")):
        name, _, weight = wish.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), place, name.split("-")[0].lower()))
        except ValueError:
            continue
    known = {str(language) for language in Language}
    return next((Language(name) for _, _, name in sorted(wishes) if name in known), Language.EN)
