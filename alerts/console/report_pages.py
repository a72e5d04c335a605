"""Pages: the whole report of an alert, and of all alerts of an action; and the same as files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.turnout import OfHour
from alerts.broadcasts import reports, service
from alerts.broadcasts.forecast import money
from alerts.broadcasts.report_files import file_of_action, file_of_alert
from alerts.broadcasts.reports import Report
from alerts.broadcasts.states import DeliveryState
from alerts.console.alerts_shown import DELIVERY_STATES, about, heading
from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.once import FormRoute
from alerts.console.over_time import over_time
from alerts.console.pages import page
from alerts.console.remedies import whys
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers.lists import names_of_lists
from alerts.team.access import Id, Session
from alerts.team.sessions import SignedIn
from alerts.understanding.intents import Answer

router = APIRouter(include_in_schema=False, route_class=FormRoute)


@dataclass(frozen=True)
class Named:
    """What a report is of: its page, what it is called, and by whose clocks its times are."""

    path: str
    name: str
    zone: str


@router.get("/actions/{action_id}/report")
async def report_of_action(
    action_id: Id, session: Session, reader: Viewer, language: Chosen = None
) -> Response:
    """What became of all its alerts; who got two is counted twice."""
    read = language_of(reader, language)
    action = await actions.get_action(session, action_id)
    named = Named(f"/actions/{action_id}", heading(action, read), action.timezone)
    return await _page(session, reader, read, named, await reports.of_action(session, action_id))


@router.get("/alerts/{alert_id}/report")
async def report_of_alert(
    alert_id: Id, session: Session, reader: Viewer, language: Chosen = None
) -> Response:
    """What became of one alert."""
    read = language_of(reader, language)
    alert = await service.get_alert(session, alert_id)
    zone = await service.zone_of(session, alert)
    named = Named(f"/alerts/{alert_id}", await about(session, alert, read), zone)
    return await _page(session, reader, read, named, await reports.of_alert(session, alert_id))


async def _page(
    session: AsyncSession, reader: SignedIn, read: Language, of: Named, found: Report
) -> Response:
    names = await names_of_lists(session)
    states = [state for state in DELIVERY_STATES if found.states[state]]
    return page(
        "report.html",
        read,
        f"{of.path}/report",
        reader=reader,
        title=tr(read, "Report"),
        of=of,
        people=found.states.total(),
        states=[tr(read, DELIVERY_STATES[state]) for state in states],
        total=[found.states[state] for state in states],
        tongues=[(one, _row(counts, states)) for one, counts in sorted(found.languages.items())],
        lists=sorted(
            (names.get(one) or tr(read, "no list"), _row(counts, states))
            for one, counts in found.lists.items()
        ),
        failed=whys(found.failed, read),
        skipped=whys(found.skipped, read),
        parts=found.parts,
        price=None if found.price is None else f"{money(found.price)} {settings().currency}",
        over=over_time(
            [OfHour(one.hour, Answer(one.answer), one.people) for one in found.answers], of.zone, read
        ),
        left=found.left,
    )


def _row(counts: Counter[DeliveryState], states: Sequence[DeliveryState]) -> list[int]:
    return [counts.total(), *(counts[state] for state in states)]


@router.get("/actions/{action_id}/report.csv")
async def action_as_csv(action_id: Id, session: Session, reader: Viewer) -> Response:
    """A row a person and alert."""
    return await file_of_action(session, action_id, reader.actor)


@router.get("/alerts/{alert_id}/report.csv")
async def alert_as_csv(alert_id: Id, session: Session, reader: Viewer) -> Response:
    """A row a person."""
    return await file_of_alert(session, alert_id, reader.actor)
