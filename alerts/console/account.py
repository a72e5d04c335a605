"""Pages: what is one's own. Sessions, password, recovery codes, keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response

from alerts.console.carried import page_of_ours
from alerts.console.doors import CHECKED, Chosen, Fields, Form, Reader, go, language_of
from alerts.console.fields import required
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.console.said import go_saying
from alerts.console.shortcuts import are_on
from alerts.console.signing_in import recovery_codes
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers.phones import mask, parse_phone
from alerts.team import codes, keys, organizers, sessions
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.audit import note
from alerts.team.passwords import WeakPassword
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/account", include_in_schema=False, route_class=FormRoute)
MOST_KEYS = 100  # on the page
KEY_DAYS = (30, 90, 365)

SCOPES = {
    Scope.READ: N_("see lists, actions, alerts and reports"),
    Scope.WRITE: N_("change them"),
    Scope.TALK: N_("read what workers wrote, and answer"),
    Scope.SEND: N_("have people texted"),
    Scope.ADMIN: N_("change the team"),
    Scope.NUMBERS: N_("see whole phone numbers"),
}


@router.get("")
async def account(session: Session, reader: Reader, request: Request, language: Chosen = None) -> Response:
    """All of it."""
    read = language_of(reader, language)
    return await _account(session, reader, read, shortcuts=are_on(request))


async def _account(  # noqa: PLR0913, PLR0917 - what comes of each form is shown here
    session: Session,
    reader: SignedIn,
    read: Language,
    error: DomainError | None = None,
    filled: Fields | None = None,
    new_key: str = "",
    shortcuts: bool | None = None,
) -> Response:
    own, _ = await keys.page_of_keys(session, None, MOST_KEYS, reader.actor.person)
    return page(
        "account.html",
        read,
        "/account",
        reader=reader,
        title=tr(read, "Your account"),
        **told(read, error),
        filled=filled or {},
        new_key=new_key,
        once=bool(new_key),
        shortcuts=shortcuts,
        sessions=[
            (one.id, one.browser, one.network, as_read(one.created_at, read), one.id == reader.session_id)
            for one in await sessions.sessions_of(session, reader.who.id)
        ],
        keys=[
            (
                one.id,
                one.name,
                as_read(one.used_at, read) if one.used_at else "",
                as_read(one.expires_at, read) if one.expires_at else "",
            )
            for one in own
        ],
        key_days=[(days, tr(read, "{days} days", days=days), days == keys.DAYS) for days in KEY_DAYS],
        own_number=mask(reader.who.phone) if reader.who.phone else "",
        scopes=[(scope, tr(read, says)) for scope, says in SCOPES.items() if reader.actor.may(scope)],
        t=_words(read),
    )


def _words(read: Language) -> dict[str, str]:
    return {
        "language": tr(read, "Your language"),
        "choose": tr(read, "Read in it"),
        "where": tr(read, "Where you are signed in"),
        "this_one": tr(read, "this one"),
        "end": tr(read, "End it"),
        "end_others": tr(read, "End all others"),
        "sign_out": tr(read, "Sign out"),
        "password": tr(read, "Change your password"),
        "old": tr(read, "The password until now"),
        "new": tr(read, "The new one"),
        "change": tr(read, "Change it"),
        "phone": tr(read, "Your mobile number"),
        "phone_says": tr(read, "Tests of alerts are texted to it; to admins alarms, too. Empty: to none."),
        "phone_is": tr(read, "Now it is"),
        "keep": tr(read, "Keep it"),
        "recovery": tr(read, "Recovery codes"),
        "recovery_says": tr(read, "New ones take the place of those you have."),
        "your_password": tr(read, "Your password"),
        "make_codes": tr(read, "Make new ones"),
        "for_programs": tr(read, "Keys for programs"),
        "keys_say": tr(read, "A program with a key of yours may nothing that you may not."),
        "key_once": tr(read, "This is the key. It is not shown again:"),
        "key_name": tr(read, "What will use it"),
        "used": tr(read, "last used"),
        "how_long": tr(read, "It works for"),
        "end_keys": tr(read, "End my keys for programs, too"),
        "make_key": tr(read, "Make a key"),
        "revoke": tr(read, "End this key"),
    }


@router.post("/sessions/{session_id}/end", dependencies=CHECKED)
async def end_session(session_id: Id, session: Session, reader: Reader) -> Response:
    """End one of one's own sessions."""
    await sessions.end_session(session, session_id, reader.actor)
    return go_saying("/account", "session")


@router.post("/sessions/end-others", dependencies=CHECKED)
async def end_others(session: Session, reader: Reader) -> Response:
    """End all but this one."""
    await sessions.end_other_sessions(session, reader)
    return go_saying("/account", "sessions")


@router.post("/password")
async def change_password(session: Session, reader: Reader, form: Form, language: Chosen = None) -> Response:
    """Set a new password; the old one is asked for, as a phone may lie open."""
    read = language_of(reader, language)
    try:
        await sessions.require_password(session, reader, form.get("password", ""))
        await organizers.change_password(session, reader.who, form.get("new", ""), reader.actor)
        await sessions.end_other_sessions(session, reader)
        if "keys" in form:
            await keys.end_keys_of(session, reader.who.id)
            note(session, reader.actor, "ended the keys of", "organizer", reader.who.id)
    except DomainError as error:
        error.field = "new" if isinstance(error, WeakPassword) else error.field  # as it is called here
        return await _account(session, reader, read, error)
    return go_saying("/account", "password")


@router.post("/phone")
async def change_phone(session: Session, reader: Reader, form: Form, language: Chosen = None) -> Response:
    """Keep another number of one's own, or none. The password is asked for: alarms are texted to it."""
    read = language_of(reader, language)
    filled = form.get("phone", "").strip()
    try:
        phone = parse_phone(filled, settings().default_region) if filled else None
        await sessions.require_password(session, reader, form.get("password", ""))
    except DomainError as error:
        return await _account(session, reader, read, error, {"phone": filled})
    await organizers.change_organizer(session, reader.who.id, {"phone": phone}, reader.actor)
    return go_saying("/account", "saved")


@router.post("/recovery")
async def new_recovery_codes(
    session: Session, reader: Reader, form: Form, language: Chosen = None
) -> Response:
    """New recovery codes, shown once."""
    read = language_of(reader, language)
    try:
        required(sure="sure" in form)
        await sessions.require_password(session, reader, form.get("password", ""))
    except DomainError as error:
        return await _account(session, reader, read, error)
    made = await codes.new_recovery_codes(session, reader.who)
    note(session, reader.actor, "new recovery codes of", "organizer", reader.who.id)
    return recovery_codes(read, made)


@router.post("/keys")
async def make_key(session: Session, reader: Reader, form: Form, language: Chosen = None) -> Response:
    """Make a key, shown once. It would outlast this session: the password is asked for."""
    read = language_of(reader, language)
    scopes = {scope for scope in Scope if form.get(scope)}
    name = form.get("name", "").strip()[:60]
    days = next((one for one in KEY_DAYS if str(one) == form.get("days")), keys.DAYS)
    try:
        required(name=bool(name), scopes=bool(scopes))
        await sessions.require_password(session, reader, form.get("password", ""))
        until = datetime.now(UTC) + timedelta(days=days)
        made = await keys.create_api_key(session, name, scopes, expires_at=until, by=reader.actor)
    except DomainError as error:
        return await _account(session, reader, read, error, form)
    return await _account(session, reader, read, new_key=made.key)


@router.post("/keys/{key_id}/end")
async def revoke_key(key_id: Id, session: Session, reader: Reader, form: Form) -> Response:
    """End a key of one's own."""
    required(sure="sure" in form)
    await keys.revoke(session, key_id, reader.actor)
    return go_saying("/account", "key")


@router.post("/language")
async def change_language(reader: Reader, form: Form) -> Response:
    """Read in this language from now on; from the top of a page: back ``here``."""
    if form.get("language") in list(Language):
        reader.who.language = Language(form["language"])
    return go(page_of_ours(form["here"])) if "here" in form else go_saying("/account", "saved")
