"""What follows from the carrier's error codes, for the subscriber and for the alert (carrier/codes.py)."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import filtered, lifecycle
from alerts.broadcasts.models import Alert
from alerts.broadcasts.statements import ALL_REFUSED, REOPEN
from alerts.broadcasts.states import AlertState
from alerts.carrier.codes import FILTERED, Remedy, code
from alerts.errors import NotFound
from alerts.subscribers import service as subscribers
from alerts.subscribers.models import Channel
from alerts.subscribers.service import Proof

REFUSED_WITHOUT_ONE_TAKEN = 20  # texts of an alert, for the same kind of reason: not the people's fault

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Coded:
    """A delivery that moved, and the code that the carrier gave with it, if any."""

    alert_id: int
    subscriber_id: int
    code: int | None


async def follow(session: AsyncSession, moved: Iterable[Coded]) -> None:
    """Apply each code's remedy. In order of id, so that two workers cannot wait for each other."""
    coded = sorted((one for one in moved if one.code), key=lambda one: (one.alert_id, one.subscriber_id))
    paused: set[int] = set()
    judged: set[int] = set()
    for one in coded:
        if one.alert_id in paused:  # the rest of the batch says the same
            continue
        trouble = None
        if await _is_broken(session, one):
            trouble = f"{code(one.code).meaning} (Twilio's code {one.code})"
        elif one.code in FILTERED and one.alert_id not in judged:
            trouble = await filtered.trouble_of(session, one.alert_id, one.code)
            judged.add(one.alert_id)
        if trouble is not None:
            await _pause(session, one, trouble)
            paused.add(one.alert_id)
    for one in sorted(coded, key=lambda one: one.subscriber_id):
        with suppress(NotFound):  # who was forgotten
            await _tell_subscriber(session, one)


async def _tell_subscriber(session: AsyncSession, one: Coded) -> None:
    match code(one.code).remedy:
        case Remedy.LEFT:
            who = await subscribers.get_subscriber(session, one.subscriber_id, lock=True)
            await subscribers.leave(session, who, Proof(Channel.CARRIER, source=str(one.code)))
        case Remedy.UNREACHABLE:
            await subscribers.mark_unreachable(session, one.subscriber_id)


async def _is_broken(session: AsyncSession, one: Coded) -> bool:
    """Whether the code speaks of our account or sender, or of every text of the alert so far."""
    remedy = code(one.code).remedy
    if remedy is Remedy.FAIL:
        given = {"alert": one.alert_id, "most": REFUSED_WITHOUT_ONE_TAKEN}
        return bool(await session.scalar(ALL_REFUSED, given))
    return remedy is Remedy.PAUSE


async def reopen(session: AsyncSession, alert_ids: Iterable[int]) -> None:
    """Texts of these alerts came back from the carrier: those that were over are not, any more."""
    await session.execute(REOPEN, {"alerts": sorted(set(alert_ids))})


async def _pause(session: AsyncSession, one: Coded, trouble: str) -> None:
    alert = await session.get(Alert, one.alert_id, with_for_update=True)
    if alert is None:
        return
    if alert.to_subscriber is not None:  # the letter has failed: nobody could resume it
        log.error("letter failed, something of ours is broken: alert=%s code=%s", one.alert_id, one.code)
    elif alert.state == AlertState.SENDING:
        await lifecycle.pause(session, one.alert_id, trouble)
        log.error("alert paused: alert=%s code=%s", one.alert_id, one.code)
