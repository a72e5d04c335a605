"""What was said in a conversation: by the worker, the machine and organizers, and the alerts between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import letters
from alerts.broadcasts.states import DeliveryState
from alerts.broadcasts.told import alerts_to
from alerts.conversations.models import Message, Reply

WORKER, MACHINE, ALERT = "worker", "machine", "alert"


@dataclass(frozen=True)
class Said:
    """One text of a thread. ``by``: worker, machine, alert, or the name of an organizer."""

    at: datetime
    by: str
    text: str
    intent: str | None = None  # what a worker's text was taken for
    media: int = 0
    state: DeliveryState | None = None  # how far an organizer's text, or an alert, has come
    alert: int | None = None  # which alert it is


async def texts_of(session: AsyncSession, subscriber_id: int, most: int) -> list[Said]:
    """The last ``most`` texts between a subscriber and us, the oldest first."""
    newest_first = merge(
        await _answered(session, subscriber_id, most),
        await _written(session, subscriber_id, most),
        await _alerts(session, subscriber_id, most),
        key=lambda one: one.at,
        reverse=True,
    )
    return list(islice(newest_first, most))[::-1]


async def _answered(session: AsyncSession, subscriber_id: int, most: int) -> list[Said]:
    """Texts of theirs and what the machine answered, the newest first."""
    replies = select(Reply).where(Reply.subscriber_id == subscriber_id).order_by(Reply.id.desc()).limit(most)
    return [one for reply in await session.scalars(replies) for one in _both(reply)]


def _both(reply: Reply) -> list[Said]:
    """A text and its answer, the newest first."""
    theirs = Said(reply.received_at, WORKER, reply.body or "", reply.intent, reply.media)
    return [Said(reply.received_at, MACHINE, reply.answer), theirs] if reply.answer else [theirs]


async def _written(session: AsyncSession, subscriber_id: int, most: int) -> list[Said]:
    """What organizers wrote, the newest first."""
    query = select(Message).where(Message.subscriber_id == subscriber_id)
    written = (await session.scalars(query.order_by(Message.id.desc()).limit(most))).all()
    states = await letters.states_of(session, [message.alert_id for message in written])
    return [
        Said(message.written_at, message.author, message.body, state=states.get(message.alert_id))
        for message in written
    ]


async def _alerts(session: AsyncSession, subscriber_id: int, most: int) -> list[Said]:
    """Alerts that they had, the newest first."""
    return [
        Said(one.at, ALERT, one.body, state=one.state, alert=one.alert_id)
        for one in await alerts_to(session, subscriber_id, most)
    ]


# Plan: of each person the newest reply by the index on subscriber_id.
_LAST_WORDS = text("""
    SELECT r.id FROM unnest(cast(:people AS bigint[])) AS person,
    LATERAL (SELECT id FROM replies WHERE subscriber_id = person ORDER BY id DESC LIMIT 1) r
""")


async def last_words(session: AsyncSession, subscriber_ids: Iterable[int]) -> dict[int, str]:
    """What each of these people texted last; who texted nothing that is kept is left out."""
    ids: Sequence[int] = (await session.scalars(_LAST_WORDS, {"people": list(subscriber_ids)})).all()
    rows = await session.execute(select(Reply.subscriber_id, Reply.body).where(Reply.id.in_(ids)))
    return {row.subscriber_id: row.body or "" for row in rows if row.subscriber_id is not None}
