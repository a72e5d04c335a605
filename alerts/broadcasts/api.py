"""Routes: /v1/alerts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, BackgroundTasks, Depends
from fastapi.responses import StreamingResponse

from alerts.broadcasts import approval, lifecycle, live, previews, saved_texts, service, trying
from alerts.broadcasts.audience import Audience, counts
from alerts.broadcasts.forecast import DETAILS, money
from alerts.broadcasts.live import report_of
from alerts.broadcasts.models import NOBODYS
from alerts.broadcasts.reasons import in_plain_words
from alerts.broadcasts.schemas import (
    AlertChange,
    AlertOut,
    ApprovalOut,
    Approve,
    AudienceOut,
    DeliveryOut,
    LanguagePreviewOut,
    NewAlert,
    PreviewOut,
    Price,
    ReportOut,
    TestSend,
    TestSentOut,
    WarningOut,
)
from alerts.broadcasts.shown import alert_out
from alerts.broadcasts.states import AlertState
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After, Limit, Page
from alerts.storage.redis import enqueue
from alerts.subscribers.phones import parse_phone
from alerts.team.access import Caller, Id, Session, needs
from alerts.team.actors import Scope
from alerts.team.idempotency import IdempotentRoute

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1/alerts",
    tags=["alerts"],
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)
SENDS = [Depends(needs(Scope.SEND))]


TAKEN_AWAY = ("send_at", "send_before")  # by a null


@router.post("", status_code=201)
async def create_alert(body: NewAlert, session: Session, caller: Caller) -> AlertOut:
    """Write an alert. Nothing goes out before it is sent."""
    facts = body.model_dump(exclude={"audience", "action", "text", "template"}) | {"action_id": body.action}
    facts |= await saved_texts.words_of(session, body.text, body.template)
    return await alert_out(session, await service.create_alert(session, body.audience, facts, caller))


@router.post("/audience")
async def count_audience(body: Audience, session: Session) -> AudienceOut:
    """How many people an audience is now, before an alert is written for it."""
    found = await counts(session, body)
    return AudienceOut(
        people=sum(found.languages.values()),
        languages=dict(found.languages),
        lists=dict(found.lists),
        left_out=dict(found.left_out),
    )


@router.get("")
async def page_of_alerts(session: Session, after: After = None, limit: Limit = 50) -> Page[AlertOut]:
    """Alerts, oldest first."""
    rows, following = await service.page_of_alerts(session, after, limit)
    return Page(items=[await alert_out(session, row) for row in rows], next=following)


@router.get("/{alert_id}")
async def get_alert(alert_id: Id, session: Session) -> AlertOut:
    """One alert."""
    return await alert_out(session, await service.get_alert(session, alert_id))


@router.patch("/{alert_id}")
async def change_alert(alert_id: Id, body: AlertChange, session: Session, caller: Caller) -> AlertOut:
    """Change a draft; what is left out stays. A `send_at` or `send_before` of null is taken away."""
    given = body.model_dump(exclude_unset=True, exclude={"audience"})
    facts: dict[str, Any] = {
        name: value for name, value in given.items() if value is not None or name in TAKEN_AWAY
    }
    if "action" in facts:
        facts["action_id"] = facts.pop("action")
    if body.audience:
        facts["audience"] = body.audience.model_dump(mode="json")
    return await alert_out(session, await service.change_alert(session, alert_id, facts, caller))


@router.get("/{alert_id}/preview")
async def preview(alert_id: Id, session: Session) -> PreviewOut:
    """Who will get what, what it costs, when the last text will land, and what to know before."""
    found = await previews.preview(session, alert_id)
    expected = found.forecast
    languages = {
        language: LanguagePreviewOut(
            people=one.people,
            body=one.body,
            encoding=one.segments.encoding,
            parts=one.segments.parts,
            costly=sorted(one.cheaper),
            cheaper={dear: cheaper for dear, cheaper in one.cheaper.items() if cheaper is not None},
        )
        for language, one in found.languages.items()
    }
    price = None
    if expected.price is not None:
        price = Price(amount=money(expected.price), currency=settings().currency)
    return PreviewOut(
        people=sum(one.people for one in found.languages.values()) + sum(found.missing.values()),
        parts=expected.parts,
        price=price,
        seconds=expected.seconds,
        begins_at=expected.begins_at,
        lands_at=expected.lands_at,
        languages=languages,
        missing=sorted(found.missing),
        put_off=found.put_off,
        left_out=found.left_out,
        approval=ApprovalOut(
            needed=found.needs_approval,
            version=found.version,
            approved=found.version == found.alert.approved_version,
            approved_by=found.alert.approved_by,
            approved_at=found.alert.approved_at,
        ),
        warnings=[
            WarningOut(code=one.hint, language=one.language, detail=DETAILS[one.hint])
            for one in found.warnings
        ],
    )


@router.post("/{alert_id}/test", status_code=202, dependencies=SENDS)
async def test_send(
    alert_id: Id, body: TestSend, session: Session, caller: Caller, tasks: BackgroundTasks
) -> TestSentOut:
    """Text it to your own number, or to another one, marked as a test; no report counts it.

    It stands in the audit trail. A person has twenty an hour; nobody who left or was forgotten gets one.
    """
    phone = parse_phone(body.phone, settings().default_region) if body.phone else None
    sent = await trying.text_test(session, alert_id, phone, body.languages, caller)
    tasks.add_task(enqueue, "send")
    return TestSentOut(languages=sent)


@router.post("/{alert_id}/approve", dependencies=SENDS)
async def approve(alert_id: Id, body: Approve, session: Session, caller: Caller) -> AlertOut:
    """Approve exactly what was seen: its text, audience and time. Not for whoever wrote it."""
    return await alert_out(session, await approval.approve(session, alert_id, caller, body.version))


@router.post("/{alert_id}/send", status_code=202, dependencies=SENDS)
async def send(alert_id: Id, session: Session, caller: Caller, tasks: BackgroundTasks) -> AlertOut:
    """Send it, now or at its time. Sending twice is sending once.

    To many people it begins some seconds later, at `due_at`: until then `undo` costs nothing.
    """
    alert = await lifecycle.send(session, alert_id, caller)
    if alert.state == AlertState.SENDING:
        # After the commit: a worker that is quicker than us would find nothing to do.
        tasks.add_task(enqueue, "send")
    return await alert_out(session, alert)


@router.post("/{alert_id}/undo", dependencies=SENDS)
async def undo(alert_id: Id, session: Session, caller: Caller) -> AlertOut:
    """Take back a send that has not begun: the alert is a draft again."""
    return await alert_out(session, await lifecycle.undo(session, alert_id, caller))


@router.post("/{alert_id}/pause", dependencies=SENDS)
async def pause(alert_id: Id, session: Session, caller: Caller) -> AlertOut:
    """Stop sending; what is on its way arrives."""
    return await alert_out(session, await lifecycle.pause(session, alert_id, by=caller))


@router.post("/{alert_id}/resume", dependencies=SENDS)
async def resume(alert_id: Id, session: Session, caller: Caller, tasks: BackgroundTasks) -> AlertOut:
    """Go on where it was paused."""
    alert = await lifecycle.resume(session, alert_id, caller)
    tasks.add_task(enqueue, "send")
    return await alert_out(session, alert)


@router.post("/{alert_id}/cancel", dependencies=SENDS)
async def cancel(alert_id: Id, session: Session, caller: Caller) -> AlertOut:
    """Send no more of it, ever."""
    return await alert_out(session, await lifecycle.cancel(session, alert_id, caller))


@router.get("/{alert_id}/report")
async def report(alert_id: Id, session: Session) -> ReportOut:
    """How many deliveries stand where."""
    return await report_of(session, alert_id)


@router.get("/{alert_id}/events", response_class=StreamingResponse)
async def events(alert_id: Id, session: Session, caller: Caller) -> StreamingResponse:
    """The report whenever it changes, as server-sent events named `progress`.

    Until the alert is over, or your key ends.
    """
    await service.get_alert(session, alert_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(live.progress(alert_id, caller), media_type="text/event-stream", headers=headers)


@router.get("/{alert_id}/deliveries")
async def page_of_deliveries(
    alert_id: Id, session: Session, after: After = None, limit: Limit = 50
) -> Page[DeliveryOut]:
    """One row a person."""
    rows, following = await service.page_of_deliveries(session, alert_id, after, limit)
    items = [
        DeliveryOut(
            id=row.id,
            subscriber=row.subscriber_id if row.subscriber_id < NOBODYS else None,
            language=Language(row.language),
            state=row.state,
            message_sid=row.message_sid,
            code=row.code,
            reason=row.reason,
            why=in_plain_words(row.reason, row.code),
            list=row.list_id,
            not_before=row.not_before,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
    return Page(items=items, next=following)
