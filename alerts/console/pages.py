"""What every page shares: templates, headers, and the reader's language."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from alerts.language.catalogs import N_, tr
from alerts.language.dates import LOCALE, when
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

HERE = Path(__file__).parent
# Nothing of another's, and no script at all. The rest: alerts.headers.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}
# Where one can go from every page, and what one must be allowed to.
ROOMS = (
    ("/", N_("Home"), Scope.READ),
    ("/actions", N_("Actions"), Scope.READ),
    ("/inbox", N_("Inbox"), Scope.TALK),
    ("/lists", N_("Lists"), Scope.READ),
    ("/account", N_("Your account"), None),
    ("/team", N_("The team"), Scope.ADMIN),
)

_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(
    template: str,
    language: Language,
    path: str,
    status: int = 200,
    *,
    reader: SignedIn | None = None,
    **given: Any,
) -> Response:
    """The page at ``path`` in ``language``; its texts come from the catalogs, by ``_`` or in ``given``."""
    rooms = [
        (to, tr(language, says))
        for to, says, scope in ROOMS
        if reader and (scope is None or reader.actor.may(scope))
    ]
    html = _templates.get_template(template).render(
        language=language,
        languages=list(Language),
        organization=settings().organization_name,
        path=path,
        reader=reader,
        rooms=rooms,
        _=partial(tr, language),
        figure=partial(figure, language),
        **given,
    )
    return Response(html, status, media_type="text/html", headers=HEADERS)


def as_read(moment: datetime, language: Language) -> str:
    """A moment as somebody in the office reads it."""
    return when(moment, settings().default_timezone, language)


def figure(language: Language, number: int) -> str:
    """A number as a reader of ``language`` writes it."""
    return str(format_decimal(number, locale=LOCALE[language]))


def reader(request: Request, chosen: Language | None) -> Language:
    """The language that a page's reader chose, or that their browser asks for."""
    return chosen or preferred(request.headers.get("Accept-Language", ""))


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
