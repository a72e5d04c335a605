"""Alarms: what the admins are told by text, because nobody may be looking at a screen.

Somebody opened unusually many numbers; the system had to pause an alert. That nothing can be sent at all
cannot be told by text: of that Prometheus knows (``alerts.alarms``).
"""

from __future__ import annotations

import logging

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.letters import text_one
from alerts.broadcasts.locking import TROUBLE
from alerts.broadcasts.trying import own_number
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import service as subscribers
from alerts.subscribers.finding import LOOKED_TOO_OFTEN
from alerts.subscribers.models import Standing
from alerts.team.actors import Role
from alerts.team.audit import note
from alerts.team.models import Alarm, Organizer

log = logging.getLogger(__name__)

# Which person, by whatever keys of theirs, opened or looked for more within the hour, or was refused to
# look for more; and nobody was told of them within it.
_UNUSUAL = text("""
    INSERT INTO alarms (actor_id, people)
    SELECT person, sum(people) FROM (
        SELECT coalesce(k.organizer_id, a.actor_id) AS person, a.what,
               (a.facts ->> 'people')::bigint AS people
        FROM audit a LEFT JOIN api_keys k ON k.id = a.actor_id
        WHERE a.noun = 'numbers' AND a.at > now() - interval '1 hour' AND a.actor_id IS NOT NULL
    ) AS opened
    WHERE NOT EXISTS (SELECT FROM alarms b WHERE b.actor_id = person AND b.at > now() - interval '1 hour')
    GROUP BY person HAVING sum(people) > :above OR bool_or(what = :refused)
    RETURNING id
""")


# Paused by the system, and nobody was told since. Not by a lockdown: who did that knows.
_PAUSED = text("""
    SELECT a.id FROM alerts a
    WHERE a.state = 'paused' AND a.trouble IS NOT NULL AND a.trouble <> :locked_down
      AND a.to_subscriber IS NULL
      AND NOT EXISTS (
          SELECT FROM audit told
          WHERE told.noun = 'alert' AND told.number = a.id AND told.what = 'alarm: paused'
            AND told.id > coalesce((
                SELECT max(p.id) FROM audit p
                WHERE p.noun = 'alert' AND p.number = a.id AND p.what = 'paused'), 0))
    ORDER BY a.id
""")


async def raise_alarms(session: AsyncSession) -> None:
    """Look for what admins must know, and tell every one who gave a number."""
    await _numbers_opened(session)
    await _alerts_paused(session)


async def _alerts_paused(session: AsyncSession) -> None:
    """One text, however many were paused: as a rule they have one cause."""
    paused = (await session.scalars(_PAUSED, {"locked_down": TROUBLE})).all()
    if not paused:
        return
    path = f"/alerts/{paused[0]}" if len(paused) == 1 else "/"
    told = 0
    for admin in await _admins(session):
        language = Language(admin.language)
        body = tr(
            language,
            "{organization}: an alert was paused, not everybody got it. Why, and what to do: {link}",
            organization=settings().organization_name,
            link=settings().public_base + path,
        )
        told += await _tell(session, admin, body)
    for alert_id in paused:
        note(session, None, "alarm: paused", "alert", alert_id, told=told)
        log.error("admins are told that an alert is paused: alert=%s told=%s", alert_id, told)


async def somebody_hears(session: AsyncSession) -> bool:
    """Whether alarms are texted to anybody; also where their numbers cannot be opened."""
    query = select(Organizer.id).where(
        Organizer.role == Role.ADMIN, Organizer.disabled_at.is_(None), Organizer.phone.is_not(None)
    )
    return await session.scalar(query.limit(1)) is not None


async def _admins(session: AsyncSession) -> list[Organizer]:
    query = select(Organizer).where(Organizer.role == Role.ADMIN, Organizer.disabled_at.is_(None))
    return [one for one in await session.scalars(query) if one.phone]


async def _numbers_opened(session: AsyncSession) -> None:
    given = {"above": settings().numbers_alarm_above, "refused": LOOKED_TOO_OFTEN}
    raised = (await session.scalars(_UNUSUAL, given)).all()
    if not raised:
        return
    admins = await _admins(session)
    for alarm in await session.scalars(select(Alarm).where(Alarm.id.in_(raised))):
        told = 0
        for admin in admins:
            told += await _tell(session, admin, _opened(Language(admin.language), alarm.people))
        alarm.told_at = alarm.at
        note(session, None, "alarm: numbers opened", "actor", alarm.actor_id, people=alarm.people, told=told)
        log.error(
            "unusually many numbers opened: actor=%s people=%s told=%s", alarm.actor_id, alarm.people, told
        )


def _opened(language: Language, people: int) -> str:
    return tr(
        language,
        "{organization}: ALARM. {people} phone numbers were opened or looked for within an hour. If none of "
        "you did it, lock down: {link}",
        organization=settings().organization_name,
        people=people,
        link=settings().public_base + "/team/lockdown",
    )


async def _tell(session: AsyncSession, admin: Organizer, body: str) -> bool:
    phone = await own_number(session, admin.id)
    if phone is None:
        return False
    language = Language(admin.language)
    who = await subscribers.take_up(session, phone, language)
    if who.standing == Standing.LEFT:  # the carrier would let nothing through
        return False
    await text_one(session, who.id, language, body, settings().senders, to_pending=True)
    return True
