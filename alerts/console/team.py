"""Pages for admins: who is let in, what they may do, what was done, and lockdown."""

from __future__ import annotations

from fastapi import APIRouter, Response

from alerts.broadcasts import locking
from alerts.console.doors import CHECKED, Admin, Chosen, Fields, Form, go, language_of, take_cookies
from alerts.console.pages import as_read, page
from alerts.console.troubles import in_words
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After
from alerts.subscribers.phones import parse_phone
from alerts.team import audit, organizers
from alerts.team.access import Id, Session
from alerts.team.actors import Role
from alerts.team.organizers import Facts
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/team", include_in_schema=False)
MOST = 200  # organizers on the page
ENTRIES = 100

ROLES = {
    Role.VIEWER: N_("sees what goes on"),
    Role.ORGANIZER: N_("writes, sends and answers"),
    Role.ADMIN: N_("changes the team, too"),
}


@router.get("")
async def team(session: Session, admin: Admin, language: Chosen = None) -> Response:
    """Who is let in."""
    return await _team(session, admin, language_of(admin, language))


async def _team(
    session: Session, admin: SignedIn, read: Language, trouble: str = "", status: int = 200, link: str = ""
) -> Response:
    rows, _ = await organizers.page_of_organizers(session, None, MOST)
    return page(
        "team.html",
        read,
        "/team",
        status,
        reader=admin,
        title=tr(read, "The team"),
        trouble=trouble,
        link=link,
        people=rows,
        roles=[(role, tr(read, says)) for role, says in ROLES.items()],
        t={
            "link_says": tr(read, "Give them this link yourself. It is shown once and good for two days:"),
            "may": tr(read, "May"),
            "numbers": tr(read, "sees whole phone numbers"),
            "shut_out": tr(read, "is shut out"),
            "invited": tr(read, "has not used the invitation yet"),
            "save": tr(read, "Save"),
            "again": tr(read, "New invitation"),
            "invite": tr(read, "Invite somebody"),
            "name": tr(read, "Name"),
            "email": tr(read, "E-mail address"),
            "phone": tr(read, "Mobile number for alarms, if you like"),
            "send": tr(read, "Make an invitation"),
            "audit": tr(read, "What was done"),
            "lockdown": tr(read, "Lockdown"),
        },
    )


@router.post("/invite")
async def invite(session: Session, admin: Admin, form: Form, language: Chosen = None) -> Response:
    """Let somebody in."""
    read = language_of(admin, language)
    email, name = form.get("email", "").strip(), form.get("name", "").strip()
    if not (
        3 <= len(email) <= 254 and "@" in email and 1 <= len(name) <= 60 and form.get("role") in list(Role)
    ):
        return await _team(session, admin, read, tr(read, "A name and an e-mail address are needed."), 422)
    try:
        invited = await organizers.invite(session, _facts(form, email, name), admin.actor)
    except DomainError as error:
        return await _team(session, admin, read, in_words(read, error), error.status)
    return await _team(session, admin, read, link=_link(invited.token))


def _facts(form: Fields, email: str, name: str) -> Facts:
    phone = form.get("phone", "").strip()
    return Facts(
        email,
        name,
        Role(form["role"]),
        may_read_numbers="numbers" in form,
        phone=parse_phone(phone, settings().default_region) if phone else None,
    )


def _link(token: str) -> str:
    return f"{settings().public_base}/welcome/{token}"


@router.post("/{organizer_id}")
async def change(
    organizer_id: Id, session: Session, admin: Admin, form: Form, language: Chosen = None
) -> Response:
    """Change what somebody may do."""
    read = language_of(admin, language)
    facts: dict[str, object] = {"may_read_numbers": "numbers" in form, "disabled": "disabled" in form}
    if form.get("role") in list(Role):
        facts["role"] = Role(form["role"])
    try:
        async with session.begin_nested():
            await organizers.change_organizer(session, organizer_id, facts, admin.actor)
    except DomainError as error:
        return await _team(session, admin, read, in_words(read, error), error.status)
    return go("/team")


@router.post("/{organizer_id}/invite", dependencies=CHECKED)
async def invite_again(organizer_id: Id, session: Session, admin: Admin, language: Chosen = None) -> Response:
    """A new link for somebody."""
    invited = await organizers.invite_again(session, organizer_id, admin.actor)
    return await _team(session, admin, language_of(admin, language), link=_link(invited.token))


@router.get("/audit")
async def audit_page(
    session: Session, admin: Admin, language: Chosen = None, before: After = None
) -> Response:
    """What was done, the newest first."""
    read = language_of(admin, language)
    rows = await audit.latest_entries(session, before, ENTRIES)
    names = await organizers.names_of(session, {row.actor_id for row in rows if row.actor_id})
    return page(
        "audit.html",
        read,
        "/team/audit",
        reader=admin,
        title=tr(read, "What was done"),
        entries=[
            (
                as_read(row.at, read),
                names.get(row.actor_id, row.who),
                row.network or "",
                f"{row.what} {row.noun} {row.number or ''}".strip(),
                ", ".join(f"{key}: {value}" for key, value in row.facts.items()),
            )
            for row in rows
        ],
        before=rows[-1].id if len(rows) == ENTRIES else None,
        older=tr(read, "Older"),
        columns=[tr(read, "When"), tr(read, "Who"), tr(read, "From"), tr(read, "What")],
    )


@router.get("/lockdown")
async def lockdown_page(admin: Admin, language: Chosen = None) -> Response:
    """The question whether one is sure."""
    return _lockdown(admin, language_of(admin, language))


def _lockdown(admin: SignedIn, read: Language, trouble: str = "", status: int = 200) -> Response:
    return page(
        "lockdown.html",
        read,
        "/team/lockdown",
        status,
        reader=admin,
        title=tr(read, "Lockdown"),
        trouble=trouble,
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
    if "sure" not in form or not reason:
        return _lockdown(admin, read, tr(read, "Say why, and that you are sure."), 422)
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
