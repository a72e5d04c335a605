"""Reports as files: a row a person and alert."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts import reports, service
from alerts.broadcasts.models import Alert
from alerts.subscribers.files import csv_answer, csv_lines
from alerts.subscribers.phones import mask
from alerts.team.actors import Actor
from alerts.team.audit import numbers_opened


async def file_of_alert(session: AsyncSession, alert_id: int, by: Actor) -> StreamingResponse:
    """What became of one alert. Raises NotFound."""
    await service.get_alert(session, alert_id)
    return await _file(session, f"alert-{alert_id}.csv", [alert_id], by)


async def file_of_action(session: AsyncSession, action_id: int, by: Actor) -> StreamingResponse:
    """What became of all alerts of an action. Raises NotFound."""
    await actions.get_action(session, action_id)
    query = select(Alert.id).where(Alert.action_id == action_id, Alert.to_subscriber.is_(None))
    ids = (await session.scalars(query.order_by(Alert.id))).all()
    return await _file(session, f"action-{action_id}.csv", ids, by)


async def _file(session: AsyncSession, name: str, alert_ids: Sequence[int], by: Actor) -> StreamingResponse:
    """Numbers are masked unless ``by`` may read them, which is audited."""
    if by.may_read_numbers:
        numbers_opened(session, by, "exported", await reports.people_of(session, alert_ids))
    return csv_answer(name, _csv(alert_ids, open_numbers=by.may_read_numbers), by)


async def _csv(alert_ids: Sequence[int], *, open_numbers: bool) -> AsyncIterator[str]:
    yield csv_lines([["alert", "phone", "language", "list", "state", "why", "changed at"]])
    async for some in reports.lines(alert_ids):
        yield csv_lines(
            [
                line.alert_id,
                "" if line.phone is None else line.phone if open_numbers else mask(line.phone),
                line.language,
                line.list_name,
                line.state,
                line.why or "",
                line.changed_at.isoformat(timespec="seconds"),
            ]
            for line in some
        )
