"""What can be done with subscribers. Every change of consent writes its proof beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict, NotFound
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.storage.sealing import sealer
from alerts.storage.types import findable
from alerts.subscribers.import_models import ImportPerson
from alerts.subscribers.lists import require_lists
from alerts.subscribers.models import (
    Channel,
    ConsentEvent,
    ConsentKind,
    Forgotten,
    Invitation,
    Membership,
    Standing,
    Subscriber,
)
from alerts.team.actors import Actor
from alerts.team.audit import differences, note

ASK_AGAIN = timedelta(days=7)  # whoever did not answer whether they want to join


@dataclass(frozen=True)
class Proof:
    """How consent changed: by which channel, with which words, and where that can be looked up."""

    channel: Channel
    words: str | None = None
    source: str | None = None


class HasLeft(Conflict):
    """Somebody who left comes back only by their own text."""

    code = "subscriber_left"
    field = "phone"

    def __init__(self) -> None:
        super().__init__(
            "This person left. Only their own text, with a join word or START, brings them back."
        )


class WasForgotten(Conflict):
    """Somebody who asked to be forgotten; only a digest of the number is left."""

    code = "subscriber_forgotten"
    field = "phone"

    def __init__(self) -> None:
        super().__init__(
            "This person asked to be forgotten. Only their own text, with a join word, brings them back."
        )


async def find_by_phone(session: AsyncSession, phone: str, *, lock: bool = False) -> Subscriber | None:
    """Who has this number (E.164). With ``lock``, nobody else changes them before we commit."""
    query = select(Subscriber).where(findable(Subscriber.phone, phone))
    return await session.scalar(query.with_for_update() if lock else query)


async def was_forgotten(session: AsyncSession, phone: str) -> bool:
    """Whether the owner of this number asked to be forgotten, and has not joined again."""
    digests = sealer().digests(phone)
    return bool(await session.scalar(select(exists().where(Forgotten.digest.in_(digests)))))


async def get_subscriber(session: AsyncSession, subscriber_id: int, *, lock: bool = False) -> Subscriber:
    """The subscriber. Raises NotFound. With ``lock``, nobody else changes them before we commit."""
    found = await session.get(Subscriber, subscriber_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("subscriber", subscriber_id)
    return found


async def take_up(session: AsyncSession, phone: str, language: Language) -> Subscriber:
    """The row of ``phone``, made where there is none, and locked: two texts at once make one row."""
    known = await find_by_phone(session, phone, lock=True)
    if known is None:
        row = insert(Subscriber).values(phone=phone, language=language, standing=Standing.PENDING)
        await session.execute(row.on_conflict_do_nothing())
        known = await find_by_phone(session, phone, lock=True)
    assert known is not None  # noqa: S101 - inserted above or by the one that we waited for
    return known


async def add(
    session: AsyncSession,
    phone: str,
    language: Language,
    list_ids: Sequence[int],
    tags: Iterable[str],
    proof: Proof,
) -> Subscriber:
    """Put ``phone`` on lists for an organizer who holds its owner's consent.

    Raises NotFound for an unknown list, HasLeft for somebody who said STOP, WasForgotten.
    """
    await require_lists(session, list_ids)
    if await was_forgotten(session, phone):
        raise WasForgotten
    subscriber = await take_up(session, phone, language)
    if subscriber.standing == Standing.LEFT:
        raise HasLeft
    subscriber.language = language
    subscriber.standing = Standing.ACTIVE
    await _by_hand(session, subscriber, tags)
    subscriber.tags = sorted({*subscriber.tags, *tags})
    await _add_to_lists(session, subscriber.id, list_ids)
    for list_id in list_ids:
        _record(session, subscriber, ConsentKind.JOINED, proof, list_id)
    await session.flush()
    return subscriber


async def invite(
    session: AsyncSession, phone: str, list_id: int, language: Language, proof: Proof
) -> Subscriber | None:
    """Note that the owner of ``phone`` is asked whether they want to be on a list, before they are asked.

    None where they must not be asked: they left, were forgotten, cannot be reached, are on the list,
    or were asked within a week.
    """
    if await was_forgotten(session, phone):
        return None
    subscriber = await take_up(session, phone, language)
    if subscriber.standing not in (Standing.PENDING, Standing.ACTIVE):
        return None
    if list_id in (await lists_of(session, [subscriber.id]))[subscriber.id]:
        return None
    row = insert(Invitation).values(list_id=list_id, subscriber_id=subscriber.id)
    long_ago = Invitation.asked_at < func.now() - ASK_AGAIN
    asked = await session.scalar(
        row.on_conflict_do_update(
            index_elements=[Invitation.list_id, Invitation.subscriber_id],
            set_={"asked_at": func.now()},
            where=long_ago,
        ).returning(Invitation.subscriber_id)
    )
    if asked is None:
        return None
    if subscriber.standing == Standing.PENDING:
        subscriber.language = language
    _record(session, subscriber, ConsentKind.JOINED, proof, list_id)
    await session.flush()
    return subscriber


async def leave(session: AsyncSession, subscriber: Subscriber, proof: Proof) -> None:
    """Text this person no more. Deliveries still waiting are skipped when they are claimed."""
    if subscriber.standing != Standing.LEFT:
        subscriber.standing = Standing.LEFT
        subscriber.import_id, subscriber.was_pending = None, False  # it is their own word
        _record(session, subscriber, ConsentKind.LEFT, proof)
        await session.flush()


async def remove(
    session: AsyncSession, subscriber_id: int, channel: Channel, by: Actor, source: str | None = None
) -> Subscriber:
    """An organizer sees to it that this person is texted no more, on whatever list. Raises NotFound."""
    gone = await get_subscriber(session, subscriber_id, lock=True)
    await leave(session, gone, Proof(channel, source=source or by.name))
    note(session, by, "removed", "subscriber", gone.id)
    return gone


async def take_off(
    session: AsyncSession, subscriber_id: int, list_id: int, channel: Channel, by: Actor
) -> Subscriber:
    """An organizer takes this person off one list; on others they stay. Raises NotFound."""
    who = await get_subscriber(session, subscriber_id, lock=True)
    gone = delete(Membership).where(Membership.subscriber_id == who.id, Membership.list_id == list_id)
    if await session.scalar(gone.returning(Membership.list_id)) is None:
        raise NotFound("list", list_id)
    _record(session, who, ConsentKind.TAKEN_OFF, Proof(channel, source=by.name), list_id)
    note(session, by, "taken off a list", "subscriber", who.id, list=list_id)
    await session.flush()
    await session.refresh(who, ["lists"])
    return who


async def mark_unreachable(session: AsyncSession, subscriber_id: int) -> None:
    """The carrier says that this number gets no texts. Their own text brings them back."""
    subscriber = await get_subscriber(session, subscriber_id, lock=True)
    if subscriber.standing == Standing.ACTIVE:
        subscriber.standing = Standing.UNREACHABLE
        await session.flush()


async def change_language(
    session: AsyncSession, subscriber: Subscriber, language: Language, proof: Proof
) -> None:
    """Write to this person in ``language`` from now on."""
    if subscriber.language != language:
        subscriber.language = language
        _record(session, subscriber, ConsentKind.LANGUAGE_CHANGED, proof)
        await session.flush()


async def change(
    session: AsyncSession,
    subscriber_id: int,
    list_ids: Sequence[int] | None,
    tags: Iterable[str] | None,
    by: Actor | None = None,
) -> Subscriber:
    """Change the lists and tags that organizers keep of somebody. Raises NotFound."""
    subscriber = await get_subscriber(session, subscriber_id)
    before: dict[str, object] = {"lists": list(subscriber.lists), "tags": list(subscriber.tags)}
    if list_ids is not None:
        await require_lists(session, list_ids)
        of_theirs = Membership.subscriber_id == subscriber_id
        await session.execute(delete(Membership).where(of_theirs, Membership.list_id.not_in(list_ids)))
        if new := set(list_ids).difference(subscriber.lists):
            await _by_hand(session, subscriber, ())
            await _add_to_lists(session, subscriber_id, sorted(new))
    if tags is not None:
        await _tags_by_hand(session, subscriber_id, set(subscriber.tags).difference(tags))
        subscriber.tags = sorted(set(tags))
    await session.flush()
    await session.refresh(subscriber, ["lists"])
    after: dict[str, object] = {"lists": list(subscriber.lists), "tags": list(subscriber.tags)}
    if moved := differences(before, after):
        note(session, by, "changed", "subscriber", subscriber_id, **moved)
    return subscriber


async def lists_of(session: AsyncSession, subscriber_ids: Iterable[int]) -> Mapping[int, list[int]]:
    """The lists that each subscriber is on."""
    lists: dict[int, list[int]] = {subscriber_id: [] for subscriber_id in subscriber_ids}
    query = select(Membership).where(Membership.subscriber_id.in_(lists)).order_by(Membership.list_id)
    for row in await session.scalars(query):
        lists[row.subscriber_id].append(row.list_id)
    return lists


async def page_of_consent(
    session: AsyncSession, subscriber_id: int, after: int | None, limit: int
) -> tuple[Sequence[ConsentEvent], int | None]:
    """What happened to somebody's consent, oldest first, and the cursor of the next page."""
    query = select(ConsentEvent).where(ConsentEvent.subscriber_id == subscriber_id)
    return await page_of(session, query, ConsentEvent.id, after, limit)


async def consent_of(session: AsyncSession, subscriber_id: int) -> Sequence[ConsentEvent]:
    """What happened to somebody's consent, oldest first."""
    query = select(ConsentEvent).where(ConsentEvent.subscriber_id == subscriber_id).order_by(ConsentEvent.id)
    return (await session.scalars(query)).all()


async def _add_to_lists(session: AsyncSession, subscriber_id: int, list_ids: Iterable[int]) -> None:
    rows = [{"list_id": list_id, "subscriber_id": subscriber_id} for list_id in list_ids]
    if rows:
        row = insert(Membership).values(rows)
        await session.execute(
            row.on_conflict_do_update(
                index_elements=[Membership.list_id, Membership.subscriber_id],
                set_={"import_id": None},
                where=Membership.import_id.is_not(None),
            )
        )


async def _by_hand(session: AsyncSession, subscriber: Subscriber, tags: Iterable[str]) -> None:
    """An organizer says that this person is here, and has these tags, whatever an import says."""
    subscriber.import_id, subscriber.was_pending = None, False
    await _tags_by_hand(session, subscriber.id, tags)


async def _tags_by_hand(session: AsyncSession, subscriber_id: int, tags: Iterable[str]) -> None:
    """These tags come and go with no import any more."""
    names = sorted(tags)
    if names:
        given = ImportPerson.tags.op("&&")(names)
        for row in await session.scalars(
            select(ImportPerson).where(ImportPerson.subscriber_id == subscriber_id, given)
        ):
            row.tags = [tag for tag in row.tags if tag not in names]


def _record(
    session: AsyncSession, subscriber: Subscriber, kind: ConsentKind, proof: Proof, list_id: int | None = None
) -> None:
    session.add(
        ConsentEvent(
            subscriber_id=subscriber.id,
            list_id=list_id,
            kind=kind,
            channel=proof.channel,
            language=subscriber.language,
            words=proof.words,
            source=proof.source,
        )
    )
