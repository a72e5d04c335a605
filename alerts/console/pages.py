"""What every page shares: templates, headers, and the reader's language."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from functools import partial
from http import HTTPStatus
from pathlib import Path
from secrets import randbelow
from typing import Any

from babel.numbers import format_currency, format_decimal
from fastapi import Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from alerts.console.assets import asset, takes_gzip
from alerts.console.faults import marked
from alerts.console.masks import masked
from alerts.console.said import back_to, here, said_here
from alerts.language.catalogs import N_, tr
from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

HERE = Path(__file__).parent
# Nothing of another's, and no script. The rest: alerts.headers.
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
# Pages on which something moves run htmx, and ask us for what is new.
LIVE_POLICY = f"{POLICY}; script-src 'self'; connect-src 'self'"
# Nothing that is text is run, nobody else is asked, and no page is kept in the browser's storage.
HTMX = {
    "allowEval": False,
    "allowScriptTags": False,
    "includeIndicatorStyles": False,
    "selfRequestsOnly": True,
    "historyEnabled": False,
    "historyCacheSize": 0,
    "attributesToSettle": ["class"],  # not style, which the policy does not let it write
    # A form that was refused comes back with what is wrong in it.
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "(?:2..|422)", "swap": True},
        {"code": "...", "swap": False, "error": True},
    ],
}
# They hold secrets or numbers, some beside what others wrote: how far they can be compressed would tell.
NOT_COMPRESSED = frozenset(
    {
        "account.html", "code.html", "draft.html", "go_on.html", "inbox.html", "inbox_rows.html",
        "recovery.html", "roster.html", "sign_in.html", "subscriber.html", "subscribers.html", "thread.html",
        "thread_texts.html", "trouble.html", "welcome.html",
    }
)  # fmt: skip
SAY_IT_THEMSELVES = ("trouble.html", "words.html")  # by their titles
WORTH_COMPRESSING = 500
MOST_PADDING = 64
WHOLE_FROM = 10  # of the currency's unit: so much is not told to the cent
# Where one can go from every page, and what one must be allowed to.
ROOMS = (
    ("/", N_("Home"), Scope.READ),
    ("/actions", N_("Actions"), Scope.READ),
    ("/inbox", N_("Inbox"), Scope.TALK),
    ("/lists", N_("Lists"), Scope.READ),
    ("/subscribers", N_("Subscribers"), Scope.READ),
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
_templates.globals |= {"asset": lambda name: asset(name).address, "htmx_config": json.dumps(HTMX)}
_templates.filters["masked"] = masked


class Page(Response):
    """HTML, compressed for whoever reads that, and of a length that tells nothing of a few letters."""

    media_type = "text/html"
    compressed = True

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """ASGI."""
        wishes = dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1")
        if self.compressed and len(self.body) > WORTH_COMPRESSING and takes_gzip(wishes):
            # The name of a file in gzip's header (RFC 1952, 2.3): browsers pass over it.
            self.body = _named(gzip.compress(self.body, 6, mtime=0), randbelow(MOST_PADDING))
            self.headers["Content-Encoding"] = "gzip"
            self.headers["Content-Length"] = str(len(self.body))
        self.headers["Vary"] = "Accept-Encoding"
        await super().__call__(scope, receive, send)


def _named(squeezed: bytes, length: int) -> bytes:
    flags = squeezed[3] | 0x08  # FNAME
    return squeezed[:3] + bytes([flags]) + squeezed[4:10] + b"a" * length + b"\0" + squeezed[10:]


def page(  # noqa: PLR0913 - what every page may be given
    template: str,
    language: Language,
    path: str,
    status: int = 200,
    *,
    reader: SignedIn | None = None,
    live: bool = False,
    once: bool = False,
    faults: Sequence[tuple[str, str]] = (),
    **given: Any,
) -> Response:
    """The page at ``path`` in ``language``; its texts come from the catalogs, by ``_`` or in ``given``.

    ``live``: parts of it change while somebody looks, by htmx. It works without, too. ``once``: it
    shows what is shown once, and leads to no other language, where that would be lost. ``faults``: which
    fields of its form are wrong (``faults.py``).
    """
    rooms = [
        (to, tr(language, says))
        for to, says, scope in ROOMS
        if reader and (scope is None or reader.actor.may(scope))
    ]
    answer = fragment(
        template,
        language,
        status,
        languages=list(Language),
        organization=settings().organization_name,
        path=path,
        reader=reader,
        rooms=rooms,
        live=live,
        once=once,
        refused=status >= HTTPStatus.BAD_REQUEST and template not in SAY_IT_THEMSELVES,
        back=back_to(path),
        done=said_here(language) if status == HTTPStatus.OK else "",
        **given,
    )
    if faults:
        answer.body = marked(bytes(answer.body).decode(), faults, here.get().partition("?")[0]).encode()
        answer.headers["Content-Length"] = str(len(answer.body))
    answer.headers["Content-Security-Policy"] = LIVE_POLICY if live else POLICY
    return answer


def fragment(template: str, language: Language, status: int = 200, **given: Any) -> Page:
    """What takes the place of a part of a live page."""
    answer = Page(rendered(template, language, **given), status)
    answer.compressed = template not in NOT_COMPRESSED
    if not answer.compressed:  # by no proxy either (RFC 9111, 5.2.2.6)
        answer.headers["Cache-Control"] = "no-store, no-transform"
    return answer


def rendered(template: str, language: Language, **given: Any) -> str:
    """A template in ``language``."""
    return _templates.get_template(template).render(
        language=language, _=partial(tr, language), figure=partial(figure, language), **given
    )


def as_read(moment: datetime, language: Language) -> str:
    """A moment as somebody in the office reads it."""
    return when(moment, settings().default_timezone, language)


def figure(language: Language, number: int) -> str:
    """A number as a reader of ``language`` writes it."""
    return str(format_decimal(number, locale=language.facts["locale"]))


def in_money(language: Language, micros: int) -> str:
    """Millionths of the currency's unit, rounded up: whole units from ten on, else cents."""
    amount = Decimal(micros) / 1_000_000
    whole = amount >= WHOLE_FROM
    amount = amount.quantize(Decimal(1) if whole else Decimal("0.01"), ROUND_CEILING)
    pattern = "¤#,##0" if whole else "¤#,##0.00"
    return str(
        format_currency(
            amount, settings().currency, pattern, locale=language.facts["locale"], currency_digits=False
        )
    )


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
