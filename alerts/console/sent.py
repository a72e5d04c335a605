"""Pages: every alert there was, the newest first."""

from __future__ import annotations

from textwrap import shorten
from typing import Annotated

from fastapi import APIRouter, Query, Response

from alerts.broadcasts import service
from alerts.broadcasts.live import report_of
from alerts.broadcasts.models import Alert
from alerts.broadcasts.states import AlertState
from alerts.console.alerts_shown import about, state_in_words
from alerts.console.clocks import clocks_of
from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import figure, page
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.access import MOST_IDS, Session
from alerts.team.actors import Scope

router = APIRouter(prefix="/alerts", include_in_schema=False, route_class=FormRoute)
MOST, SHOWN = 25, 70
NOT_BEGUN = (AlertState.DRAFT, AlertState.SCHEDULED, AlertState.MISSED)


@router.get("")
async def all_alerts(
    session: Session,
    reader: Viewer,
    before: Annotated[int | None, Query(ge=1, lt=MOST_IDS)] = None,
    language: Chosen = None,
) -> Response:
    """Each with where it stands, and how many got it."""
    read = language_of(reader, language)
    alerts = await service.alerts_before(session, before, MOST + 1)
    clocks, office = await clocks_of(session), settings().default_timezone
    rows = []
    for one in alerts[:MOST]:
        people = 0 if one.state in NOT_BEGUN else (await report_of(session, one.id)).people
        rows.append(
            (
                one.id,
                await about(session, one, read),
                _begins(one, read),
                state_in_words(one, read),
                tr(read, "People: {people}", people=figure(read, people)) if people else "",
                clocks.when(one.finished_at or one.due_at or one.created_at, office, read),
            )
        )
    return page(
        "alerts.html",
        read,
        "/alerts",
        reader=reader,
        title=tr(read, "All alerts"),
        rows=rows,
        following=alerts[MOST - 1].id if len(alerts) > MOST else None,
        may_write=reader.actor.may(Scope.WRITE),
    )


def _begins(alert: Alert, read: Language) -> str:
    """The first words of its text, in the reader's language if it has one."""
    text = (alert.bodies or alert.text).get(str(read)) or next(iter(alert.text.values()), "")
    return shorten(text, SHOWN, placeholder="…")
