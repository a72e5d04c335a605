"""Pages: one alert: what will happen, what happens now, what became of it; and the buttons for each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import approval, lifecycle, previews, reports, service
from alerts.broadcasts.approval import ChangedMeanwhile
from alerts.broadcasts.forecast import money
from alerts.broadcasts.live import report_of
from alerts.broadcasts.models import Alert
from alerts.broadcasts.previews import Preview
from alerts.broadcasts.states import OPEN, AlertState
from alerts.console.alerts_shown import (
    about,
    hints_in_words,
    marked,
    reasons_in_words,
    state_in_words,
    states_in_words,
)
from alerts.console.doors import CHECKED, Chosen, Form, Sender, Viewer, go, language_of
from alerts.console.pages import figure, page
from alerts.console.troubles import in_words
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.redis import enqueue
from alerts.subscribers.phones import parse_phone
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/alerts", include_in_schema=False)
LOOK_SECONDS = 3
SOON = timedelta(minutes=2)
OVER = (AlertState.SENT, AlertState.CANCELLED)


@router.get("/{alert_id}")
async def alert_page(
    alert_id: Id,
    session: Session,
    reader: Viewer,
    still: Annotated[bool, Query()] = False,
    language: Chosen = None,
) -> Response:
    """A draft as people will get it, or how far it is."""
    read = language_of(reader, language)
    alert = await service.get_alert(session, alert_id)
    if alert.state == AlertState.DRAFT:
        return await _draft(session, reader, read, alert)
    return await _under_way(session, reader, read, alert, still=still)


async def _draft(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    alert: Alert,
    trouble: str = "",
    status: int = 200,
) -> Response:
    try:
        found = await previews.preview(session, alert.id)
    except DomainError as error:  # its action lost the title that its text names
        found, trouble = None, in_words(read, error)
    return page(
        "draft.html",
        read,
        f"/alerts/{alert.id}",
        status,
        reader=reader,
        title=await about(session, alert, read),
        alert=alert,
        trouble=trouble,
        found=found,
        approved=found is not None and found.version == alert.approved_version,
        own=alert.written_by == reader.actor.person,
        says=await _what_will_happen(session, read, found) if found else [],
        hints=hints_in_words(found.warnings, read) if found else [],
        shown=[(one, marked(text.body), text) for one, text in found.languages.items()] if found else [],
        may_write=reader.actor.may(Scope.WRITE),
        may_send=reader.actor.may(Scope.SEND),
    )


async def _what_will_happen(session: AsyncSession, read: Language, found: Preview) -> list[str]:
    """In sentences, before anybody presses *send*."""
    people = sum(one.people for one in found.languages.values())
    zone = await service.zone_of(session, found.alert)
    expected = found.forecast
    begins = when(expected.begins_at, zone, read)
    lands = when(expected.lands_at, zone, read)
    if people == 1:
        says = [tr(read, "1 person gets it: from {begins}, done by {lands}.", begins=begins, lands=lands)]
    else:
        many = figure(read, people)
        says = [
            tr(
                read,
                "{people} people get it: from {begins}, done by {lands}.",
                people=many,
                begins=begins,
                lands=lands,
            )
        ]
    parts = figure(read, expected.parts)
    if expected.price is None:
        says.append(tr(read, "That is {parts} message parts.", parts=parts))
    else:
        price = f"{money(expected.price)} {settings().currency}"
        says.append(tr(read, "That is {parts} message parts, about {price}.", parts=parts, price=price))
    for language, missing in found.missing.items():
        says.append(
            tr(
                read,
                "{people} people read {language}, and there is no text for them: it cannot be sent so.",
                people=figure(read, missing),
                language=language.own_name,
            )
        )
    if found.needs_approval:
        says.append(tr(read, "To so many, a second organizer approves exactly this first."))
    return says


async def _under_way(
    session: AsyncSession, reader: SignedIn, read: Language, alert: Alert, *, still: bool
) -> Response:
    report = await report_of(session, alert.id)
    whole = await reports.of_alert(session, alert.id) if alert.state in OVER else None
    moving = _moves(alert) and not still
    waiting = sum(report.states[state] for state in OPEN)
    answer = page(
        "going_out.html",
        read,
        f"/alerts/{alert.id}",
        reader=reader,
        title=await about(session, alert, read),
        alert=alert,
        state=state_in_words(alert, read),
        due=when(alert.due_at, await service.zone_of(session, alert), read) if alert.due_at else "",
        done=report.people - waiting,
        people=report.people,
        states=states_in_words(report.states, read),
        tongues=[
            (one, states_in_words(states, read), sum(states.values()))
            for one, states in sorted(report.languages.items())
        ],
        moving=moving,
        whole=whole,
        failed=reasons_in_words(whole.failed, read) if whole else [],
        skipped=reasons_in_words(whole.skipped, read) if whole else [],
        price=f"{money(whole.price)} {settings().currency}" if whole and whole.price is not None else "",
        may_send=reader.actor.may(Scope.SEND),
    )
    if moving:
        answer.headers["Refresh"] = str(LOOK_SECONDS)
    return answer


def _moves(alert: Alert) -> bool:
    """Something new is to be seen of it within a moment."""
    soon = alert.due_at is not None and alert.due_at - datetime.now(UTC) < SOON
    return alert.state == AlertState.SENDING or (alert.state == AlertState.SCHEDULED and soon)


@router.post("/{alert_id}/send")
async def send(
    alert_id: Id,
    session: Session,
    reader: Sender,
    form: Form,
    tasks: BackgroundTasks,
    language: Chosen = None,
) -> Response:
    """Send exactly what was looked at."""
    try:
        async with session.begin_nested():
            await _require_seen(session, alert_id, form.get("version", ""))
            alert = await lifecycle.send(session, alert_id, reader.actor)
    except DomainError as error:
        return await _refused(session, reader, alert_id, error, language)
    if alert.state == AlertState.SENDING:
        tasks.add_task(enqueue, "send")
    return go(f"/alerts/{alert_id}")


async def _require_seen(session: AsyncSession, alert_id: int, version: str) -> None:
    """Raises ChangedMeanwhile where a draft is not what was on the page."""
    alert = await service.get_alert(session, alert_id, lock=True)
    current = approval.version_of(alert, await service.bodies_of(session, alert))
    if alert.state == AlertState.DRAFT and version != current:
        raise ChangedMeanwhile(alert_id, current)


@router.post("/{alert_id}/approve")
async def approve(
    alert_id: Id, session: Session, reader: Sender, form: Form, language: Chosen = None
) -> Response:
    """Approve exactly what was looked at."""
    try:
        async with session.begin_nested():
            await approval.approve(session, alert_id, reader.actor, form.get("version", ""))
    except DomainError as error:
        return await _refused(session, reader, alert_id, error, language)
    return go(f"/alerts/{alert_id}")


@router.post("/{alert_id}/test")
async def text_to_oneself(
    alert_id: Id,
    session: Session,
    reader: Sender,
    form: Form,
    tasks: BackgroundTasks,
    language: Chosen = None,
) -> Response:
    """Text it to one number, marked as a test."""
    try:
        async with session.begin_nested():
            phone = parse_phone(form.get("phone", ""), settings().default_region)
            await previews.test_send(session, alert_id, phone, [])
    except DomainError as error:
        return await _refused(session, reader, alert_id, error, language)
    tasks.add_task(enqueue, "send")
    return go(f"/alerts/{alert_id}")


async def _refused(
    session: AsyncSession, reader: SignedIn, alert_id: int, error: DomainError, language: Language | None
) -> Response:
    """The alert as it is now, and why not."""
    read = language_of(reader, language)
    alert = await service.get_alert(session, alert_id)
    if alert.state != AlertState.DRAFT:
        raise error
    return await _draft(session, reader, read, alert, in_words(read, error), error.status)


@router.post("/{alert_id}/undo", dependencies=CHECKED)
async def undo(alert_id: Id, session: Session, reader: Sender) -> Response:
    """Take back what has not begun."""
    await lifecycle.undo(session, alert_id, reader.actor)
    return go(f"/alerts/{alert_id}")


@router.post("/{alert_id}/pause", dependencies=CHECKED)
async def pause(alert_id: Id, session: Session, reader: Sender) -> Response:
    """Send no more of it for now."""
    await lifecycle.pause(session, alert_id, by=reader.actor)
    return go(f"/alerts/{alert_id}")


@router.post("/{alert_id}/resume", dependencies=CHECKED)
async def resume(alert_id: Id, session: Session, reader: Sender, tasks: BackgroundTasks) -> Response:
    """Go on."""
    await lifecycle.resume(session, alert_id, reader.actor)
    tasks.add_task(enqueue, "send")
    return go(f"/alerts/{alert_id}")


@router.post("/{alert_id}/cancel")
async def cancel(alert_id: Id, session: Session, reader: Sender, form: Form) -> Response:
    """Send no more of it, ever, where somebody ticked that they are sure."""
    if "sure" in form:
        await lifecycle.cancel(session, alert_id, reader.actor)
    return go(f"/alerts/{alert_id}")
