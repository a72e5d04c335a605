"""Pages for admins: who is let in, what they may do, where they are signed in, and their keys."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.doors import CHECKED, Admin, Chosen, Fields, Form, language_of
from alerts.console.fields import required
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.console.said import go_saying
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After
from alerts.subscribers.phones import parse_phone
from alerts.team import keys, organizers, sessions
from alerts.team.access import Id, Session
from alerts.team.actors import Role
from alerts.team.models import ApiKey, Organizer
from alerts.team.organizers import Facts
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/team", include_in_schema=False, route_class=FormRoute)
MOST = 200  # organizers on the page
MOST_KEYS = 100

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
    session: AsyncSession,
    admin: SignedIn,
    read: Language,
    error: DomainError | None = None,
    filled: Fields | None = None,
    link: str = "",
) -> Response:
    rows, _ = await organizers.page_of_organizers(session, None, MOST)
    return page(
        "team.html",
        read,
        "/team",
        reader=admin,
        title=tr(read, "The team"),
        **told(read, error),
        filled=filled or {},
        link=link,
        once=bool(link),
        people=[(one, tr(read, ROLES[one.role])) for one in rows],
        roles=_roles(read),
    )


def _as_it_is(who: Organizer) -> Fields:
    filled = {"name": who.name, "phone": who.phone or "", "role": str(who.role)}
    ticked = {"numbers": who.may_read_numbers, "disabled": who.disabled_at is not None}
    return filled | {name: "1" for name, yes in ticked.items() if yes}


def _roles(read: Language) -> list[tuple[Role, str]]:
    return [(role, tr(read, says)) for role, says in ROLES.items()]


@router.post("/invite")
async def invite(session: Session, admin: Admin, form: Form, language: Chosen = None) -> Response:
    """Let somebody in."""
    read = language_of(admin, language)
    email, name = form.get("email", "").strip(), form.get("name", "").strip()
    try:
        required(
            name=1 <= len(name) <= 60,
            email=3 <= len(email) <= 254 and "@" in email,
            role=form.get("role") in list(Role),
        )
        await sessions.require_password(session, admin, form.get("password", ""))
        facts = Facts(email, name, Role(form["role"]), may_read_numbers="numbers" in form, phone=_phone(form))
        invited = await organizers.invite(session, facts, admin.actor)
    except DomainError as error:
        return await _team(session, admin, read, error, form)
    return await _team(session, admin, read, link=_link(invited.token))


def _phone(form: Fields) -> str | None:
    phone = form.get("phone", "").strip()
    return parse_phone(phone, settings().default_region) if phone else None


def _link(token: str) -> str:
    return f"{settings().public_base}/welcome/{token}"


@router.get("/keys")
async def keys_page(session: Session, admin: Admin, after: After = None, language: Chosen = None) -> Response:
    """Every key that works, and whose it is."""
    read = language_of(admin, language)
    rows, following = await keys.page_of_keys(session, after, MOST_KEYS)
    names = await organizers.names_of(session, {row.organizer_id for row in rows if row.organizer_id})
    return page(
        "keys.html",
        read,
        "/team/keys",
        reader=admin,
        title=tr(read, "Keys for programs"),
        rows=[
            (_key(row, read), row.organizer_id, names.get(row.organizer_id) or tr(read, "the command line"))
            for row in rows
        ],
        following=following,
    )


def _key(row: ApiKey, read: Language) -> dict[str, object]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": ", ".join(row.scopes),
        "used": as_read(row.used_at, read) if row.used_at else "",
        "until": as_read(row.expires_at, read) if row.expires_at else "",
    }


@router.post("/keys/{key_id}/end")
async def end_key(key_id: Id, session: Session, admin: Admin, form: Form) -> Response:
    """End anybody's key."""
    required(sure="sure" in form)
    await keys.revoke(session, key_id, admin.actor)
    return go_saying("/team/keys", "key")


@router.get("/{organizer_id}")
async def member(organizer_id: Id, session: Session, admin: Admin, language: Chosen = None) -> Response:
    """One of the team: what they may do, where they are signed in, their keys."""
    return await _member(session, admin, language_of(admin, language), organizer_id)


async def _member(  # noqa: PLR0913, PLR0917 - what comes of a form is shown here
    session: AsyncSession,
    admin: SignedIn,
    read: Language,
    organizer_id: int,
    error: DomainError | None = None,
    filled: Fields | None = None,
    link: str = "",
) -> Response:
    who = await organizers.get_organizer(session, organizer_id)
    own, _ = await keys.page_of_keys(session, None, MOST_KEYS, organizer_id)
    return page(
        "member.html",
        read,
        f"/team/{organizer_id}",
        reader=admin,
        title=who.name,
        **told(read, error),
        filled=filled if filled is not None else _as_it_is(who),
        link=link,
        once=bool(link),
        who=who,
        roles=_roles(read),
        sessions=[
            (one.id, one.browser, one.network, as_read(one.seen_at, read), one.id == admin.session_id)
            for one in await sessions.sessions_of(session, organizer_id)
        ],
        keys=[_key(row, read) for row in own],
    )


@router.post("/{organizer_id}")
async def change(
    organizer_id: Id, session: Session, admin: Admin, form: Form, language: Chosen = None
) -> Response:
    """Change what somebody may do, or is called, or where alarms reach them.

    To give them more, or to have alarms texted elsewhere, asks for the password; to shut them out is done
    at once.
    """
    read = language_of(admin, language)
    facts: dict[str, object] = {"may_read_numbers": "numbers" in form, "disabled": "disabled" in form}
    if form.get("role") in list(Role):
        facts["role"] = Role(form["role"])
    if name := form.get("name", "").strip()[:60]:
        facts["name"] = name
    try:
        if "phone" in form:
            facts["phone"] = _phone(form)
        who = await organizers.get_organizer(session, organizer_id)
        if organizers.gives_more(who, facts) or facts.get("phone", who.phone) != who.phone:
            await sessions.require_password(session, admin, form.get("password", ""))
        async with session.begin_nested():
            await organizers.change_organizer(session, organizer_id, facts, admin.actor)
    except DomainError as error:
        return await _member(session, admin, read, organizer_id, error, form)
    return go_saying("/team" if facts["disabled"] else f"/team/{organizer_id}", "saved")


@router.post("/{organizer_id}/invite")
async def invite_again(
    organizer_id: Id, session: Session, admin: Admin, form: Form, language: Chosen = None
) -> Response:
    """A new link for somebody. Whoever has it is in as them: the password is asked for."""
    read = language_of(admin, language)
    try:
        await sessions.require_password(session, admin, form.get("password", ""))
        invited = await organizers.invite_again(session, organizer_id, admin.actor)
    except DomainError as error:
        return await _member(session, admin, read, organizer_id, error)
    return await _member(session, admin, read, organizer_id, link=_link(invited.token))


@router.post("/{organizer_id}/sessions/end")
async def end_sessions(organizer_id: Id, session: Session, admin: Admin, form: Form) -> Response:
    """Sign somebody out everywhere: their phone is lost."""
    required(sure="sure" in form)
    await sessions.end_sessions_of(session, organizer_id, admin.actor)
    return go_saying(f"/team/{organizer_id}", "sessions")


@router.post("/{organizer_id}/sessions/{session_id}/end", dependencies=CHECKED)
async def end_session(organizer_id: Id, session_id: Id, session: Session, admin: Admin) -> Response:
    """Sign somebody out of one browser."""
    await sessions.end_session(session, session_id, admin.actor)
    return go_saying(f"/team/{organizer_id}", "session")
