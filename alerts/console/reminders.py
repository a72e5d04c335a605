"""Pages: reminders of an action: set, changed, taken back."""

from __future__ import annotations

from fastapi import APIRouter, BackgroundTasks, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts import reminders
from alerts.broadcasts.audience import Audience
from alerts.broadcasts.schemas import NewReminder
from alerts.broadcasts.states import AlertState
from alerts.console.alerts_shown import cheaply, heading
from alerts.console.doors import Chosen, Fields, Form, Writer, go, language_of
from alerts.console.fields import ReasonNotTaken, by_language, required, shaped
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.console.saved_texts import Again, keep_too, pressed, shown, words_in
from alerts.console.writing import ANSWERS, FIELDS, in_braces, leads_of
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.storage.redis import enqueue
from alerts.team.access import Id, Session
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/actions/{action_id}/reminders", include_in_schema=False, route_class=FormRoute)
FIRST_WORDS = N_("Reminder: {title}, {when}, {where}. Still coming? YES or NO. - {organization}")
SET = (AlertState.SCHEDULED, AlertState.DRAFT)


@router.get("/new")
async def new(action_id: Id, session: Session, reader: Writer, language: Chosen = None) -> Response:
    """A form, with words to begin with."""
    names = {name: f"{{{name}}}" for name in FIELDS}
    filled = {f"text-{one}": tr(one, FIRST_WORDS, **names) for one in Language}
    filled |= {"before": "P1D", "answered-yes": "1", "answered-maybe": "1"}
    return await _form(session, reader, language_of(reader, language), action_id, None, Again(filled))


@router.post("/new")
async def remind(
    action_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Set one more."""
    read = language_of(reader, language)
    try:
        if again := await pressed(session, form, reader.actor, read):
            return await _form(session, reader, read, action_id, None, again)
        form = _in_cheap_letters(form)
        given, words = shaped(NewReminder, _facts(form)), await words_in(session, form)
        async with session.begin_nested():
            made = await reminders.remind(session, action_id, given, words, reader.actor)
            await keep_too(session, form, reader.actor)
    except DomainError as error:
        return await _form(session, reader, read, action_id, None, Again(form, error=error))
    return go(f"/alerts/{made.id}" if made.state == AlertState.DRAFT else f"/actions/{action_id}")


@router.get("/{alert_id}")
async def change_form(
    action_id: Id, alert_id: Id, session: Session, reader: Writer, language: Chosen = None
) -> Response:
    """The form with what the reminder is now; of one that has begun, its page as an alert."""
    alert = await reminders.get_reminder(session, action_id, alert_id)
    if alert.state not in SET:
        return go(f"/alerts/{alert_id}")
    answers = Audience.model_validate(alert.audience).answers
    filled = {f"text-{key}": text for key, text in alert.text.items()}
    filled |= {f"answered-{one}": "1" for one in answers} | {"before": alert.send_before or ""}
    filled |= {"urgent": "1"} if alert.urgent else {}
    filled |= {"reason": alert.urgent_reason or ""}
    return await _form(session, reader, language_of(reader, language), action_id, alert_id, Again(filled))


@router.post("/{alert_id}")
async def change(
    action_id: Id, alert_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Another time, other people or another text."""
    read = language_of(reader, language)
    try:
        if again := await pressed(session, form, reader.actor, read):
            return await _form(session, reader, read, action_id, alert_id, again)
        form = _in_cheap_letters(form)
        given, words = shaped(NewReminder, _facts(form)), await words_in(session, form)
        async with session.begin_nested():
            made = await reminders.change_reminder(session, action_id, alert_id, given, words, reader.actor)
            await keep_too(session, form, reader.actor)
    except DomainError as error:
        return await _form(session, reader, read, action_id, alert_id, Again(form, error=error))
    return go(f"/alerts/{alert_id}" if made.state == AlertState.DRAFT else f"/actions/{action_id}")


@router.post("/{alert_id}/remove")
async def remove(
    action_id: Id, alert_id: Id, session: Session, reader: Writer, form: Form, tasks: BackgroundTasks
) -> Response:
    """Take it back."""
    required(sure="sure" in form)
    await reminders.remove_reminder(session, action_id, alert_id, reader.actor)
    tasks.add_task(enqueue, "send")
    return go(f"/actions/{action_id}")


def _facts(form: Fields) -> dict[str, object]:
    """Raises ReasonNotTaken."""
    if "urgent" not in form and form.get("reason", "").strip():
        raise ReasonNotTaken
    return {
        "before": form.get("before", ""),
        "answers": [answer for answer in ANSWERS if f"answered-{answer}" in form],
        "text": by_language(form, "text"),
        "urgent": "urgent" in form,
        "urgent_reason": form.get("reason", "").strip() or None,
    }


def _in_cheap_letters(form: Fields) -> Fields:
    """The form, in cheaper letters where that was ticked."""
    texts = by_language(form, "text") if "cheaper" in form else {}
    return form | {f"text-{one}": cheaply(text) for one, text in texts.items()}


async def _form(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    action_id: int,
    alert_id: int | None,
    again: Again,
) -> Response:
    action = await actions.get_action(session, action_id)
    return page(
        "reminder_form.html",
        read,
        f"/actions/{action_id}/reminders/{alert_id or 'new'}",
        reader=reader,
        title=tr(read, "Change the reminder") if alert_id else tr(read, "Set a reminder"),
        action=action,
        about=heading(action, read),
        alert_id=alert_id,
        leads=leads_of(read, again.filled.get("before", "")),
        answers=[(answer, tr(read, says)) for answer, says in ANSWERS.items()],
        fields=in_braces(FIELDS),
        **await shown(session, again, read),
    )
