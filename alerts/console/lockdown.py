"""Pages for admins: everything stops but the answers to workers."""

from __future__ import annotations

from fastapi import APIRouter, Response

from alerts.broadcasts import locking
from alerts.console.doors import Admin, Chosen, Fields, Form, language_of, take_cookies
from alerts.console.fields import required
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.team.access import Session
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/team", include_in_schema=False, route_class=FormRoute)


@router.get("/lockdown")
async def lockdown_page(admin: Admin, language: Chosen = None) -> Response:
    """The question whether one is sure."""
    return _lockdown(admin, language_of(admin, language))


def _lockdown(
    admin: SignedIn, read: Language, error: DomainError | None = None, filled: Fields | None = None
) -> Response:
    return page(
        "lockdown.html",
        read,
        "/team/lockdown",
        reader=admin,
        title=tr(read, "Lockdown"),
        **told(read, error),
        filled=filled or {},
        lead=tr(
            read,
            "For when a phone or a password is in the wrong hands. Everybody is signed out, every key ends, "
            "and nothing more is sent. Workers are answered still, and can leave. It is ended on the server.",
        ),
        why=tr(read, "Why"),
        sure=tr(read, "Yes, I am sure"),
        button=tr(read, "Lock everything down"),
    )


@router.post("/lockdown/now")
async def lock_down(session: Session, admin: Admin, form: Form, language: Chosen = None) -> Response:
    """Lock down. Nobody is signed in after it, not even whoever did it."""
    read = language_of(admin, language)
    reason = form.get("why", "").strip()[:200]
    try:
        required(why=bool(reason), sure="sure" in form)
    except DomainError as error:
        return _lockdown(admin, read, error, form)
    await locking.lock_down(session, reason, admin.actor)
    answer = page(
        "words.html",
        read,
        "/sign-in",
        title=tr(read, "Everything is locked down"),
        lead=tr(read, "Nothing more is sent. On the server, alerts unlock ends it."),
    )
    take_cookies(answer)
    return answer
