"""Letters: texts to one person. They go out as alerts do, with all that keeps those safe, but first.

An organizer's answer in a conversation, and the text that asks somebody to confirm. A letter is an
alert of its own kind with a sealed body, and one delivery: it is claimed before it is sent, settled
when nobody knows, moved on by callbacks, and paced, before everything else on its sender.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg import AsyncConnection
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.forecast import MICROS
from alerts.broadcasts.models import QUIET, Alert, Delivery
from alerts.broadcasts.statements import FORGET_LETTERS, FORGET_TEXTS, LOCK_THEIR_DELIVERIES
from alerts.broadcasts.states import AlertState, DeliveryState
from alerts.broadcasts.texts import TextTooLong
from alerts.errors import DomainError, NotFound
from alerts.language.languages import Language
from alerts.language.segments import BodyTooLong, Segments, composed, costly, segments
from alerts.settings import settings
from alerts.storage.engine import for_the_driver
from alerts.subscribers.models import Subscriber

_LOCK_THEIR_DELIVERIES = for_the_driver(LOCK_THEIR_DELIVERIES)
_FORGET_TEXTS = for_the_driver(FORGET_TEXTS)
_FORGET_LETTERS = tuple(for_the_driver(statement) for statement in FORGET_LETTERS)


class NothingWritten(DomainError):
    """A letter without a word in it."""

    code = "nothing_written"
    field = "body"

    def __init__(self) -> None:
        super().__init__("There is nothing in this text. Write something.")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a letter takes on the air. ``price`` in millionths of the currency's unit, None where none is set.

    ``cheaper``: what makes it dear, and another spelling where there is one.
    """

    segments: Segments
    price: int | None
    cheaper: Mapping[str, str | None]


def measure(language: Language, body: str) -> Measured:
    """What ``body`` would take. Raises NothingWritten, TextTooLong."""
    if not body.strip():
        raise NothingWritten
    try:
        found = segments(body)
    except BodyTooLong as error:
        raise TextTooLong(language, error.length, error.limit) from None
    per_part = settings().price_per_part
    price = None if per_part is None else found.parts * int(per_part * MICROS)
    return Measured(found, price, {one.character: one.cheaper for one in costly(body)})


async def text_one(
    session: AsyncSession,
    subscriber_id: int,
    language: Language,
    body: str,
    senders: Sequence[str],
    *,
    to_pending: bool = False,
) -> int:
    """Send ``body`` to one person from their usual of ``senders``. The alert's id.

    Goes out once the caller has committed: the clock sees it within a second, the job ``send`` at
    once. Nobody who left gets it. Somebody whose standing is ``pending`` gets it only where it is
    ``to_pending``, for which the caller knows a reason: they wrote to us, or it asks them to confirm.
    Raises NothingWritten, TextTooLong, NotFound.
    """
    body = composed(body)
    parts = measure(language, body).segments.parts
    # As a foreign key would: whoever is being forgotten at this moment gets no letter any more.
    there = select(Subscriber.id).where(Subscriber.id == subscriber_id)
    if await session.scalar(there.with_for_update(read=True, key_share=True)) is None:
        raise NotFound("subscriber", subscriber_id)
    now = datetime.now(UTC)
    letter = Alert(
        state=AlertState.SENDING,
        audience={},
        text={},
        asks_rsvp=False,
        urgent=False,
        prepared_at=now,
        look_up_at=now + QUIET,
        to_subscriber=subscriber_id,
        sealed_body=body,
        parts=parts,
        to_pending=to_pending,
    )
    session.add(letter)
    await session.flush()
    session.add(
        Delivery(
            alert_id=letter.id,
            subscriber_id=subscriber_id,
            language=language,
            sender=senders[subscriber_id % len(senders)],
            state=DeliveryState.WAITING,
        )
    )
    await session.flush()
    return letter.id


async def states_of(session: AsyncSession, alert_ids: Iterable[int]) -> dict[int, DeliveryState]:
    """What became of each of these letters. One that is not there any more is left out."""
    query = (
        select(Alert.id, Delivery.state)
        .join(Delivery, (Delivery.alert_id == Alert.id) & (Delivery.subscriber_id == Alert.to_subscriber))
        .where(Alert.id.in_(list(alert_ids)))
    )
    return {number: DeliveryState(state) for number, state in await session.execute(query)}


async def forget(connection: AsyncConnection, subscriber_ids: list[int]) -> None:
    """Erase what alerts hold of these people: their letters, and what leads to texts at the carrier.

    What still waits for them is skipped; what is on its way leaves no trace when it is recorded. The
    caller's transaction commits, and deletes their rows in ``subscribers`` after this. Straight
    through the driver.
    """
    given = {"subscribers": subscriber_ids, "erase": settings().twilio_copies != "keep"}
    # All that are theirs, in order of id as everybody locks them, before anything is changed.
    await connection.execute(_LOCK_THEIR_DELIVERIES, given)
    await connection.execute(_FORGET_TEXTS, given)
    for statement in _FORGET_LETTERS:
        await connection.execute(statement, given)
