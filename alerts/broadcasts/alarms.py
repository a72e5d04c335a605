"""Alarms: somebody opened unusually many numbers. The admins are told by text."""

from __future__ import annotations

import logging

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.letters import text_one
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import service as subscribers
from alerts.subscribers.models import Standing
from alerts.team.actors import Role
from alerts.team.audit import note
from alerts.team.models import Alarm, Organizer

log = logging.getLogger(__name__)

# Whoever opened more within the hour, and of whom nobody was told within it.
_UNUSUAL = text("""
    INSERT INTO alarms (actor_id, people)
    SELECT a.actor_id, sum((a.facts ->> 'people')::bigint) FROM audit a
    WHERE a.noun = 'numbers' AND a.at > now() - interval '1 hour' AND a.actor_id IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM alarms b WHERE b.actor_id = a.actor_id AND b.at > now() - interval '1 hour')
    GROUP BY a.actor_id HAVING sum((a.facts ->> 'people')::bigint) > :above
    RETURNING id
""")


async def raise_alarms(session: AsyncSession) -> None:
    """Look whether somebody opened unusually many numbers, and tell every admin who gave a number."""
    raised = (await session.scalars(_UNUSUAL, {"above": settings().numbers_alarm_above})).all()
    if not raised:
        return
    query = select(Organizer).where(Organizer.role == Role.ADMIN, Organizer.disabled_at.is_(None))
    admins = [one for one in await session.scalars(query) if one.phone]
    for alarm in await session.scalars(select(Alarm).where(Alarm.id.in_(raised))):
        told = 0
        for admin in admins:
            told += await _tell(session, admin, alarm.people)
        alarm.told_at = alarm.at
        note(session, None, "alarm: numbers opened", "actor", alarm.actor_id, people=alarm.people, told=told)
        log.error(
            "unusually many numbers opened: actor=%s people=%s told=%s", alarm.actor_id, alarm.people, told
        )


async def _tell(session: AsyncSession, admin: Organizer, people: int) -> bool:
    assert admin.phone  # noqa: S101 - the caller looked
    language = Language(admin.language)
    who = await subscribers.take_up(session, admin.phone, language)
    if who.standing == Standing.LEFT:  # the carrier would let nothing through
        return False
    body = tr(
        language,
        "{organization}: ALARM. {people} phone numbers were opened within an hour. If none of you did it, "
        "lock down: {link}",
        organization=settings().organization_name,
        people=people,
        link=settings().public_base + "/team/lockdown",
    )
    await text_one(session, who.id, language, body, settings().senders, to_pending=True)
    return True
