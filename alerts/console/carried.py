"""What somebody had written when their session was over: it is carried through signing in, and offered again.

In the page, sealed: nobody else can make one, and nothing of it is kept on the server.
"""

from __future__ import annotations

import json
import re
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from fastapi import Request

from alerts.console.doors import BY_ITSELF, SECRETS, Fields, our_origin
from alerts.language.languages import Language
from alerts.storage.sealing import SealBroken, sealer
from alerts.team.sessions import SignedIn

COLUMN = "carried"
MOST = 30_000  # octets of what is carried, sealed
LONGEST_ADDRESS = 300
# A page of ours, as an address: no other host, and nothing that may be somebody's number.
OURS = re.compile(r"/(?![/\\])[\w\-./?=&%+,:~]*")
NO_PAGE = ("/sign-", "/welcome/", "/v1/", "/twilio/", "/assets/")
# What a form carries by itself.
NOT_TYPED = frozenset({"csrf", "version", "moved", "action", "template", "sure", "saved", "next", "carried"})


@dataclass(frozen=True)
class Carried:
    """A form that was sent in vain: its address, and what stood in it."""

    path: str
    fields: Fields

    @property
    def texts(self) -> list[tuple[str, str]]:
        """What somebody wrote, and the language of it ("" where it is none of ours)."""
        names = {name: name.rpartition("-")[2] for name in self.fields}
        return [
            (names[name] if names[name] in list(Language) else "", value)
            for name, value in self.fields.items()
            if name not in NOT_TYPED and not name.startswith("before-") and re.search(r"\w\w\w", value)
        ]


def page_of_ours(address: str) -> str:
    """``address`` where it is a page of ours; else the first page."""
    fits = len(address) <= LONGEST_ADDRESS and OURS.fullmatch(address) and not re.search(r"\d{7}", address)
    return address if fits and not address.startswith(NO_PAGE) else "/"


def asked_for(request: Request) -> str:
    """The page that somebody looked at, or wanted to: where they go on once they have signed in."""
    if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers:
        path = request.url.path.removesuffix(BY_ITSELF)  # of what listens: its page
        return page_of_ours(without_language(path, request.url.query))
    came = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    is_ours = f"{came.scheme}://{came.netloc}" == our_origin()
    return page_of_ours(without_language(came.path, came.query)) if is_ours else "/"


def without_language(path: str, query: str) -> str:
    """The address in nobody's language: the reader's decides."""
    asked = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "language"]
    return f"{path}?{urlencode(asked)}" if asked else path


def sign_in_at(onward: str) -> str:
    """Where one signs in, to go on there."""
    return "/sign-in" if onward == "/" else f"/sign-in?next={quote(onward, safe='/')}"


def carried_of(request: Request, fields: Fields | None) -> Carried | None:
    """What is worth carrying of a form: where somebody wrote something, and no secret is in it."""
    if not fields or SECRETS & fields.keys():
        return None
    path = without_language(request.url.path, request.url.query)
    found = Carried(path, {name: value for name, value in fields.items() if name != "csrf"})
    return found if found.texts else None


def sealed(carried: Carried) -> str:
    """As it stands in a page; nothing where it is too long."""
    octets = zlib.compress(json.dumps(asdict(carried)).encode())
    return "" if len(octets) > MOST else urlsafe_b64encode(sealer().seal_octets(COLUMN, octets)).decode()


def opened(text: str) -> Carried | None:
    """What ``sealed`` was given; None for what it never made."""
    try:
        given = json.loads(zlib.decompress(sealer().open_octets(COLUMN, urlsafe_b64decode(text.encode()))))
    except (SealBroken, ValueError):
        return None
    return Carried(given["path"], given["fields"])


def offered(carried: Carried | None, reader: SignedIn | None) -> dict[str, Any] | None:
    """What a page is to be given to offer it again (templates/offer.html)."""
    if carried is None or reader is None:
        return None
    return {"to": carried.path, "fields": carried.fields, "texts": carried.texts, "csrf": reader.csrf}
