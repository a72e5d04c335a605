"""Pages: a draft is looked at: what will happen, in one sentence; tried, approved, and sent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from fastapi import APIRouter, BackgroundTasks, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import approval, lifecycle, previews, service, trying
from alerts.broadcasts.approval import ChangedMeanwhile
from alerts.broadcasts.models import Alert
from alerts.broadcasts.previews import Preview
from alerts.broadcasts.states import AlertState
from alerts.console.alerts_shown import about, hints_in_words, marked
from alerts.console.clocks import clocks_of
from alerts.console.doors import Chosen, Form, Sender, go, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import figure, in_money, page
from alerts.console.remedies import trouble_in_words
from alerts.console.said import go_saying
from alerts.console.troubles import in_words, told
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.dates import clock_time, when
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.redis import enqueue
from alerts.subscribers.phones import mask, parse_phone
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/alerts", include_in_schema=False, route_class=FormRoute)
AT_ONCE = timedelta(minutes=1)
# What will happen, by how many people and languages, without and with a price.
ONE = (
    N_("1 person gets 1 text, from {begins}, done by {lands}."),
    N_("1 person gets 1 text, from {begins}, done by {lands}, about {price}."),
)
ONE_LANGUAGE = (
    N_("{people} people in 1 language get 1 text each, from {begins}, done by {lands}."),
    N_("{people} people in 1 language get 1 text each, from {begins}, done by {lands}, about {price}."),
)
LANGUAGES = (
    N_("{people} people in {languages} languages get 1 text each, from {begins}, done by {lands}."),
    N_(
        "{people} people in {languages} languages get 1 text each, from {begins}, done by {lands},"
        " about {price}."
    ),
)


async def draft_page(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    alert: Alert,
    error: DomainError | None = None,
    filled: str = "",
) -> Response:
    """A draft as people will get it, and what becomes of it when somebody presses *send*.

    ``filled``: the number that a test was asked for to, in vain.
    """
    says = told(read, error)
    try:
        found = await previews.preview(session, alert.id)
    except DomainError as lost:  # its action lost the title that its text names
        found, says = None, says | {"trouble": in_words(read, lost)}
    if alert.trouble and not says["trouble"]:
        says |= {"trouble": " ".join(trouble_in_words(alert.trouble, read))}
    people = sum(one.people for one in found.languages.values()) if found else 0
    own_number = await trying.own_number(session, reader.actor.person)
    return page(
        "draft.html",
        read,
        f"/alerts/{alert.id}",
        reader=reader,
        title=await about(session, alert, read),
        **says,
        alert=alert,
        found=found,
        people=people,
        approved=found is not None and found.version == alert.approved_version,
        own=await approval.is_own(session, alert, reader.actor),
        sentence=await _what_will_happen(session, read, found) if found and people else "",
        what_else=_what_else(read, found, people) if found else [],
        hints=hints_in_words(found.warnings, read) if found else [],
        shown=[(one, marked(text.body), text) for one, text in found.languages.items()] if found else [],
        may_write=reader.actor.may(Scope.WRITE),
        may_send=reader.actor.may(Scope.SEND),
        own_number=mask(own_number) if own_number else "",
        filled=filled,
    )


async def _what_will_happen(session: AsyncSession, read: Language, found: Preview) -> str:
    """In one sentence, before anybody presses *send*."""
    readers = [one.people for one in found.languages.values() if one.people]
    expected = found.forecast
    zone = await service.zone_of(session, found.alert)
    soon = expected.begins_at - datetime.now(UTC) < AT_ONCE
    dates = [moment.astimezone(ZoneInfo(zone)).date() for moment in (expected.begins_at, expected.lands_at)]
    ends = clock_time if dates[0] == dates[1] else when
    clocks = await clocks_of(session)
    lands = ends(expected.lands_at, zone, read)
    words = ONE if sum(readers) == 1 else ONE_LANGUAGE if len(readers) == 1 else LANGUAGES
    return tr(
        read,
        words[expected.price is not None],
        people=figure(read, sum(readers)),
        languages=len(readers),
        begins=tr(read, "now") if soon else clocks.when(expected.begins_at, zone, read),
        lands=clocks.named(lands, zone, read) if soon else lands,
        price=in_money(read, expected.price or 0),
    )


def _what_else(read: Language, found: Preview, people: int) -> list[str]:
    says = (
        [tr(read, "That is {parts} message parts.", parts=figure(read, found.forecast.parts))]
        if people
        else []
    )
    for language, missing in found.missing.items():
        says.append(
            tr(
                read,
                "{people} people read {language}, and there is no text for them: it cannot be sent so.",
                people=figure(read, missing),
                language=language.own_name,
            )
        )
    if not people and not found.missing:
        says.append(
            tr(read, "Nobody of these can be texted. Choose other lists, or wait for people to join.")
        )
    if found.needs_approval:
        says.append(tr(read, "To so many, a second organizer approves exactly this first."))
        if settings().recall_seconds:
            seconds = settings().recall_seconds
            says.append(tr(read, "Once sent, it can be undone for {seconds} seconds.", seconds=seconds))
    return says


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
    bodies, action = await service.bodies_of(session, alert), await service.action_of(session, alert)
    current = approval.version_of(alert, bodies, action)
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
    """Text it to one's own number, or to the one that was filled in, marked as a test."""
    filled = form.get("phone", "").strip()
    try:
        phone = parse_phone(filled, settings().default_region) if filled else None
        await trying.text_test(session, alert_id, phone, [], reader.actor)
    except DomainError as error:
        return await _refused(session, reader, alert_id, error, language, filled)
    tasks.add_task(enqueue, "send")
    return go_saying(f"/alerts/{alert_id}", "tested")


async def _refused(
    session: AsyncSession,
    reader: SignedIn,
    alert_id: int,
    error: DomainError,
    language: Language | None,
    filled: str = "",
) -> Response:
    """The alert as it is now, and why not."""
    read = language_of(reader, language)
    alert = await service.get_alert(session, alert_id)
    if alert.state != AlertState.DRAFT:
        raise error
    return await draft_page(session, reader, read, alert, error, filled)
