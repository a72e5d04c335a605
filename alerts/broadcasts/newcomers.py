"""Who was put on a list by us, and has had no text that says how to leave: for them any alert is the first.

Whoever joins by text or on the sign-up page is told at once. To ask of each of a million people what they
had takes seconds; so the newest alerts are looked at, and what was put on their lists since.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.audience import Audience
from alerts.broadcasts.forecast import says_how_to_leave
from alerts.broadcasts.models import Alert
from alerts.broadcasts.states import AlertState
from alerts.storage.sealing import SealBroken, sealer
from alerts.subscribers.import_models import Import, ImportState
from alerts.subscribers.models import Channel, ConsentEvent, ConsentKind

LATEST_ALERTS, LATEST_FILES, LATEST_EVENTS = 50, 500, 10_000
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


async def some_are_new(session: AsyncSession, lists: Collection[int]) -> bool:
    """Whether a file or an organizer put people on one of ``lists`` since it was last told how to leave."""
    if not lists:
        return False
    put_on = [*await _by_file(session), *await _by_hand(session, lists)]
    if not any(one in lists for one, _ in put_on):
        return False
    told = await _told_how_to_leave(session)
    return any(at > told.get(one, NEVER) for one, at in put_on if one in lists)


async def _told_how_to_leave(session: AsyncSession) -> dict[int, datetime]:
    """When all of a list last had an alert that names the way out to each of its readers."""
    latest = (
        select(Alert.audience, type_coerce(Alert.bodies, LargeBinary), Alert.prepared_at)
        .where(
            Alert.to_subscriber.is_(None),
            Alert.prepared_at.is_not(None),
            Alert.state.in_((AlertState.SENDING, AlertState.SENT)),
        )
        .order_by(Alert.id.desc())
        .limit(LATEST_ALERTS)
    )
    told: dict[int, datetime] = {}
    for audience, sealed, at in await session.execute(latest):
        meant = Audience.model_validate(audience)
        everybody = set(meant.model_dump(exclude_defaults=True)) == {"lists"}
        if at and everybody and _names_the_way_out(sealed):
            told |= {one: max(at, told.get(one, NEVER)) for one in meant.lists}
    return told


def _names_the_way_out(sealed: bytes) -> bool:
    try:
        return says_how_to_leave(sealer().open_json("alerts.bodies", bytes(sealed)))
    except SealBroken:  # one alert that does not open stops no other
        return False


async def _by_file(session: AsyncSession) -> list[tuple[int, datetime]]:
    files = (
        select(Import.lists, Import.created_at)
        .where(Import.state.in_((ImportState.RUNNING, ImportState.DONE)), Import.taken > 0)
        .order_by(Import.id.desc())
        .limit(LATEST_FILES)
    )
    return [(one, at) for lists, at in await session.execute(files) for one in lists]


async def _by_hand(session: AsyncSession, lists: Collection[int]) -> list[tuple[int, datetime]]:
    newest = select(ConsentEvent).order_by(ConsentEvent.id.desc()).limit(LATEST_EVENTS).subquery()
    joined = (
        select(newest.c.list_id, func.max(newest.c.at))
        .where(
            newest.c.list_id.in_(lists),
            newest.c.kind == ConsentKind.JOINED,
            newest.c.channel.in_((Channel.API, Channel.CONSOLE)),
        )
        .group_by(newest.c.list_id)
    )
    return [(one, at) for one, at in await session.execute(joined)]
