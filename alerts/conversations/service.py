"""The organizers' inbox: what no rule understood, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import islice

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import letters
from alerts.broadcasts.states import DeliveryState
from alerts.conversations.models import CannedAnswer, Message, Reply, Thread, ThreadState
from alerts.errors import Conflict, DomainError, NotFound
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import page_of
from alerts.subscribers.models import Standing, Subscriber


class CannotBeAnswered(Conflict):
    """Somebody who left is texted by nobody, until they write a join word or START."""

    code = "subscriber_left"

    def __init__(self) -> None:
        super().__init__("This person said that they want no more texts. Nothing can be sent to them.")


class NoCannedText(DomainError):
    """A canned answer that does not exist in the language of the person."""

    code = "no_canned_text"
    field = "canned"

    def __init__(self, name: str, language: Language) -> None:
        self.name, self.language = name, language
        super().__init__(
            f"The canned answer {name} has no text in {language}. Add it, or write one yourself."
        )


class CannedNameTaken(Conflict):
    """Another canned answer has this name."""

    code = "canned_name_taken"
    field = "name"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is a canned answer {name} already. Choose another name.")


class BadCursor(DomainError):
    """What was sent as ``after`` came from no page of ours."""

    code = "bad_cursor"
    field = "after"

    def __init__(self) -> None:
        super().__init__("Send as `after` what the page before gave as `next`.")


@dataclass(frozen=True)
class Said:
    """One text of a thread. ``by``: worker, machine, or the name of an organizer."""

    at: datetime
    by: str
    text: str
    intent: str | None = None  # what a worker's text was taken for
    media: int = 0
    state: DeliveryState | None = None  # how far an organizer's text has come


async def page_of_threads(
    session: AsyncSession, state: ThreadState | None, taken_by: str | None, after: str | None, limit: int
) -> tuple[Sequence[tuple[Thread, Subscriber]], str | None]:
    """Conversations, those that have waited longest first, and the cursor of the next page.

    Raises BadCursor.
    """
    query = (
        select(Thread, Subscriber)
        .join(Subscriber, Subscriber.id == Thread.subscriber_id)
        .where(Thread.state.is_not(None) if state is None else Thread.state == state)
        .order_by(Thread.moved_at, Thread.subscriber_id)
        .limit(limit + 1)
    )
    if taken_by is not None:
        query = query.where(Thread.taken_by == taken_by)
    if after is not None:
        query = query.where(tuple_(Thread.moved_at, Thread.subscriber_id) > tuple_(*_moment(after)))
    rows = [(row[0], row[1]) for row in await session.execute(query)]
    last = rows[limit - 1][0] if len(rows) > limit else None
    return rows[:limit], f"{last.moved_at.timestamp():.6f}-{last.subscriber_id}" if last else None


async def how_many_wait(session: AsyncSession) -> int:
    """Conversations in which it is an organizer's turn."""
    query = select(func.count()).select_from(Thread).where(Thread.state == ThreadState.OPEN)
    return await session.scalar(query) or 0


def _moment(cursor: str) -> tuple[datetime, int]:
    moment, _, number = cursor.rpartition("-")
    try:
        return datetime.fromtimestamp(float(moment), UTC), int(number)
    except (ValueError, OverflowError, OSError):
        raise BadCursor from None


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


async def texts_of(session: AsyncSession, subscriber_id: int, most: int) -> list[Said]:
    """The last ``most`` texts between a subscriber, the machine and the organizers, the oldest first."""
    replies = await session.scalars(
        select(Reply).where(Reply.subscriber_id == subscriber_id).order_by(Reply.id.desc()).limit(most)
    )
    theirs = [one for reply in replies for one in _both(reply)]
    written = (
        await session.scalars(
            select(Message)
            .where(Message.subscriber_id == subscriber_id)
            .order_by(Message.id.desc())
            .limit(most)
        )
    ).all()
    states = await letters.states_of(session, [message.alert_id for message in written])
    ours = [
        Said(message.written_at, message.author, message.body, state=states.get(message.alert_id))
        for message in written
    ]
    newest_first = merge(theirs, ours, key=lambda one: one.at, reverse=True)
    return list(islice(newest_first, most))[::-1]


def _both(reply: Reply) -> list[Said]:
    """A text and its answer, the newest first."""
    text = Said(reply.received_at, "worker", reply.body or "", reply.intent, reply.media)
    return [Said(reply.received_at, "machine", reply.answer), text] if reply.answer else [text]


async def write(
    session: AsyncSession, subscriber_id: int, author: str, body: str | None, canned_id: int | None = None
) -> tuple[Thread, Subscriber]:
    """Answer somebody, in words of one's own or by a canned answer in their language.

    It goes out by the fan-out engine, before every alert. Raises NotFound, CannotBeAnswered,
    NoCannedText, and what ``text_one`` raises.
    """
    thread, who = await get_thread(session, subscriber_id, lock=True)
    if who.standing == Standing.LEFT:
        raise CannotBeAnswered
    text = body if canned_id is None else await _canned_text(session, canned_id, who.language)
    assert text is not None  # noqa: S101 - the schema asks for one of them
    alert_id = await letters.text_one(
        session, subscriber_id, who.language, text, settings().senders, to_pending=True
    )
    session.add(Message(subscriber_id=subscriber_id, alert_id=alert_id, author=author, body=text))
    thread.state = ThreadState.WAITING
    thread.taken_by = thread.taken_by or author
    _seen(thread)
    await session.flush()
    return thread, who


async def close(session: AsyncSession, subscriber_id: int) -> tuple[Thread, Subscriber]:
    """Nothing more is to be done; another text of theirs opens it again. Raises NotFound."""
    thread, who = await get_thread(session, subscriber_id, lock=True)
    thread.state = ThreadState.CLOSED
    _seen(thread)
    await session.flush()
    return thread, who


async def take(session: AsyncSession, subscriber_id: int, name: str | None) -> tuple[Thread, Subscriber]:
    """Say who looks after it; None gives it back. What was unread counts as read. Raises NotFound."""
    thread, who = await get_thread(session, subscriber_id, lock=True)
    thread.taken_by = name
    thread.unread = 0
    await session.flush()
    return thread, who


def _seen(thread: Thread) -> None:
    thread.unread = 0
    thread.moved_at = datetime.now(UTC)


async def page_of_canned_answers(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[CannedAnswer], int | None]:
    """Canned answers, oldest first, and the cursor of the next page."""
    return await page_of(session, select(CannedAnswer), CannedAnswer.id, after, limit)


async def add_canned_answer(session: AsyncSession, name: str, text: Mapping[Language, str]) -> CannedAnswer:
    """Keep an answer that is given often. Raises CannedNameTaken."""
    row = insert(CannedAnswer).values(name=name, text={str(key): value for key, value in text.items()})
    made: CannedAnswer | None = await session.scalar(row.on_conflict_do_nothing().returning(CannedAnswer))
    if made is None:
        raise CannedNameTaken(name)
    return made


async def remove_canned_answer(session: AsyncSession, canned_id: int) -> None:
    """Raises NotFound."""
    await session.delete(await _canned(session, canned_id))


async def _canned(session: AsyncSession, canned_id: int) -> CannedAnswer:
    found = await session.get(CannedAnswer, canned_id)
    if found is None:
        raise NotFound("canned answer", canned_id)
    return found


async def _canned_text(session: AsyncSession, canned_id: int, language: Language) -> str:
    canned = await _canned(session, canned_id)
    if language not in canned.text:
        raise NoCannedText(canned.name, language)
    return canned.text[language]
