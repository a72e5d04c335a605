"""What pages are dressed in, and what makes some of them live.

Each asset is one file for the browser, made of a few of ours and of npm's (``make assets``), under an
address that changes with it: a browser asks for it once and keeps it.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from alerts.carrier.account import Verdict
from alerts.errors import NotFound
from alerts.language.catalogs import N_
from alerts.language.said import said

HERE = Path(__file__).parent / "assets"
BUNDLES = {
    "console.css": ("vendor/simple.css", "console.css"),
    "live.js": ("vendor/htmx.js", "vendor/htmx-sse.js", "line.js"),
    "keys.js": ("keys.js",),
    "icon.svg": ("icon.svg",),
}
KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
HOW = "They come from npm: run `make assets`, or `npm ci` where alerts is built."
log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Asset:
    """``address``: with a digest of ``octets`` in it."""

    address: str
    media_type: str
    octets: bytes
    squeezed: bytes
    digest: str


@cache
def asset(name: str) -> Asset:
    """One of BUNDLES, of those of its files that are there. Raises NotFound."""
    if name not in BUNDLES:
        raise NotFound("asset", name)
    stem, _, kind = name.partition(".")
    files = [HERE / file for file in BUNDLES[name]]
    # One script ends where the next begins, also where its last line has no end.
    octets = (b"\n;" if kind == "js" else b"\n").join(file.read_bytes() for file in files if file.exists())
    digest = hashlib.sha256(octets).hexdigest()[:12]
    squeezed = gzip.compress(octets, 9, mtime=0)
    return Asset(f"/assets/{stem}-{digest}.{kind}", KINDS[kind], octets, squeezed, digest)


def missing() -> list[str]:
    """Files of the assets that are not there."""
    return [file for files in BUNDLES.values() for file in files if not (HERE / file).exists()]


def verdict() -> Verdict:
    """Whether they are there, for whoever checks the settings."""
    gone = missing()
    words = N_("Missing: {files}. They come from npm: run make assets, or npm ci where alerts is built.")
    mend = said(words, files=", ".join(gone)) if gone else None
    return Verdict(said(N_("What the pages are dressed in")), mend)


def complain() -> None:
    """Say in the log what is missing. Everything still works, undressed and without what is live."""
    if gone := missing():
        log.error("assets of the pages are missing: %s. %s", ", ".join(gone), HOW)


@router.get("/assets/{stem}-{digest}.{kind}")
async def send_asset(stem: str, digest: str, kind: str, request: Request) -> Response:
    """An asset. To a page of an earlier version goes what there is now, and is not kept."""
    found = asset(f"{stem}.{kind}")
    headers = {"Vary": "Accept-Encoding"}
    if digest == found.digest:
        headers |= {"Cache-Control": FOREVER, "ETag": f'"{digest}"'}
        if request.headers.get("If-None-Match") == f'"{digest}"':
            return Response(status_code=304, headers=headers)
    body = found.octets
    if takes_gzip(request.headers.get("Accept-Encoding", "")):
        body, headers["Content-Encoding"] = found.squeezed, "gzip"
    return Response(body, media_type=found.media_type, headers=headers)


def takes_gzip(accept: str) -> bool:
    """Whether a browser that says ``accept`` (RFC 9110, section 12.5.3) reads gzip."""
    for wish in accept.lower().split(","):
        name, _, weight = wish.strip().partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
