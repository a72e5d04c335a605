"""Pages: the inbox: conversations that wait for somebody, one's own, all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.doors import Chosen, Talker, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, fragment, page
from alerts.console.shortcuts import are_on
from alerts.conversations import service
from alerts.conversations.models import Thread, ThreadState
from alerts.conversations.said import last_words
from alerts.conversations.service import Wanted
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.subscribers.models import Subscriber
from alerts.subscribers.phones import mask
from alerts.team.access import Session
from alerts.team.audit import numbers_opened
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/inbox", include_in_schema=False, route_class=FormRoute)
MOST, MOST_LETTERS = 30, 120  # what shows numbers is not compressed: within 15 KB


class Shown(StrEnum):
    """Which conversations a reader looks at."""

    WAITING = "waiting"
    MINE = "mine"
    ANSWERED = "answered"
    CLOSED = "closed"
    ALL = "all"


TABS = {
    Shown.WAITING: N_("Wait for an answer"),
    Shown.MINE: N_("Mine"),
    Shown.ANSWERED: N_("Were answered"),
    Shown.CLOSED: N_("Closed"),
    Shown.ALL: N_("All of them"),
}
STATES = {
    Shown.WAITING: (ThreadState.OPEN,),
    Shown.MINE: (ThreadState.OPEN, ThreadState.WAITING),
    Shown.ANSWERED: (ThreadState.WAITING,),
    Shown.CLOSED: (ThreadState.CLOSED,),
    Shown.ALL: (),
}
# Whoever waits is answered in turn; of the others one looks for the latest.
IN_TURN = (Shown.WAITING, Shown.MINE)


@dataclass(frozen=True)
class Row:
    """One conversation in the list."""

    id: int
    number: str
    language: Language
    unread: int
    taken_by: str | None
    moved: str
    words: str


@router.get("")
async def inbox(
    session: Session,
    reader: Talker,
    request: Request,
    show: Shown = Shown.WAITING,
    after: str | None = None,
    language: Chosen = None,
) -> Response:
    """Conversations: not yet read first."""
    read = language_of(reader, language)
    rows, following, seen = await _rows(session, reader, read, show, after)
    return page(
        "inbox.html",
        read,
        "/inbox",
        reader=reader,
        live=True,
        title=tr(read, "Inbox"),
        show=show,
        shortcuts=are_on(request),
        tabs=[(one, tr(read, says), await _counted(session, reader, one)) for one, says in TABS.items()],
        rows=rows,
        following=following,
        seen=None if after else seen,
    )


@router.get("/news")
async def news(
    session: Session, reader: Talker, seen: str = "", show: Shown = Shown.WAITING, language: Chosen = None
) -> Response:
    """The list where it is not what was ``seen``; nothing where it is."""
    if seen == await _seen(session, reader, show):
        return Response(status_code=204)
    read = language_of(reader, language)
    rows, following, now = await _rows(session, reader, read, show, None)
    return fragment("inbox_rows.html", read, show=show, rows=rows, following=following, seen=now)


async def _rows(
    session: AsyncSession, reader: SignedIn, read: Language, show: Shown, after: str | None
) -> tuple[Sequence[Row], str | None, str]:
    """A page of the list, the cursor of the next one, and what to ask for news with."""
    found, following = await service.page_of_threads(
        session, _wanted(reader, show), after and after[:60], MOST, newest_first=show not in IN_TURN
    )
    if reader.actor.may_read_numbers:
        numbers_opened(session, reader.actor, "read", len(found))
    words = await last_words(session, [who.id for _, who in found])
    rows = [_row(thread, who, words.get(who.id, ""), reader, read) for thread, who in found]
    return rows, following, await _seen(session, reader, show)


def _row(thread: Thread, who: Subscriber, words: str, reader: SignedIn, read: Language) -> Row:
    return Row(
        who.id,
        number_of(reader, who),
        Language(who.language),
        thread.unread,
        thread.taken_by,
        as_read(thread.moved_at, read),
        words if len(words) <= MOST_LETTERS else words[:MOST_LETTERS] + "...",
    )


def _wanted(reader: SignedIn, show: Shown) -> Wanted:
    return Wanted(STATES[show], assigned_to=reader.who.id if show == Shown.MINE else None)


async def _counted(session: AsyncSession, reader: SignedIn, show: Shown) -> int | None:
    """How many there are, of those that somebody should do something about."""
    return await service.how_many(session, _wanted(reader, show)) if show in IN_TURN else None


async def _seen(session: AsyncSession, reader: SignedIn, show: Shown) -> str:
    return await service.mark_of(session, _wanted(reader, show))


def number_of(reader: SignedIn, who: Subscriber) -> str:
    """Somebody's number, as ``reader`` may see it."""
    return who.phone if reader.actor.may_read_numbers else mask(who.phone)
