"""An alert that goes out, watched: pieces of its page as they change, by server-sent events.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import live, reports, service
from alerts.broadcasts.models import Alert
from alerts.broadcasts.reports import Report
from alerts.broadcasts.states import AlertState
from alerts.console.alerts_shown import state_in_words
from alerts.console.carried import sign_in_at
from alerts.console.pages import figure, in_money, rendered
from alerts.console.under_way import UnderWay, done_of, seconds_until, under_way
from alerts.errors import NotFound
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.storage.engine import DATABASE_AWAY, session_scope
from alerts.team.sessions import SignedIn, is_open

LOOK_SECONDS = 1.0
SOON = timedelta(minutes=2)
SLOW_SECONDS = 4.0  # of what only callbacks move
MOVING = (AlertState.SCHEDULED, AlertState.SENDING)
KEEP_ALIVE_LOOKS = 15  # without news, a word keeps proxies from closing the line
WINDOW_SECONDS = 10  # over which the pace is taken
OVER = "event: over\ndata:\n\n"
HEARD = "event: heard\ndata:\n\n"  # the page says so when it hears nothing (assets/line.js)


@dataclass
class Watch:
    """Somebody who looks at an alert: what they were shown last, and how far it was when."""

    reader: SignedIn
    read: Language
    shown: dict[str, object] = field(default_factory=dict)
    seen: deque[tuple[float, int]] = field(default_factory=deque)

    def pace(self, done: int) -> float | None:
        """Texts a second over the last seconds; None until it was watched for a while."""
        now = time.monotonic()
        self.seen.append((now, done))
        while now - self.seen[0][0] > WINDOW_SECONDS:
            self.seen.popleft()
        since, before = self.seen[0]
        return (done - before) / (now - since) if now - since > WINDOW_SECONDS / 2 else None

    def is_new(self, name: str, value: object) -> bool:
        """Whether a piece is another than was shown."""
        new = self.shown.get(name) != value
        self.shown[name] = value
        return new


async def news(
    alert_id: int, reader: SignedIn, read: Language, state: AlertState | None = None
) -> AsyncIterator[str]:
    """Each piece when it has changed, until nothing can change any more, or their session has ended."""
    watch, quiet = Watch(reader, read, {"state": state}), 0
    while True:
        try:
            async with session_scope() as session:
                events, is_over = await _look(session, alert_id, watch)
        except DATABASE_AWAY:  # the line stays open
            events, is_over = [], False
        for event in events:
            yield event
        if is_over:
            yield OVER
            return
        quiet = 0 if events else quiet + 1
        if quiet and quiet % KEEP_ALIVE_LOOKS == 0:
            yield HEARD
        await asyncio.sleep(LOOK_SECONDS if watch.shown["state"] in MOVING else SLOW_SECONDS)


async def _look(session: AsyncSession, alert_id: int, watch: Watch) -> tuple[list[str], bool]:
    if not await is_open(session, watch.reader.session_id):
        return [_line(watch.read, f"/alerts/{alert_id}")], True
    try:
        alert = await service.get_alert(session, alert_id)
        report = await live.report_of(session, alert_id)
    except NotFound:
        return [], True
    events = []
    if watch.is_new("state", alert.state):
        events += [
            _event("state", state_in_words(alert, watch.read)),
            _event("buttons", buttons(watch.reader, watch.read, alert)),
        ]
    if is_near(alert) and watch.is_new("clock", seconds_until(alert.due_at)):
        events.append(_event("clock", clock(watch.read, alert)))
    speed = watch.pace(done_of(report))
    if watch.is_new("figures", (report.model_dump_json(), speed and round(speed))):
        piece = now(watch.read, await under_way(session, watch.read, alert, report, speed))
        events += [_event("now", piece)] if watch.is_new("now", piece) else []
    if live.is_over(report):
        events.append(_event("after", await after(session, watch.read, alert)))
        return events, True
    return events, alert.state == AlertState.DRAFT


def now(read: Language, how: UnderWay) -> str:
    """How far it is."""
    return rendered("going_out_now.html", read, how=how)


def buttons(reader: SignedIn, read: Language, alert: Alert) -> str:
    """What can be done with it where it stands."""
    return rendered("going_out_buttons.html", read, reader=reader, alert=alert)


async def after(session: AsyncSession, read: Language, alert: Alert) -> str:
    """What it took, and who left because of it."""
    whole = await reports.of_alert(session, alert.id)
    return rendered("going_out_after.html", read, whole=whole, price=price_of(read, whole))


def price_of(read: Language, whole: Report) -> str:
    """What it cost, where a price is set."""
    return "" if whole.price is None else in_money(read, whole.price)


def is_near(alert: Alert) -> bool:
    """Whether it begins so soon that one counts the seconds."""
    return (
        alert.state == AlertState.SCHEDULED
        and alert.due_at is not None
        and alert.due_at - datetime.now(UTC) < SOON
    )


def clock(read: Language, alert: Alert) -> str:
    """How long it can be undone still."""
    seconds = seconds_until(alert.due_at)
    return tr(read, "It begins in {seconds} seconds.", seconds=figure(read, seconds))


def signed_out_line(read: Language, onward: str) -> str:
    """To whoever listens, and is signed out: all that they will hear."""
    return _line(read, onward) + OVER


def _line(read: Language, onward: str) -> str:
    return _event("line", rendered("signed_out.html", read, to=sign_in_at(onward), typed=False))


def _event(name: str, html: str) -> str:
    lines = "".join(f"data: {line}\n" for line in html.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
