"""How many people were on a list and could be texted, by day and language.

Triggers write down what each statement changes (migration 0014); the clock adds that up. A picture of
years is a look at some thousand rows, however many people there are, and says nothing of any of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import case, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.language.languages import Language
from alerts.subscribers.models import ListDay

WEEK = timedelta(days=7)

_ADD_UP = text("""
    WITH several AS (
        SELECT list_id, day, language FROM list_days GROUP BY 1, 2, 3 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM list_days d USING several s
        WHERE d.list_id = s.list_id AND d.day = s.day AND d.language = s.language
        RETURNING d.list_id, d.day, d.language, d.people
    )
    INSERT INTO list_days (list_id, day, language, people)
    SELECT list_id, day, language, sum(people) FROM gone GROUP BY 1, 2, 3 HAVING sum(people) <> 0
""")


@dataclass(frozen=True)
class Week:
    """How many there were at the end of ``day``, in each language that anybody read."""

    day: date
    people: Mapping[Language, int]

    @property
    def all(self) -> int:
        """Everybody."""
        return sum(self.people.values())


async def people_now(session: AsyncSession) -> Mapping[int, Mapping[Language, int]]:
    """How many are on each list and can be texted, by language."""
    query = select(ListDay.list_id, ListDay.language, func.sum(ListDay.people))
    found: dict[int, Counter[Language]] = defaultdict(Counter)
    for list_id, language, people in await session.execute(
        query.group_by(ListDay.list_id, ListDay.language).order_by(ListDay.language)
    ):
        found[list_id][Language(language)] = people
    return found


async def weeks_of(session: AsyncSession, list_id: int, today: date, weeks: int) -> Sequence[Week]:
    """A list at the end of each of the last ``weeks`` weeks, and before them; the oldest first."""
    first = today - weeks * WEEK
    # What came before is one sum: a list of ten years is no more work than one of a quarter.
    since = case((ListDay.day <= first, first), else_=ListDay.day).label("since")
    query = (
        select(since, ListDay.language, func.sum(ListDay.people))
        .where(ListDay.list_id == list_id)
        .group_by(since, ListDay.language)
        .order_by(since)
    )
    changes = [(day, Language(language), people) for day, language, people in await session.execute(query)]
    seen = sorted({language for _, language, _ in changes})
    return [
        Week(
            day,
            {one: sum(n for when, language, n in changes if language == one and when <= day) for one in seen},
        )
        for day in (first + number * WEEK for number in range(weeks + 1))
    ]


async def add_up(session: AsyncSession) -> None:
    """Make one row of several about the same list, day and language."""
    await session.execute(_ADD_UP)
