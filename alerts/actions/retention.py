"""What stays of an action that is long over: how many answered what, and not who."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.turnout import GIVEN_BY_HOUR, GIVEN_BY_LIST

_OVER = text("""
    SELECT id FROM actions WHERE counted_at IS NULL AND ends_at < now() - :kept
    ORDER BY ends_at LIMIT 1 FOR UPDATE SKIP LOCKED
""")
# Before their people are gone.
_COUNT_LISTS = text(f"""
    INSERT INTO kept_list_answers (list_id, answer, people, guests, action_id)
    SELECT given.*, :action FROM ({GIVEN_BY_LIST}) AS given
    ON CONFLICT (action_id, list_id, answer) DO UPDATE
    SET people = kept_list_answers.people + excluded.people,
        guests = kept_list_answers.guests + excluded.guests
""")  # noqa: S608 - a statement of ours
_COUNT_HOURS = text(f"""
    INSERT INTO kept_hour_answers (hour, answer, people, action_id)
    SELECT given.*, :action FROM ({GIVEN_BY_HOUR}) AS given
    ON CONFLICT (action_id, hour, answer) DO UPDATE
    SET people = kept_hour_answers.people + excluded.people
""")  # noqa: S608 - a statement of ours
_COUNT = text("""
    WITH gone AS (DELETE FROM rsvps WHERE action_id = :action RETURNING language, answer, guests)
    INSERT INTO kept_answers (action_id, language, answer, people, guests)
    SELECT :action, language, answer, count(*), sum(guests) FROM gone GROUP BY language, answer
    ON CONFLICT (action_id, language, answer) DO UPDATE
    SET people = kept_answers.people + excluded.people, guests = kept_answers.guests + excluded.guests
""")
_COUNTED = text("UPDATE actions SET counted_at = now() WHERE id = :action")


async def one_that_is_over(session: AsyncSession, kept: timedelta) -> int | None:
    """An action that ended so long ago and whose people are known still, locked; None where there is none."""
    found: int | None = await session.scalar(_OVER, {"kept": kept})
    return found


async def count_answers(session: AsyncSession, action_id: int) -> None:
    """Keep numbers in place of the people who answered. An answer that comes later is counted next time."""
    for count in (_COUNT_LISTS, _COUNT_HOURS, _COUNT):
        await session.execute(count, {"action": action_id})
    await session.execute(_COUNTED, {"action": action_id})
