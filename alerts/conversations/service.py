"""The organizers' inbox: what no rule understood, and what they answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import letters
from alerts.conversations.canned import canned_text
from alerts.conversations.models import Message, Reply, Thread, ThreadState
from alerts.errors import Conflict, DomainError, NotFound
from alerts.settings import settings
from alerts.storage.types import findable
from alerts.subscribers.models import Standing, Subscriber
from alerts.team.actors import Actor, Scope
from alerts.team.audit import note
from alerts.team.organizers import organizers_who


class CannotBeAnswered(Conflict):
    """Somebody who left is texted by nobody, until they write a join word or START."""

    code = "subscriber_left"

    def __init__(self) -> None:
        super().__init__("This person said that they want no more texts. Nothing can be sent to them.")


class CannotLookAfter(Conflict):
    """A conversation is given to somebody who may not answer it, or is no organizer."""

    code = "cannot_look_after"
    field = "organizer"

    def __init__(self, organizer_id: int) -> None:
        self.organizer_id = organizer_id
        super().__init__(
            f"There is no organizer {organizer_id} who may answer. Choose another, or ask an admin."
        )


class BadCursor(DomainError):
    """What was sent as ``after`` came from no page of ours."""

    code = "bad_cursor"
    field = "after"

    def __init__(self) -> None:
        super().__init__("Send as `after` what the page before gave as `next`.")


@dataclass(frozen=True)
class Wanted:
    """Which conversations: in one of ``states``, none of which is all; looked after by somebody."""

    states: tuple[ThreadState, ...] = ()
    taken_by: str | None = None
    assigned_to: int | None = None


async def page_of_threads(
    session: AsyncSession, wanted: Wanted, after: str | None, limit: int, *, newest_first: bool = False
) -> tuple[Sequence[tuple[Thread, Subscriber]], str | None]:
    """Conversations and the cursor of the next page: what nobody has read yet first.

    Then those that have waited longest, or those that moved last. Raises BadCursor.
    """
    age = (Thread.moved_at, Thread.subscriber_id)
    by_age = [one.desc() if newest_first else one for one in age]
    wish = select(Thread).where(*_conditions(wanted)).order_by(Thread.unread == 0, *by_age).limit(limit + 1)
    if after is not None:
        wish = wish.where(_behind(after, newest_first=newest_first))
    # Whose they are is asked of those on the page only: a fifth of the time, of some thousand.
    threads = (await session.scalars(wish)).all()
    whose = select(Subscriber).where(Subscriber.id.in_([one.subscriber_id for one in threads]))
    people = {who.id: who for who in await session.scalars(whose)}
    rows = [(one, people[one.subscriber_id]) for one in threads if one.subscriber_id in people]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return rows[:limit], _cursor(last) if last else None


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        Thread.state.in_(wanted.states) if wanted.states else Thread.state.is_not(None)
    ]
    if wanted.taken_by is not None:
        sealed = findable(Thread.keeper, wanted.taken_by)
        found.append(or_(sealed, Thread.clear_keeper == wanted.taken_by))
    if wanted.assigned_to is not None:
        found.append(Thread.assigned_to == wanted.assigned_to)
    return found


def _cursor(thread: Thread) -> str:
    seen = "read" if thread.unread == 0 else "unread"
    return f"{seen}-{thread.moved_at.timestamp():.6f}-{thread.subscriber_id}"


def _behind(cursor: str, *, newest_first: bool) -> ColumnElement[bool]:
    """What comes after the conversation that ``cursor`` names."""
    try:
        seen, moment, number = cursor.split("-", 2)
        moved_at, subscriber_id = datetime.fromtimestamp(float(moment), UTC), int(number)
        is_read = {"read": True, "unread": False}[seen]
    except (ValueError, KeyError, OverflowError, OSError):
        raise BadCursor from None
    then, who = Thread.moved_at, Thread.subscriber_id
    if newest_first:
        later = or_(then < moved_at, and_(then == moved_at, who < subscriber_id))
    else:
        later = or_(then > moved_at, and_(then == moved_at, who > subscriber_id))
    if is_read:
        return and_(Thread.unread == 0, later)
    return or_(Thread.unread == 0, later)


async def how_many_wait(session: AsyncSession) -> int:
    """Conversations in which it is an organizer's turn."""
    return await how_many(session, Wanted((ThreadState.OPEN,)))


async def how_many(session: AsyncSession, wanted: Wanted) -> int:
    """How many conversations of a kind there are."""
    query = select(func.count()).select_from(Thread).where(*_conditions(wanted))
    return await session.scalar(query) or 0


async def mark_of(session: AsyncSession, wanted: Wanted) -> str:
    """Another word whenever something moved in these conversations: whether a list of them is news."""
    query = select(func.count(), func.sum(Thread.unread), func.max(Thread.moved_at))
    many, unread, moved_at = (await session.execute(query.where(*_conditions(wanted)))).one()
    return f"{many}-{unread or 0}-{moved_at.timestamp() if moved_at else 0:.6f}"


async def get_thread(
    session: AsyncSession, subscriber_id: int, *, lock: bool = False
) -> tuple[Thread, Subscriber]:
    """The conversation with a subscriber. Raises NotFound. ``lock``: no text of theirs moves it meanwhile."""
    # The subscriber first, in the order in which an inbound text locks them.
    who = await session.get(Subscriber, subscriber_id, with_for_update=lock or None)
    thread = await session.get(Thread, subscriber_id, populate_existing=lock)
    if who is None or thread is None or thread.state is None:
        raise NotFound("conversation", subscriber_id)
    return thread, who


async def write(
    session: AsyncSession,
    subscriber_id: int,
    author: str,
    body: str | None,
    canned_id: int | None = None,
    *,
    organizer_id: int | None = None,
) -> tuple[Thread, Subscriber]:
    """Answer somebody, in words of one's own or by a canned answer in their language.

    It goes out by the fan-out engine, before every alert. Who answers first looks after it from then on;
    ``organizer_id``: who ``author`` is, where that is an organizer. Raises NotFound, CannotBeAnswered,
    NoCannedText, and what ``text_one`` raises.
    """
    thread, who = await get_thread(session, subscriber_id, lock=True)
    if who.standing == Standing.LEFT:
        raise CannotBeAnswered
    text = body if canned_id is None else await canned_text(session, canned_id, who.language)
    assert text is not None  # noqa: S101 - the schema asks for one of them
    alert_id = await letters.text_one(
        session, subscriber_id, who.language, text, settings().senders, to_pending=True
    )
    session.add(Message(subscriber_id=subscriber_id, alert_id=alert_id, author=author, body=text))
    thread.state = ThreadState.WAITING
    if thread.taken_by is None:
        thread.taken_by, thread.assigned_to = author, organizer_id
    _seen(thread)
    await session.flush()
    return thread, who


async def is_said(session: AsyncSession, subscriber_id: int, author: str, body: str, since: datetime) -> bool:
    """Whether the last word in a conversation is this one of ``author``'s, and was said after ``since``."""
    theirs = select(Reply.received_at).where(Reply.subscriber_id == subscriber_id)
    ours = select(Message).where(Message.subscriber_id == subscriber_id)
    last = await session.scalar(ours.order_by(Message.id.desc()).limit(1))
    if last is None or (last.author, last.body) != (author, body) or last.written_at <= since:
        return False
    asked_at = await session.scalar(theirs.order_by(Reply.id.desc()).limit(1))
    return asked_at is None or asked_at < last.written_at


async def close(session: AsyncSession, subscriber_id: int) -> tuple[Thread, Subscriber]:
    """Nothing more is to be done; another text of theirs opens it again. Raises NotFound."""
    thread, who = await get_thread(session, subscriber_id, lock=True)
    thread.state = ThreadState.CLOSED
    _seen(thread)
    await session.flush()
    return thread, who


async def reopen(session: AsyncSession, subscriber_id: int) -> tuple[Thread, Subscriber]:
    """A closed conversation is an organizer's turn again; another one stays as it is. Raises NotFound."""
    thread, who = await get_thread(session, subscriber_id, lock=True)
    if thread.state == ThreadState.CLOSED:
        thread.state = ThreadState.OPEN
        thread.moved_at = datetime.now(UTC)
        await session.flush()
    return thread, who


async def take(session: AsyncSession, subscriber_id: int, name: str | None) -> tuple[Thread, Subscriber]:
    """Say who looks after it, who need not be an organizer; None gives it back. Raises NotFound.

    What was unread counts as read.
    """
    thread, who = await get_thread(session, subscriber_id, lock=True)
    thread.taken_by, thread.assigned_to = name, None
    thread.unread = 0
    await session.flush()
    return thread, who


async def assign(
    session: AsyncSession, subscriber_id: int, organizer_id: int | None, by: Actor
) -> tuple[Thread, Subscriber]:
    """Give it to an organizer who may answer; None gives it back. Raises NotFound, CannotLookAfter."""
    thread, who = await get_thread(session, subscriber_id, lock=True)
    name = None
    if organizer_id is not None:
        able = {one.id: one.name for one in await organizers_who(session, Scope.TALK)}
        if organizer_id not in able:
            raise CannotLookAfter(organizer_id)
        name = able[organizer_id]
    before = thread.assigned_to
    thread.taken_by, thread.assigned_to = name, organizer_id
    if before != organizer_id:
        note(session, by, "assigned", "conversation", subscriber_id, before=before, to=organizer_id)
    await session.flush()
    return thread, who


async def mark_read(session: AsyncSession, subscriber_id: int, moved_at: datetime) -> None:
    """Somebody has read it as it was at ``moved_at``; what has come since is still unread."""
    seen = update(Thread).where(
        Thread.subscriber_id == subscriber_id, Thread.moved_at == moved_at, Thread.unread > 0
    )
    await session.execute(seen.values(unread=0).execution_options(synchronize_session=False))


async def mark_unread(session: AsyncSession, subscriber_id: int) -> tuple[Thread, Subscriber]:
    """Somebody should read it again. Raises NotFound."""
    thread, who = await get_thread(session, subscriber_id, lock=True)
    thread.unread = max(thread.unread, 1)
    await session.flush()
    return thread, who


def _seen(thread: Thread) -> None:
    thread.unread = 0
    thread.moved_at = datetime.now(UTC)
