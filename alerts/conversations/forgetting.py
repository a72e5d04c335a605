"""Forgetting somebody because an organizer was asked to, as it is done for whoever texts FORGET ME."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import letters
from alerts.language.languages import Language
from alerts.storage.engine import driver_of
from alerts.subscribers import people, service
from alerts.subscribers.people import Person
from alerts.team.actors import Actor
from alerts.team.audit import note


async def forget(session: AsyncSession, subscriber_id: int, by: Actor) -> None:
    """Erase all that is held of somebody; only a digest of the number stays. Raises NotFound."""
    who = await service.get_subscriber(session, subscriber_id)
    person = Person(who.id, who.phone, Language(who.language), who.standing)
    session.expunge(who)
    note(session, by, "forgot", "subscriber", subscriber_id)
    await session.flush()
    connection = await driver_of(session)
    await letters.forget(connection, [subscriber_id])
    await people.forget(connection, [person])
