"""Pages for admins: whether everything is as it must be, and the exact thing to do where it is not."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from alerts import checks
from alerts.carrier.account import Verdict
from alerts.console import assets
from alerts.console.doors import Chosen, SignInFirst, cookie_name, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import DATABASE_AWAY, session_scope
from alerts.team.access import network_of
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn, signed_in

router = APIRouter(prefix="/settings", include_in_schema=False, route_class=FormRoute)


async def _admin(request: Request) -> SignedIn:
    """An admin, known from a transaction that is over: what follows may take long. Raises NotAllowed."""
    cookie = request.cookies.get(cookie_name())
    async with session_scope() as session:
        found = await signed_in(session, cookie, network_of(request)) if cookie else None
    if found is None:
        raise SignInFirst
    found.actor.need(Scope.ADMIN)
    return found


AdminAtOnce = Annotated[SignedIn, Depends(_admin)]


@router.get("")
async def near(admin: AdminAtOnce, language: Chosen = None) -> Response:
    """What can be seen from here, at once; the page asks for the rest by itself."""
    ours = settings()
    found = [*checks.of_settings(ours), assets.verdict(), *await checks.of_house(ours)]
    return _page(admin, language_of(admin, language), "/settings", found, more=True)


@router.get("/far")
async def far(admin: AdminAtOnce, language: Chosen = None) -> Response:
    """What takes a while: Twilio is asked, our own address opened, every sealed value looked at."""
    ours = settings()
    keys, carrier, address = await asyncio.gather(
        asyncio.to_thread(_keys), asyncio.to_thread(checks.of_carrier, ours), checks.of_address(ours)
    )
    return _page(admin, language_of(admin, language), "/settings/far", [*carrier, address, *keys])


def _keys() -> list[Verdict]:
    try:
        return checks.of_keys(settings())
    except DATABASE_AWAY:
        return []  # said on the first page


def _page(
    admin: SignedIn, read: Language, path: str, found: list[Verdict], *, more: bool = False
) -> Response:
    return page(
        "settings_check.html",
        read,
        path,
        reader=admin,
        live=more,
        title=tr(read, "Settings check"),
        more=more,
        wrong=sum(verdict.wrong for verdict in found),
        verdicts=[
            (
                _state(verdict),
                verdict.what.in_words(read),
                verdict.mend.in_words(read) if verdict.mend else "",
            )
            for verdict in sorted(found, key=lambda one: (not one.wrong, one.mend is None))
        ],
    )


def _state(verdict: Verdict) -> str:
    return "wrong" if verdict.wrong else "look" if verdict.mend else "good"
