"""Pages: one alert: what will happen, what happens now, what became of it; and the buttons for each."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import lifecycle, previews, reports, service
from alerts.broadcasts.approval import Approval, approval_of, is_own
from alerts.broadcasts.live import is_over, report_of
from alerts.broadcasts.models import Alert
from alerts.broadcasts.states import AlertState
from alerts.console.alerts_shown import (
    about,
    due_in_words,
    state_in_words,
)
from alerts.console.doors import CHECKED, Chosen, Form, Sender, Viewer, go, language_of
from alerts.console.fields import required
from alerts.console.news import clock, is_near, news, price_of
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.console.review import draft_page
from alerts.console.under_way import under_way
from alerts.language.languages import Language
from alerts.storage.redis import enqueue
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/alerts", include_in_schema=False, route_class=FormRoute)
LOOK_SECONDS = 3
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
        return await draft_page(session, reader, read, alert)
    return await _under_way(session, reader, read, alert, still=still)


async def _under_way(
    session: AsyncSession, reader: SignedIn, read: Language, alert: Alert, *, still: bool
) -> Response:
    report = await report_of(session, alert.id)
    whole = await reports.of_alert(session, alert.id) if alert.state in OVER else None
    awaited = await approval_of(session, alert) == Approval.AWAITED
    moving = not is_over(report) and not still
    return page(
        "going_out.html",
        read,
        f"/alerts/{alert.id}",
        reader=reader,
        live=moving,
        title=await about(session, alert, read),
        alert=alert,
        state=state_in_words(alert, read),
        due=await due_in_words(session, alert, read),
        clock=clock(read, alert) if is_near(alert) else "",
        how=await under_way(session, read, alert, report),
        moving=moving,
        again=LOOK_SECONDS if moving and _moves(alert) else 0,
        whole=whole,
        to_approve=await previews.preview(session, alert.id) if awaited else None,
        own=await is_own(session, alert, reader.actor),
        price=price_of(read, whole) if whole else "",
        may_send=reader.actor.may(Scope.SEND),
    )


@router.get("/{alert_id}/news")
async def news_of(
    alert_id: Id,
    session: Session,
    reader: Viewer,
    state: AlertState | None = None,
    language: Chosen = None,
) -> Response:
    """Pieces of its page whenever they change, as server-sent events. ``state``: as it is on the page."""
    await service.get_alert(session, alert_id)
    pieces = news(alert_id, reader, language_of(reader, language), state)
    return StreamingResponse(pieces, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _moves(alert: Alert) -> bool:
    """Something new is to be seen of it within a moment."""
    return alert.state == AlertState.SENDING or is_near(alert)


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
    """Send no more of it, ever."""
    required(sure="sure" in form)
    await lifecycle.cancel(session, alert_id, reader.actor)
    return go(f"/alerts/{alert_id}")
