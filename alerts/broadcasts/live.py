"""An alert while it goes out: its report, again and again, for whoever is watching."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import service
from alerts.broadcasts.schemas import ReportOut
from alerts.broadcasts.states import MOVES, AlertState, DeliveryState
from alerts.language.languages import Language
from alerts.storage.engine import DATABASE_AWAY, session_scope
from alerts.team.actors import Actor
from alerts.team.still_in import ShutOut, require_still_in

LOOK_SECONDS = 0.5
KEEP_ALIVE_LOOKS = 30  # without news, a comment keeps proxies from closing the line
OVER = (AlertState.SENT, AlertState.CANCELLED, AlertState.MISSED)


async def report_of(session: AsyncSession, alert_id: int) -> ReportOut:
    """How many deliveries stand where. Raises NotFound."""
    alert = await service.get_alert(session, alert_id)
    totals: Counter[DeliveryState] = Counter()
    languages: dict[Language, dict[DeliveryState, int]] = {}
    for language, state, count in await service.report(session, alert_id):
        totals[state] += count
        languages.setdefault(language, {})[state] = count
    states = {state: totals[state] for state in DeliveryState}
    return ReportOut(
        alert=alert_id,
        state=alert.state,
        trouble=alert.trouble,
        people=totals.total(),
        states=states,
        languages=languages,
    )


async def progress(alert_id: int, by: Actor) -> AsyncIterator[str]:
    """Server-sent events: the report as it stands, then whenever it has changed.

    A few rows are read each time, however large the alert. Ends when nothing of it can change any
    more, and where ``by`` is shut out. Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
    """
    shown, quiet = "", 0
    while True:
        try:
            async with session_scope() as session:
                await require_still_in(session, by)
                report = await report_of(session, alert_id)
        except ShutOut:
            return
        except DATABASE_AWAY:  # PostgreSQL is away; the line stays open
            await asyncio.sleep(LOOK_SECONDS)
            continue
        news = report.model_dump_json()
        if news != shown:
            shown, quiet = news, 0
            yield f"event: progress\ndata: {news}\n\n"
        if is_over(report):
            return
        quiet += 1
        if quiet % KEEP_ALIVE_LOOKS == 0:
            yield ":\n\n"
        await asyncio.sleep(LOOK_SECONDS)


def is_over(report: ReportOut) -> bool:
    """Nothing of it can change any more."""
    may_move = sum(count for state, count in report.states.items() if MOVES[state])
    return report.state in OVER and not may_move
