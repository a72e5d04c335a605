"""Which subscribers somebody looks for: filters, pages, one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError, NotFound
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.subscribers.models import Standing, Subscriber
from alerts.subscribers.service import find_by_phone
from alerts.team.actors import Actor
from alerts.team.audit import NUMBERS, note

NOBODY = 0  # in the audit trail: somebody looked for a number, and it is nobody's
MOST_LOOKS = 30  # an hour, of a person who may not read numbers: more than a day at a table needs
# What stands in the trail, of numbers.
LOOKED, COULD_NOT_ADD, COULD_NOT_TEST = "looked for", "could not add", "could not test"
ADDED_AGAIN = "added again"
LOOKED_TOO_OFTEN = "looked for too often"


@dataclass(frozen=True)
class Sought:
    """Those of whom all of this is true; what is None does not narrow."""

    standing: Standing | None = None
    language: Language | None = None
    list_id: int | None = None
    tag: str | None = None


async def page_of_subscribers(
    session: AsyncSession, sought: Sought, after: int | None, limit: int
) -> tuple[Sequence[Subscriber], int | None]:
    """Subscribers, oldest first, and the cursor of the next page."""
    return await page_of(session, _those(sought), Subscriber.id, after, limit)


async def count_subscribers(session: AsyncSession, sought: Sought) -> int:
    """How many these are."""
    query = _those(sought).with_only_columns(func.count(), maintain_column_froms=True)
    return await session.scalar(query) or 0


def _those(sought: Sought) -> Select[Subscriber]:
    query = select(Subscriber)
    if sought.standing:
        query = query.where(Subscriber.standing == sought.standing)
    if sought.language:
        query = query.where(Subscriber.language == sought.language)
    if sought.list_id is not None:
        query = query.where(Subscriber.lists.contains([sought.list_id]))
    if sought.tag:
        query = query.where(Subscriber.tags.contains([sought.tag]))
    return query


class NobodyHasIt(NotFound):
    """A number that is nobody's here. That it was asked for stays in the trail."""

    stays = True

    def __init__(self) -> None:
        super().__init__("subscriber", "with this number")


class TooManyLooks(DomainError):
    """Somebody who may not read numbers tried many. The admins are told by text (broadcasts.alarms)."""

    status = 429
    code = "too_many_looks"
    stays = True

    def __init__(self) -> None:
        super().__init__(
            f"Who may not read numbers looks for at most {MOST_LOOKS} an hour. Try again later, or ask"
            " somebody who may."
        )


async def look_for(session: AsyncSession, phone: str, by: Actor) -> Subscriber | None:
    """Who has this number (E.164). That somebody asked, and whom they found, stands in the audit trail.

    Raises TooManyLooks.
    """
    found = await find_by_phone(session, phone)
    await look(session, LOOKED, found, by)
    return found


async def look(session: AsyncSession, what: str, found: Subscriber | None, by: Actor) -> None:
    """Write down that ``by`` learned about one number whether it is ``found``. Raises TooManyLooks.

    Whoever has a list of numbers could learn so who of them is subscribed.
    """
    if not by.may_read_numbers:
        await _let_look(session, by)
    # Of who may read it the whole number is counted where it is shown.
    people = 0 if found and by.may_read_numbers else 1
    note(session, by, what, NUMBERS, found.id if found else NOBODY, people=people)


def met(session: AsyncSession, who: Subscriber, by: Actor) -> None:
    """Write down that ``by`` added somebody who was here already, and learns it from the answer."""
    if not by.may_read_numbers:
        note(session, by, ADDED_AGAIN, NUMBERS, who.id, people=1)


_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended('looks of ' || cast(:person AS text), 0))")
# Of one person, by whatever keys of theirs.
_LOOKS = text("""
    SELECT count(*) FILTER (WHERE a.what = ANY (:looks)) AS looks,
           count(*) FILTER (WHERE a.what = :refused) AS refused
    FROM audit a
    WHERE a.noun = 'numbers' AND a.at > now() - interval '1 hour'
      AND (a.actor_id = :person OR a.actor_id IN (SELECT id FROM api_keys WHERE organizer_id = :person))
""")


async def _let_look(session: AsyncSession, by: Actor) -> None:
    """One at a time, until the caller commits: many at once would each be the last that is free."""
    await session.execute(_ALONE, {"person": by.person})
    given = {
        "person": by.person,
        "looks": [LOOKED, COULD_NOT_ADD, COULD_NOT_TEST],
        "refused": LOOKED_TOO_OFTEN,
    }
    before = (await session.execute(_LOOKS, given)).one()
    if before.looks >= MOST_LOOKS:
        if not before.refused:
            note(session, by, LOOKED_TOO_OFTEN, NUMBERS, NOBODY, people=0)
        raise TooManyLooks
