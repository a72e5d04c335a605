"""Who will come: answers counted by list and by hour, and the roster of those who gave them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.models import Rsvp
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.subscribers.lists import names_of_lists
from alerts.subscribers.models import Subscriber
from alerts.understanding.intents import Answer

ROWS_AT_ONCE = 2_000


@dataclass(frozen=True)
class OfList:
    """How many on one list gave one answer, and their guests; on two lists one is counted in both."""

    list_id: int
    answer: Answer
    people: int
    guests: int


@dataclass(frozen=True)
class OfHour:
    """How many gave, within the hour that began then, the answer that they give now."""

    hour: datetime
    answer: Answer
    people: int


# People are alike who were on the same lists: lists are taken apart after they are counted.
GIVEN_BY_LIST = """
    SELECT list_id, answer, sum(people) AS people, sum(guests) AS guests
    FROM (SELECT lists, answer, count(*) AS people, sum(guests) AS guests
          FROM rsvps WHERE action_id = :action GROUP BY lists, answer) AS alike, unnest(lists) AS list_id
    GROUP BY list_id, answer
"""
GIVEN_BY_HOUR = """
    SELECT date_trunc('hour', answered_at) AS hour, answer, count(*) AS people
    FROM rsvps WHERE action_id = :action GROUP BY 1, 2
"""
# And what is kept of answers whose people are forgotten (retention.py).
_BY_LIST = text(f"""
    SELECT list_id, answer, sum(people) AS people, sum(guests) AS guests
    FROM ({GIVEN_BY_LIST} UNION ALL
          SELECT list_id, answer, people, guests FROM kept_list_answers WHERE action_id = :action) AS every
    GROUP BY list_id, answer ORDER BY list_id, answer
""")  # noqa: S608 - statements of ours
_BY_HOUR = text(f"""
    SELECT hour, answer, sum(people) AS people
    FROM ({GIVEN_BY_HOUR} UNION ALL
          SELECT hour, answer, people FROM kept_hour_answers WHERE action_id = :action) AS every
    GROUP BY hour, answer ORDER BY hour, answer
""")  # noqa: S608 - the same


async def by_list(session: AsyncSession, action_id: int) -> list[OfList]:
    """Answers to an action by the lists that people were on when they answered."""
    rows = await session.execute(_BY_LIST, {"action": action_id})
    return [OfList(row.list_id, Answer(row.answer), int(row.people), int(row.guests)) for row in rows]


async def by_hour(session: AsyncSession, action_id: int) -> list[OfHour]:
    """Answers to an action by the hour in which they were given, the first hour first."""
    rows = await session.execute(_BY_HOUR, {"action": action_id})
    return [OfHour(row.hour, Answer(row.answer), int(row.people)) for row in rows]


async def page_of_roster(
    session: AsyncSession, action_id: int, answer: Answer | None, after: int | None, limit: int
) -> tuple[Sequence[tuple[Rsvp, Subscriber]], int | None]:
    """Who gave ``answer``, or any, in order of subscriber, and the cursor of the next page."""
    query = (
        select(Rsvp, Subscriber)
        .join(Subscriber, Subscriber.id == Rsvp.subscriber_id)
        .where(Rsvp.action_id == action_id, Rsvp.subscriber_id > (after or 0))
        .order_by(Rsvp.subscriber_id)
        .limit(limit + 1)
    )
    if answer is not None:
        query = query.where(Rsvp.answer == answer)
    rows = [(row[0], row[1]) for row in await session.execute(query)]
    return rows[:limit], rows[limit - 1][1].id if len(rows) > limit else None


@dataclass(frozen=True)
class Coming:
    """One answer as an organizer reads it."""

    phone: str
    answer: str
    guests: int
    language: Language
    lists: str
    answered_at: datetime


async def lines(action_id: int) -> AsyncIterator[list[Coming]]:
    """The whole roster, some thousand at a time, in sessions of its own."""
    async with session_scope() as session:
        names = await names_of_lists(session)
    after: int | None = 0
    while after is not None:
        async with session_scope() as session:
            rows, after = await page_of_roster(session, action_id, None, after, ROWS_AT_ONCE)
        yield [
            Coming(
                who.phone,
                given.answer,
                given.guests,
                Language(who.language),
                ", ".join(sorted(names.get(one, "") for one in who.lists)),
                given.answered_at,
            )
            for given, who in rows
        ]
