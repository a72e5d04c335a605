"""A reminder, and the hours of the lists that its action was called to: who will get it is not known yet."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts.audience import Audience, named_lists
from alerts.broadcasts.forecast import Warned, at_night
from alerts.broadcasts.hours import NO_LIST, closed
from alerts.broadcasts.lifecycle import lead_time
from alerts.broadcasts.models import Alert
from alerts.broadcasts.service import alerts_of_action
from alerts.broadcasts.states import AlertKind, AlertState
from alerts.broadcasts.voices import list_hours

NOT_BEGUN = (AlertState.DRAFT, AlertState.SCHEDULED)


async def nights_of(session: AsyncSession, alert: Alert) -> list[Warned]:
    """What to know of a reminder that goes out while some of those lists are closed.

    Of the lists that alerts of its action name; of all lists where none does.
    """
    if alert.kind != AlertKind.REMINDER or alert.state not in NOT_BEGUN or alert.urgent:
        return []
    assert alert.action_id is not None  # noqa: S101 - a reminder is of an action
    action = await actions.get_action(session, alert.action_id)
    called: set[int] = set()
    for one in await alerts_of_action(session, action.id):
        called |= named_lists(Audience.model_validate(one.audience))
    every = [one for one in await list_hours(session) if one.list_id != NO_LIST]
    theirs = [one for one in every if one.list_id in called] or every
    due_at = alert.due_at or lead_time(alert, action)
    return at_night(closed(theirs, due_at).values(), action.starts_at)
