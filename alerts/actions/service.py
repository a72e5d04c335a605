"""What can be done with actions and RSVPs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, literal, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.models import Action, KeptAnswers, Rsvp
from alerts.errors import Conflict, DomainError, NotFound
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.team.actors import Actor
from alerts.team.audit import differences, note
from alerts.understanding.intents import Answer

TOLD = ("starts_at", "timezone", "place")
SEALED = frozenset({"place", "title", "details"})  # that they changed is written down, not from what to what
"""What people must know to be there."""


class EndsBeforeStart(DomainError):
    """An action that ends before it begins."""

    code = "ends_before_start"
    field = "ends_at"

    def __init__(self) -> None:
        super().__init__("An action ends after it starts. Change ends_at or starts_at.")


class ActionCancelled(Conflict):
    """What was asked needs an action that is still on."""

    code = "action_cancelled"

    def __init__(self, action_id: int) -> None:
        self.action_id = action_id
        super().__init__(f"Action {action_id} was cancelled.")


@dataclass(frozen=True)
class Answered:
    """How many subscribers of one language gave one answer, and their guests."""

    language: Language
    answer: Answer
    people: int
    guests: int


async def create_action(session: AsyncSession, facts: Mapping[str, Any], by: Actor | None = None) -> Action:
    """Make an action from ``facts``, one for each column. Raises EndsBeforeStart."""
    action = Action(**facts)
    if action.ends_at <= action.starts_at:
        raise EndsBeforeStart
    session.add(action)
    await session.flush()
    note(session, by, "made", "action", action.id)
    return action


async def get_action(session: AsyncSession, action_id: int, *, lock: bool = False) -> Action:
    """The action. Raises NotFound. With ``lock``, nobody else changes it before we commit."""
    found = await session.get(Action, action_id, with_for_update=lock or None)
    if found is None:
        raise NotFound("action", action_id)
    return found


async def page_of_actions(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[Action], int | None]:
    """Actions, oldest first, and the cursor of the next page."""
    return await page_of(session, select(Action), Action.id, after, limit)


async def coming_actions(session: AsyncSession, most: int) -> Sequence[Action]:
    """What is still to come or going on, the next first."""
    coming = select(Action).where(Action.ends_at > datetime.now(UTC), Action.cancelled_at.is_(None))
    return (await session.scalars(coming.order_by(Action.starts_at, Action.id).limit(most))).all()


async def past_actions(
    session: AsyncSession, most: int, before: int | None = None
) -> tuple[Sequence[Action], int | None]:
    """What is over or was called off, the latest first, and the cursor of the next page.

    ``before``: such a cursor, the last action of the page before.
    """
    over = or_(Action.ends_at <= datetime.now(UTC), Action.cancelled_at.is_not(None))
    place = tuple_(Action.starts_at, Action.id)
    newest = select(Action).where(over).order_by(Action.starts_at.desc(), Action.id.desc())
    if before is not None:
        last = select(Action.starts_at, Action.id).where(Action.id == before).scalar_subquery()
        newest = newest.where(place < last)
    rows = (await session.scalars(newest.limit(most + 1))).all()
    return rows[:most], rows[most - 1].id if len(rows) > most else None


async def actions_between(session: AsyncSession, begins: datetime, ends: datetime) -> Sequence[Action]:
    """What goes on at some time between two moments, also what was called off, the first first."""
    within = select(Action).where(Action.starts_at < ends, Action.ends_at > begins)
    return (await session.scalars(within.order_by(Action.starts_at, Action.id))).all()


async def change_action(
    session: AsyncSession, action_id: int, facts: Mapping[str, Any], by: Actor | None = None
) -> Action:
    """Change what ``facts`` holds. Raises NotFound, ActionCancelled, EndsBeforeStart.

    With its time or place, its version changes: alerts with the old ones are withdrawn, and those who
    had them can be told (broadcasts/changes.py).
    """
    action = await get_action(session, action_id, lock=True)
    if action.cancelled_at:
        raise ActionCancelled(action_id)
    told, named = [getattr(action, name) for name in TOLD], action.title
    before = {name: getattr(action, name) for name in facts}
    for name, value in facts.items():
        setattr(action, name, value)
    moved = told != [getattr(action, name) for name in TOLD]
    action.version += moved
    if moved or named != action.title:
        action.facts_by = by.person if by else None
    if action.ends_at <= action.starts_at:
        raise EndsBeforeStart
    note(session, by, "changed", "action", action_id, **_moved(before, facts))
    await session.flush()
    return action


def _moved(before: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, str]:
    moved = differences(before, facts)
    return {name: "changed" if name in SEALED else says for name, says in moved.items()}


async def cancel_action(session: AsyncSession, action_id: int, by: Actor | None = None) -> Action:
    """Call it off. Cancelling twice is cancelling once."""
    action = await get_action(session, action_id, lock=True)
    if action.cancelled_at is None:
        action.cancelled_at = datetime.now(UTC)
        action.version += 1
        note(session, by, "called off", "action", action_id)
    await session.flush()
    return action


async def page_of_rsvps(
    session: AsyncSession, action_id: int, answer: Answer | None, after: int | None, limit: int
) -> tuple[Sequence[Rsvp], int | None]:
    """Answers to an action, or those that are ``answer``, in order of subscriber. Raises NotFound."""
    await get_action(session, action_id)
    query = select(Rsvp).where(Rsvp.action_id == action_id)
    if answer is not None:
        query = query.where(Rsvp.answer == answer)
    return await page_of(session, query, Rsvp.subscriber_id, after, limit)


async def answers_of(session: AsyncSession, subscriber_id: int, most: int) -> Sequence[tuple[Rsvp, Action]]:
    """What somebody answered, and to which action, the last answer first."""
    query = (
        select(Rsvp, Action)
        .join(Action, Action.id == Rsvp.action_id)
        .where(Rsvp.subscriber_id == subscriber_id)
        .order_by(Rsvp.answered_at.desc(), Rsvp.action_id)
        .limit(most)
    )
    return [(row[0], row[1]) for row in await session.execute(query)]


async def summary(session: AsyncSession, action_id: int) -> list[Answered]:
    """How many answered what, by language. Raises NotFound."""
    await get_action(session, action_id)
    given = select(Rsvp.language, Rsvp.answer, literal(1).label("people"), Rsvp.guests)
    kept = select(KeptAnswers.language, KeptAnswers.answer, KeptAnswers.people, KeptAnswers.guests)
    every = union_all(
        given.where(Rsvp.action_id == action_id), kept.where(KeptAnswers.action_id == action_id)
    ).subquery()
    alike = every.c.language, every.c.answer
    query = (
        select(*alike, func.sum(every.c.people), func.sum(every.c.guests)).group_by(*alike).order_by(*alike)
    )
    return [
        Answered(Language(language), Answer(said), people, guests)
        for language, said, people, guests in await session.execute(query)
    ]
