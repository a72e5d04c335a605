"""Pages: an action is planned, moved, called off, and whoever was told the old is told the new."""

from __future__ import annotations

from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service
from alerts.actions.models import Action
from alerts.actions.schemas import ActionChange, NewAction
from alerts.broadcasts import changes
from alerts.broadcasts.schemas import NewCorrection
from alerts.broadcasts.timing import in_utc
from alerts.console.alerts_shown import KINDS, heading
from alerts.console.clocks import clocks_of
from alerts.console.doors import TONGUE, Chosen, Fields, Form, Viewer, Writer, go, language_of
from alerts.console.fields import NotFilledIn, by_language, local_time, required, shaped
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.console.saved_texts import Again, keep_too, pressed, shown, words_in
from alerts.console.troubles import told
from alerts.console.writing import FIELDS, in_braces
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/actions", include_in_schema=False, route_class=FormRoute)


@router.get("/new")
async def new(reader: Writer, language: Chosen = None) -> Response:
    """An empty form."""
    return _form(
        reader, language_of(reader, language), "/actions/new", {"timezone": settings().default_timezone}
    )


@router.post("/new")
async def make(session: Session, reader: Writer, form: Form, language: Chosen = None) -> Response:
    """Plan an action. Nobody is told of it by this."""
    if TONGUE in form:
        return _form(reader, language_of(reader, language), "/actions/new", form)
    try:
        facts = shaped(NewAction, _facts(form))
        made = await service.create_action(session, facts.model_dump(), reader.actor)
    except DomainError as error:
        read = language_of(reader, language)
        return _form(reader, read, "/actions/new", form, error)
    return go(f"/actions/{made.id}")


@router.get("/{action_id}/change")
async def change_form(action_id: Id, session: Session, reader: Writer, language: Chosen = None) -> Response:
    """The form with what is true now."""
    action = await service.get_action(session, action_id)
    zone = ZoneInfo(action.timezone)
    filled = {
        "kind": str(action.kind),
        "starts": f"{action.starts_at.astimezone(zone):%Y-%m-%dT%H:%M}",
        "ends": f"{action.ends_at.astimezone(zone):%Y-%m-%dT%H:%M}",
        "timezone": action.timezone,
        "place": action.place,
        **{f"title-{key}": title for key, title in action.title.items()},
    }
    return _form(reader, language_of(reader, language), f"/actions/{action_id}/change", filled)


@router.post("/{action_id}/change")
async def change(
    action_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Change it. Whoever was told what is not true any more is offered the correction next."""
    if TONGUE in form:
        return _form(reader, language_of(reader, language), f"/actions/{action_id}/change", form)
    try:
        facts = shaped(ActionChange, _facts(form)).model_dump(exclude_none=True)
        async with session.begin_nested():
            await service.change_action(session, action_id, facts, reader.actor)
    except DomainError as error:
        read = language_of(reader, language)
        return _form(reader, read, f"/actions/{action_id}/change", form, error)
    return await _what_follows(session, action_id)


async def _what_follows(session: Session, action_id: int) -> Response:
    knows = await changes.who_was_told(session, action_id)
    return go(f"/actions/{action_id}/correction" if knows else f"/actions/{action_id}")


def _facts(form: Fields) -> dict[str, object]:
    """Raises NotFilledIn, NoSuchTime, TimeComesTwice."""
    zone = form.get("timezone", "").strip()
    if zone not in available_timezones():
        raise NotFilledIn(("timezone",))
    facts: dict[str, object] = {
        "kind": form.get("kind"),
        "timezone": zone,
        "place": form.get("place", ""),
        "title": by_language(form, "title"),
    }
    for name in ("starts", "ends"):
        facts[f"{name}_at"] = in_utc(local_time(form, name), zone)
    return facts


def _form(
    reader: SignedIn, read: Language, path: str, filled: Fields, error: DomainError | None = None
) -> Response:
    is_new = path == "/actions/new"
    return page(
        "action_form.html",
        read,
        path,
        reader=reader,
        title=tr(read, "Plan an action") if is_new else tr(read, "Change the action"),
        **told(read, error),
        filled=filled,
        kinds=[(kind, tr(read, says)) for kind, says in KINDS.items()],
    )


@router.post("/{action_id}/call-off")
async def call_off(action_id: Id, session: Session, reader: Writer, form: Form) -> Response:
    """Call it off; whoever was told of it can be told next."""
    required(sure="sure" in form)
    await service.cancel_action(session, action_id, reader.actor)
    return await _what_follows(session, action_id)


@router.get("/{action_id}/correction")
async def correction(action_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """Who was told what is not true any more, and what they would be told."""
    action = await service.get_action(session, action_id)
    filled = {f"text-{one}": text for one, text in changes.words(action).items()}
    return await _correction(session, reader, language_of(reader, language), action, Again(filled))


@router.post("/{action_id}/correction")
async def correct(
    action_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Draft the correction to whoever was told the old."""
    read = language_of(reader, language)
    action = await service.get_action(session, action_id)
    try:
        if again := await pressed(session, form, reader.actor, read):
            return await _correction(session, reader, read, action, again)
        shaped(NewCorrection, {"text": by_language(form, "text")})
        words = await words_in(session, form)
        async with session.begin_nested():
            made = await changes.correct(session, action_id, reader.actor, words)
            await keep_too(session, form, reader.actor)
    except DomainError as error:
        return await _correction(session, reader, read, action, Again(form, error=error))
    return go(f"/alerts/{made.id}")


async def _correction(
    session: AsyncSession, reader: SignedIn, read: Language, action: Action, again: Again
) -> Response:
    people = await changes.who_was_told(session, action.id)
    return page(
        "correction.html",
        read,
        f"/actions/{action.id}/correction",
        reader=reader,
        title=tr(read, "Tell them what is true now"),
        action=action,
        about=heading(action, read),
        begins=(await clocks_of(session)).when(action.starts_at, action.timezone, read),
        told=sorted(people.items()),
        people=sum(people.values()),
        texts=sorted(by_language(again.filled, "text").items()),
        fields=in_braces(FIELDS),
        may_write=reader.actor.may(Scope.WRITE),
        **await shown(session, again, read),
    )
