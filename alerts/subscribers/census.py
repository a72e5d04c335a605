"""How many people are alike: of one standing and language, and on the same lists.

Triggers write down what each statement changes (migration 0019); the clock adds that up. Some hundred
rows say of a million people how many there are, and nothing of any of them.
"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# What is written meanwhile is not seen, and stays beside the sum.
_ADD_UP = text("""
    WITH several AS (
        SELECT standing, language, lists FROM census GROUP BY 1, 2, 3 HAVING count(*) > 1
    ), gone AS (
        DELETE FROM census c USING several s
        WHERE c.standing = s.standing AND c.language = s.language AND c.lists = s.lists
        RETURNING c.standing, c.language, c.lists, c.people
    )
    INSERT INTO census (standing, language, lists, people)
    SELECT standing, language, lists, sum(people) FROM gone GROUP BY 1, 2, 3 HAVING sum(people) <> 0
""")


async def add_up(session: AsyncSession) -> None:
    """Make one row of several about people who are alike."""
    await session.execute(_ADD_UP)
