"""An alert as the API answers with it."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import approval, service
from alerts.broadcasts.audience import Audience
from alerts.broadcasts.models import Alert
from alerts.broadcasts.schemas import AlertOut
from alerts.language.languages import Language


async def alert_out(session: AsyncSession, alert: Alert) -> AlertOut:
    """Its facts; times by the clocks of its action's place, else of its lists."""
    zone = ZoneInfo(await service.zone_of(session, alert))
    approved = alert.approved_version is not None and approval.is_approved(
        alert, await service.bodies_of(session, alert), await service.action_of(session, alert)
    )
    return AlertOut(
        id=alert.id,
        kind=alert.kind,
        state=alert.state,
        audience=Audience.model_validate(alert.audience),
        text={Language(language): text for language, text in alert.text.items()},
        action=alert.action_id,
        asks_rsvp=alert.asks_rsvp,
        urgent=alert.urgent,
        urgent_reason=alert.urgent_reason,
        send_at=alert.send_at and alert.send_at.astimezone(zone),
        send_before=alert.send_before,
        due_at=alert.due_at and alert.due_at.astimezone(zone),
        approved=approved,
        template=alert.template_id,
        template_version=alert.template_version,
        trouble=alert.trouble,
        created_at=alert.created_at,
        finished_at=alert.finished_at,
    )
