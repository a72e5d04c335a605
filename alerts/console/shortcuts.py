"""Letters as keys of the inbox: off until somebody wants them, in this browser.

A letter that does something by itself is pressed by whoever dictates, or hits a key by mistake (WCAG 2.2,
2.1.4). A keyboard belongs to a machine, not to a person: what was chosen is kept there.
"""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter, Request, Response

from alerts.console.doors import Form, go
from alerts.console.once import FormRoute
from alerts.settings import settings

router = APIRouter(include_in_schema=False, route_class=FormRoute)
NAME, ON = "shortcuts", "on"  # keys.js reads them
KEPT = timedelta(days=365)


def are_on(request: Request) -> bool:
    """Whether they were switched on in this browser."""
    return request.cookies.get(NAME) == ON


@router.post("/account/shortcuts")
async def switch(form: Form) -> Response:
    """On or off, in this browser."""
    answer = go("/account#shortcuts")
    if NAME in form:
        answer.set_cookie(
            NAME,
            ON,
            max_age=int(KEPT.total_seconds()),
            secure=settings().public_base.startswith("https://"),
            samesite="lax",
        )
    else:
        answer.delete_cookie(NAME)
    return answer
