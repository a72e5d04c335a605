"""What is said once a form has done what it should: a word in the address of the page that it leads to."""

from __future__ import annotations

from contextvars import ContextVar
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from fastapi import Response
from fastapi.responses import RedirectResponse

from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language

SEE_OTHER = 303
SAID = {
    "saved": N_("Saved."),
    "tested": N_("The test is on its way to the phone."),
    "password": N_("Your password is changed. Everywhere else you are signed out."),
    "session": N_("That session is ended."),
    "sessions": N_("All those sessions are ended."),
    "key": N_("That key is ended: no program gets in with it any more."),
    "off": N_("Taken off the list."),
    "left": N_("They get no more texts."),
    "removed": N_("Removed."),
    "again": N_("It waits to be done again."),
}
# The address that a browser asked for: every page is given it without its being handed on.
here: ContextVar[str] = ContextVar("here", default="")


def go_saying(path: str, word: str) -> Response:
    """Look at another page now, which says that it is done."""
    return RedirectResponse(f"{path}?said={word}", SEE_OTHER)


def back_to(path: str) -> str:
    """The address of the page at ``path`` as it was asked for, in nobody's language, with nothing said."""
    asked = urlsplit(here.get())
    if asked.path != path:  # a form came, and its page is shown again
        return path
    query = [(name, value) for name, value in parse_qsl(asked.query) if name not in ("language", "said")]
    return f"{path}?{urlencode(query)}" if query else path


def said_here(read: Language) -> str:
    """What the page that was asked for is to say first."""
    word = parse_qs(urlsplit(here.get()).query).get("said", [""])[0]
    return tr(read, SAID[word]) if word in SAID else ""
