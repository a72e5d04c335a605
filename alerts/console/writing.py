"""Pages: an alert is written, in all languages at once, and changed while it is a draft."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action
from alerts.broadcasts import service
from alerts.broadcasts.audience import Answered, Audience, counts
from alerts.broadcasts.models import Alert
from alerts.broadcasts.schemas import NewAlert
from alerts.console.alerts_shown import ANSWERED, LEADS, cheaply, heading, lead_in_words
from alerts.console.doors import Asked, Chosen, Fields, Form, Writer, go, language_of
from alerts.console.fields import (
    ReasonNotTaken,
    TimeNotTaken,
    by_language,
    chosen,
    local_time,
    shaped,
)
from alerts.console.looks import Look, look
from alerts.console.once import FormRoute
from alerts.console.pages import fragment, page
from alerts.console.saved_texts import CHOSEN, Again, filled_in, keep_too, pressed, shown, words_in
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.subscribers.lists import lists_by_name
from alerts.team.access import MOST_IDS, Id, Session
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/alerts", include_in_schema=False, route_class=FormRoute)

ANSWERS = {one: says for one, says in ANSWERED.items() if one != Answered.ANY}
# What an organizer of a picket line writes first: facts, a question, how to answer it.
FIRST_WORDS = N_("{title}: {when}, {where}. Will you come? YES or NO. STOP to leave. - {organization}")
AT_A_TIME = ("now", "at")
FIELDS = ("title", "when", "day", "time", "where", "organization")


@router.get("/new")
async def new(
    session: Session,
    reader: Writer,
    action: Annotated[int | None, Query(ge=1, lt=MOST_IDS)] = None,
    saved: Annotated[int | None, Query(ge=1, lt=MOST_IDS)] = None,
    language: Chosen = None,
) -> Response:
    """A form; for an action, with words to begin with; or with those of a saved text."""
    filled = {}
    if action:
        begun = await actions.get_action(session, action)
        names = {name: f"{{{name}}}" for name in FIELDS}
        filled = {f"text-{one}": tr(Language(one), FIRST_WORDS, **names) for one in begun.title}
        filled |= {"action": str(action), "asks": "1"}
    if saved:
        filled = await filled_in(session, filled | {CHOSEN: str(saved)})
    return await _form(session, reader, language_of(reader, language), "/alerts/new", Again(filled))


@router.post("/new")
async def write(session: Session, reader: Writer, form: Form, language: Chosen = None) -> Response:
    """Keep a draft; its page asks whether it is right."""
    read = language_of(reader, language)
    try:
        if again := await _pressed(session, reader, read, form):
            return await _form(session, reader, read, "/alerts/new", again)
        body = shaped(NewAlert, _facts(form) | {"audience": _audience(form)})
        facts = body.model_dump(exclude={"audience", "action", "text", "template"})
        facts |= {"action_id": body.action, **await words_in(session, form)}
        async with session.begin_nested():
            made = await service.create_alert(session, body.audience, facts, reader.actor)
            await keep_too(session, form, reader.actor)
    except DomainError as error:
        return await _form(session, reader, read, "/alerts/new", Again(form, error=error))
    return go(f"/alerts/{made.id}")


@router.get("/{alert_id}/change")
async def change_form(alert_id: Id, session: Session, reader: Writer, language: Chosen = None) -> Response:
    """The form with what the draft is now."""
    alert = await service.get_alert(session, alert_id)
    read, path = language_of(reader, language), f"/alerts/{alert_id}/change"
    return await _form(session, reader, read, path, Again(await _filled(session, alert)), alert)


@router.post("/{alert_id}/change")
async def change(
    alert_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Change the draft; what was approved is approved no more."""
    alert = await service.get_alert(session, alert_id)
    form["action"] = str(alert.action_id or "")
    read, path = language_of(reader, language), f"/alerts/{alert_id}/change"
    try:
        if again := await _pressed(session, reader, read, form):
            return await _form(session, reader, read, path, again, alert)
        held = alert.audience if _is_wider(alert) else _audience(form)
        body = shaped(NewAlert, _facts(form) | {"audience": held})
        facts = body.model_dump(exclude={"audience", "action", "template"})
        facts["audience"] = body.audience.model_dump(mode="json")
        async with session.begin_nested():
            await service.change_alert(session, alert_id, facts, reader.actor)
            await keep_too(session, form, reader.actor)
    except DomainError as error:
        alert = await service.get_alert(session, alert_id)  # as it was
        return await _form(session, reader, read, path, Again(form, error=error), alert)
    return go(f"/alerts/{alert_id}")


@router.post("/look")
async def look_at_it(
    session: Session,
    reader: Writer,
    form: Asked,
    alert: Annotated[int | None, Query(ge=1, lt=MOST_IDS)] = None,
    language: Chosen = None,
) -> Response:
    """While somebody types: the pieces of the form that tell what it takes, and who gets it."""
    read, held = language_of(reader, language), None
    if alert:
        held = await service.get_alert(session, alert)
        form["action"] = str(held.action_id or "")
    filled = _in_cheap_letters(form)
    seen = await _look(session, read, filled, await _action_of(session, filled), held)
    return fragment(
        "look.html",
        read,
        seen=seen,
        filled=filled,
        changed=form.get("cheaper", ""),
        look_path=_look_path(read, held),
    )


def _look_path(read: Language, alert: Alert | None) -> str:
    return f"/alerts/look?language={read}" + (f"&alert={alert.id}" if alert else "")


async def _pressed(session: AsyncSession, reader: SignedIn, read: Language, form: Fields) -> Again | None:
    """The form after one of its buttons that write no alert; None for the one that does."""
    if again := await pressed(session, form, reader.actor, read):
        return again
    return Again(_in_cheap_letters(form)) if "cheaper" in form or "look" in form else None


def _in_cheap_letters(form: Fields) -> Fields:
    """The form, with the text in cheaper letters whose button was pressed."""
    name = f"text-{form.get('cheaper', '')}"
    return form | {name: cheaply(form[name])} if name in form else form


async def _look(
    session: AsyncSession, read: Language, form: Fields, action: Action | None, held: Alert | None
) -> Look:
    try:
        if held and _is_wider(held):
            who = Audience.model_validate(held.audience)
        else:
            who = shaped(Audience, _audience(form))
        return await look(session, read, by_language(form, "text"), action, who)
    except DomainError:  # nobody is chosen yet, or a list that is gone
        return await look(session, read, by_language(form, "text"), action, None)


async def _action_of(session: AsyncSession, form: Fields) -> Action | None:
    given = form.get("action", "")
    action_id = int(given) if given.isdecimal() and given.isascii() else 0
    return await actions.get_action(session, action_id) if 0 < action_id < MOST_IDS else None


def _facts(form: Fields) -> dict[str, object]:
    """Raises NotFilledIn, TimeNotTaken, ReasonNotTaken."""
    when = form.get("when", "now")
    if when != "at" and form.get("at"):
        raise TimeNotTaken
    if "urgent" not in form and form.get("reason", "").strip():
        raise ReasonNotTaken
    return {
        "text": by_language(form, "text"),
        "action": form.get("action") or None,
        "asks_rsvp": "asks" in form,
        "urgent": "urgent" in form,
        "urgent_reason": form.get("reason", "").strip() or None,
        "send_at": local_time(form, "at") if when == "at" else None,
        "send_before": when if when not in AT_A_TIME else None,
    }


def _audience(form: Fields) -> dict[str, object]:
    answers = [answer for answer in ANSWERS if f"answered-{answer}" in form]
    return {
        "lists": chosen(form, "list"),
        "languages": [language for language in Language if f"only-{language}" in form],
        "tags": [tag for tag in (one.strip() for one in form.get("tags", "").split(",")) if tag],
        "action": form.get("action") or None if answers else None,
        "answers": answers,
    }


def _is_wider(alert: Alert) -> bool:
    """Its audience is one that this form cannot show, such as a correction's."""
    held = Audience.model_validate(alert.audience)
    elsewhere = held.action is not None and held.action != alert.action_id
    return bool(held.also or held.without or held.told_old or held.joined_since or elsewhere)


async def _filled(session: AsyncSession, alert: Alert) -> Fields:
    held = Audience.model_validate(alert.audience)
    zone = ZoneInfo(await service.zone_of(session, alert))
    filled = {f"text-{key}": text for key, text in alert.text.items()}
    filled |= {f"list-{one}": "1" for one in held.lists}
    filled |= {f"only-{one}": "1" for one in held.languages}
    filled |= {f"answered-{one}": "1" for one in held.answers}
    filled |= {"tags": ", ".join(held.tags), "action": str(alert.action_id or "")}
    filled |= {"reason": alert.urgent_reason or "", "when": alert.send_before or "now"}
    if alert.send_at:
        filled |= {"when": "at", "at": f"{alert.send_at.astimezone(zone):%Y-%m-%dT%H:%M}"}
    for name, ticked in (("asks", alert.asks_rsvp), ("urgent", alert.urgent)):
        filled |= {name: "1"} if ticked else {}
    return filled


async def _form(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    path: str,
    again: Again,
    alert: Alert | None = None,
) -> Response:
    filled = again.filled
    action = await _action_of(session, filled)
    wider = alert is not None and _is_wider(alert)
    return page(
        "alert_form.html",
        read,
        path,
        reader=reader,
        live=True,
        seen=await _look(session, read, filled, action, alert),
        look_path=_look_path(read, alert),
        narrowed=bool(filled.get("tags")) or any(f"only-{one}" in filled for one in Language),
        title=tr(read, "Change the alert") if alert else tr(read, "Write an alert"),
        **await shown(session, again, read),
        wider=wider,
        action=action,
        about=heading(action, read) if action else "",
        lists=[] if wider else await _lists(session),
        answers=[(answer, tr(read, says)) for answer, says in ANSWERS.items()],
        leads=leads_of(read, filled.get("when", "")) if action else [],
        fields=in_braces(FIELDS if action else FIELDS[-1:]),
    )


def leads_of(read: Language, chosen: str) -> list[tuple[str, str]]:
    """How long before its action something can go out; also what is ``chosen`` already, by a program."""
    leads = {lead: tr(read, says) for lead, says in LEADS.items()}
    if chosen and chosen not in (*leads, *AT_A_TIME):
        leads[chosen] = lead_in_words(chosen, read)
    return list(leads.items())


def in_braces(names: Sequence[str]) -> str:
    """Fields as they are written in a text."""
    return ", ".join(f"{{{name}}}" for name in names)


async def _lists(session: AsyncSession) -> list[tuple[int, str, int]]:
    """Every list, and how many on it can be texted now."""
    named = await lists_by_name(session)
    if not named:
        return []
    on = (await counts(session, Audience(lists=[list_id for list_id, _ in named]))).lists
    return [(list_id, name, on.get(list_id, 0)) for list_id, name in named]
