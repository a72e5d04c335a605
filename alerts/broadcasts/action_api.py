"""Routes: the alerts that belong to an action: reminders, corrections, kits."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts import changes, kits, reminders, saved_texts
from alerts.broadcasts.forecast import DETAILS
from alerts.broadcasts.kits import Kit, KitUse, KitUsed
from alerts.broadcasts.models import Alert
from alerts.broadcasts.nights import nights_of
from alerts.broadcasts.schemas import (
    AlertOut,
    CorrectionOut,
    NewCorrection,
    NewReminder,
    ReminderOut,
    WarningOut,
)
from alerts.broadcasts.shown import alert_out
from alerts.storage.pages import After, Limit, Page
from alerts.team.access import Caller, Id, Session, needs
from alerts.team.actors import Scope
from alerts.team.idempotency import IdempotentRoute

router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1/actions/{action_id}",
    tags=["actions"],
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)

kit_router = APIRouter(
    route_class=IdempotentRoute,
    prefix="/v1/kits",
    tags=["actions"],
    dependencies=[Depends(needs(Scope.READ, to_change=Scope.WRITE))],
)


@kit_router.post("", status_code=201)
async def use_kit(body: KitUse, session: Session, caller: Caller) -> KitUsed:
    """Make an action from another organization's kit, and drafts of its texts. Nothing goes out."""
    made = await kits.use_kit(session, body, caller)
    return KitUsed(action=made.action.id, alerts=[alert.id for alert in made.alerts])


async def _reminder_out(session: AsyncSession, alert: Alert) -> ReminderOut:
    warnings = [
        WarningOut(code=one.hint, language=one.language, detail=DETAILS[one.hint])
        for one in await nights_of(session, alert)
    ]
    return ReminderOut(**(await alert_out(session, alert)).model_dump(), warnings=warnings)


@router.post("/reminders", status_code=201)
async def create_reminder(action_id: Id, body: NewReminder, session: Session, caller: Caller) -> ReminderOut:
    """Set a reminder: an alert that goes out so long before the action, to whoever answered so until then.

    It moves with the action, and is withdrawn when that is called off. Where it would go to more people
    than one organizer may text alone, it stays a draft: approve it, then send it. `warnings` say where it is
    night then; `urgent` with an `urgent_reason` goes out all the same.
    """
    words = await saved_texts.words_of(session, body.text, body.template)
    made = await reminders.remind(session, action_id, body, words, caller)
    return await _reminder_out(session, made)


@router.get("/reminders")
async def page_of_reminders(
    action_id: Id, session: Session, after: After = None, limit: Limit = 50
) -> Page[ReminderOut]:
    """The reminders of an action, oldest first."""
    rows, following = await reminders.page_of_reminders(session, action_id, after, limit)
    return Page(items=[await _reminder_out(session, row) for row in rows], next=following)


@router.patch("/reminders/{alert_id}")
async def change_reminder(
    action_id: Id, alert_id: Id, body: NewReminder, session: Session, caller: Caller
) -> ReminderOut:
    """Another time, other people or another text for a reminder that has not begun: all of it anew."""
    words = await saved_texts.words_of(session, body.text, body.template)
    made = await reminders.change_reminder(session, action_id, alert_id, body, words, caller)
    return await _reminder_out(session, made)


@router.delete("/reminders/{alert_id}")
async def remove_reminder(action_id: Id, alert_id: Id, session: Session, caller: Caller) -> AlertOut:
    """Take back a reminder that has not begun; it stays among the alerts, cancelled."""
    return await alert_out(session, await reminders.remove_reminder(session, action_id, alert_id, caller))


@router.get("/kit")
async def export_kit(action_id: Id, session: Session) -> Kit:
    """The action and its texts as one file, for another organization: no numbers, no lists."""
    return await kits.kit_of(session, action_id)


@router.get("/correction")
async def offered_correction(action_id: Id, session: Session) -> CorrectionOut:
    """Who was told another time or place than the action has now, or of one that was called off."""
    told = await changes.who_was_told(session, action_id)
    action = await actions.get_action(session, action_id)
    return CorrectionOut(people=sum(told.values()), languages=told, text=changes.words(action))


@router.post("/correction", status_code=201)
async def draft_correction(
    action_id: Id, session: Session, caller: Caller, body: NewCorrection | None = None
) -> AlertOut:
    """Draft an alert to exactly those; what still waits with the old time or place is withdrawn first.

    Without a body it says what is offered.
    """
    words = await saved_texts.words_of(session, body.text, body.template) if body else None
    return await alert_out(session, await changes.correct(session, action_id, caller, words))
