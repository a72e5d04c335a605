"""The first page of whoever is signed in: what went wrong, goes out, waits for them, and comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.service import coming_actions
from alerts.broadcasts.approval import Approval, approval_of, is_own
from alerts.broadcasts.live import report_of
from alerts.broadcasts.models import Alert
from alerts.broadcasts.schemas import ReportOut
from alerts.broadcasts.service import alerts_in
from alerts.broadcasts.states import AlertState, DeliveryState
from alerts.console.alerts_shown import about, due_in_words, heading, state_in_words
from alerts.console.clocks import clocks_of
from alerts.console.pages import figure, fragment, page
from alerts.console.remedies import trouble_in_words
from alerts.console.under_way import done_of
from alerts.conversations.service import how_many_wait
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

MOST = 10
# Which alerts may wait for an approval, and of how many of them it is asked.
LOOKED_AT = {AlertState.PAUSED: MOST, AlertState.SCHEDULED: MOST, AlertState.DRAFT: 5 * MOST}
RECENTLY = timedelta(days=2)
DID_NOT_ARRIVE = (DeliveryState.FAILED, DeliveryState.UNDELIVERED)
LOOK_SECONDS, QUIET_SECONDS = 3, 30


@dataclass(frozen=True)
class Row:
    """A line that leads somewhere. ``done`` of ``people``, where something goes out."""

    to: str
    name: str
    says: str = ""
    to_do: str = ""
    done: int = 0
    people: int = 0


async def board(session: AsyncSession, reader: SignedIn, read: Language, trouble: str) -> Response:
    """Its page. ``trouble``: what is missing to send."""
    reader.actor.need(Scope.READ)
    clocks = await clocks_of(session)
    coming = await coming_actions(session, MOST)
    return page(
        "board.html",
        read,
        "/",
        reader=reader,
        live=True,
        title=tr(read, "What is going on"),
        trouble=trouble,
        coming=[
            Row(
                f"/actions/{one.id}",
                heading(one, read),
                f"{clocks.when(one.starts_at, one.timezone, read)}, {one.place}",
            )
            for one in coming
        ],
        may_write=reader.actor.may(Scope.WRITE),
        **await _moving(session, reader, read),
    )


async def board_news(session: AsyncSession, reader: SignedIn, read: Language) -> Response:
    """The part of it that moves."""
    return fragment("board_now.html", read, **await _moving(session, reader, read))


async def _moving(session: AsyncSession, reader: SignedIn, read: Language) -> dict[str, Any]:
    going = [await _going(session, read, one) for one in await alerts_in(session, AlertState.SENDING, MOST)]
    return {
        "wrong": await _wrong(session, read),
        "going": going,
        "due": [
            Row(f"/alerts/{one.id}", await about(session, one, read), await due_in_words(session, one, read))
            for one in await alerts_in(session, AlertState.SCHEDULED, MOST)
        ],
        "waits": await _waits(session, reader, read),
        "every": LOOK_SECONDS if going else QUIET_SECONDS,
    }


async def _going(session: AsyncSession, read: Language, alert: Alert) -> Row:
    report = await report_of(session, alert.id)
    done, people = done_of(report), report.people
    says = (
        tr(read, "{done} of {people}", done=figure(read, done), people=figure(read, people)) if people else ""
    )
    return Row(f"/alerts/{alert.id}", await about(session, alert, read), says, done=done, people=people)


async def _wrong(session: AsyncSession, read: Language) -> list[Row]:
    """Alerts that stopped or missed their time, and those of the last days that some people did not get."""
    rows = []
    for one in await alerts_in(session, AlertState.DRAFT, MOST, troubled=True):
        says, to_do = trouble_in_words(one.trouble or "", read)
        rows.append(Row(f"/alerts/{one.id}", await about(session, one, read), says, to_do))
    for state in (AlertState.PAUSED, AlertState.MISSED):
        for one in await alerts_in(session, state, MOST):
            if state == AlertState.MISSED and not _is_recent(one.due_at):
                continue
            says, to_do = (
                trouble_in_words(one.trouble, read) if one.trouble else (state_in_words(one, read), "")
            )
            rows.append(Row(f"/alerts/{one.id}", await about(session, one, read), says, to_do))
    for one in await alerts_in(session, AlertState.SENT, MOST):
        if _is_recent(one.finished_at) and (lost := _lost(await report_of(session, one.id))):
            says = tr(read, "Did not arrive: {people}. Look why.", people=figure(read, lost))
            rows.append(Row(f"/alerts/{one.id}", await about(session, one, read), says))
    return rows


def _is_recent(moment: datetime | None) -> bool:
    return moment is not None and datetime.now(UTC) - moment < RECENTLY


def _lost(report: ReportOut) -> int:
    return sum(report.states[state] for state in DID_NOT_ARRIVE)


async def _waits(session: AsyncSession, reader: SignedIn, read: Language) -> list[Row]:
    """What somebody else waits for, and what this organizer began."""
    rows = []
    if reader.actor.may(Scope.TALK) and (number := await how_many_wait(session)):
        words = tr(read, "Conversations that wait for an answer: {number}", number=figure(read, number))
        rows.append(Row("/inbox", words))
    waiting, drafts = await _to_approve(session, reader)
    for one, words in (*waiting, *drafts):
        if words:
            rows.append(Row(f"/alerts/{one.id}", await about(session, one, read), tr(read, words)))
    return rows


async def _to_approve(
    session: AsyncSession, reader: SignedIn
) -> tuple[list[tuple[Alert, str]], list[tuple[Alert, str]]]:
    """Alerts that wait for an approval, and drafts that wait for none, with what is to be said of each.

    To know whether people are so many takes its time: it is asked of no more drafts than can be shown, and of
    older ones that this organizer could approve.
    """
    waiting: list[tuple[Alert, str]] = []
    drafts: list[tuple[Alert, str]] = []
    known: dict[str, bool] = {}
    theirs = 0
    for state, most in LOOKED_AT.items():
        for place, one in enumerate(await alerts_in(session, state, most)):
            may_approve = reader.actor.may(Scope.SEND) and one.written_by != reader.actor.person
            if place >= MOST and not (may_approve and theirs < MOST):
                continue
            approval = await approval_of(session, one, known)
            if approval == Approval.AWAITED:
                waiting.append((one, await _of_approval(session, reader, one)))
                theirs += may_approve
            elif state == AlertState.DRAFT and place < MOST and not one.trouble:
                drafts.append((one, _of_draft(reader, one, approval)))
    return waiting, drafts


async def _of_approval(session: AsyncSession, reader: SignedIn, alert: Alert) -> str:
    """What is to be said of an alert that nobody has approved yet; nothing to whoever may not."""
    if await is_own(session, alert, reader.actor):
        return N_("It waits for somebody else's approval: you wrote it, or changed it or its action last.")
    return N_("It waits for your approval. Look at it first.") if reader.actor.may(Scope.SEND) else ""


def _of_draft(reader: SignedIn, alert: Alert, approval: Approval) -> str:
    """The same of a draft that can be sent as it is."""
    if not reader.actor.may(Scope.SEND):
        return ""
    if approval == Approval.GIVEN:
        return N_("Approved: it can be sent.")
    if alert.written_by == reader.actor.person:
        return N_("Your draft: look at it, and send it.")
    return N_("Somebody else's draft. It can be sent without your approval.")
