"""Who gets an alert: the rule that picks subscribers, as one query."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Rsvp
from alerts.language.languages import Language
from alerts.subscribers.lists import require_lists
from alerts.subscribers.models import Membership, Standing, Subscriber
from alerts.subscribers.schemas import Closed
from alerts.understanding.intents import Answer

Key = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Audience(Closed):
    """On any of ``lists``, and with any of ``languages``, ``tags`` and ``answers`` to ``action``.

    An empty part does not narrow. Somebody on two lists is one person.
    """

    lists: list[Key] = []
    languages: list[Language] = []
    tags: list[str] = []
    action: Key | None = None
    answers: list[Answer] = []

    @model_validator(mode="after")
    def _names_somebody(self) -> Audience:
        if not (self.lists or self.tags or self.action):
            raise ValueError("name at least one list, tag or action")
        if self.answers and not self.action:
            raise ValueError("answers need the action that they were given to")
        return self


async def require_audience(session: AsyncSession, audience: Audience) -> None:
    """Raises NotFound for a list or an action that does not exist."""
    await require_lists(session, audience.lists)
    if audience.action:
        await actions.get_action(session, audience.action)


def people(audience: Audience) -> Select[int, Language]:
    """Id and language of everyone in the audience who may be texted."""
    query = select(Subscriber.id, Subscriber.language).where(Subscriber.standing == Standing.ACTIVE)
    if audience.lists:
        on_a_list = select(Membership.subscriber_id).where(Membership.list_id.in_(audience.lists))
        query = query.where(Subscriber.id.in_(on_a_list))
    if audience.languages:
        query = query.where(Subscriber.language.in_(audience.languages))
    if audience.tags:
        query = query.where(Subscriber.tags.overlap(audience.tags))
    if audience.action:
        answered = select(Rsvp.subscriber_id).where(Rsvp.action_id == audience.action)
        if audience.answers:
            answered = answered.where(Rsvp.answer.in_(audience.answers))
        query = query.where(Subscriber.id.in_(answered))
    return query


async def people_by_language(session: AsyncSession, audience: Audience) -> dict[Language, int]:
    """How many people of each language are in the audience now."""
    everyone = people(audience).subquery()
    query = select(everyone.c.language, func.count()).group_by(everyone.c.language)
    return {Language(language): count for language, count in await session.execute(query)}
