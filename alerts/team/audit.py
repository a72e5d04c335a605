"""The audit trail: who did what, when, and from where."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.storage.pages import page_of
from alerts.team.actors import Actor
from alerts.team.models import AuditEntry

THE_CLOCK = "the clock"
ON_THE_SERVER = "the command line"
MOST_SHOWN = 200  # characters of a value
BACKUP = "backup"  # the noun of an entry about a backup that was made
NUMBERS = "numbers"  # the noun of an entry about numbers that somebody opened; its fact ``people``: how many


def note(
    session: AsyncSession, by: Actor | None, what: str, noun: str, number: int, **facts: str | int | None
) -> None:
    """Write down that ``by``, or the clock, did ``what`` to the ``noun`` with this id.

    Commits with what was done. ``facts`` hold no number, no text of a worker and no secret.
    """
    note_of(session, by, by.name if by else THE_CLOCK, what, noun, number, **facts)


def note_of(
    session: AsyncSession,
    by: Actor | None,
    who: str,
    what: str,
    noun: str,
    number: int,
    **facts: str | int | None,
) -> None:
    """The same for ``who`` is no actor: the command line."""
    entry = AuditEntry(
        actor_id=by.id if by else None,
        who=who,
        network=by.where if by else None,
        what=what,
        noun=noun,
        number=number,
        facts=facts,
    )
    session.add(entry)


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """What of something changed, from what to what, for the facts of an entry."""
    return {
        name: f"{_short(before.get(name))} → {_short(now)}"
        for name, now in after.items()
        if before.get(name) != now
    }


def _short(value: object) -> str:
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return text if len(text) <= MOST_SHOWN else text[:MOST_SHOWN] + "..."


def numbers_opened(session: AsyncSession, by: Actor, what: str, people: int) -> None:
    """Write down that ``by`` got to see the numbers of so many ``people``."""
    if people:
        note(session, by, what, NUMBERS, 0, people=people)


async def page_of_entries(
    session: AsyncSession,
    after: int | None,
    limit: int,
    *,
    noun: str | None = None,
    number: int | None = None,
) -> tuple[Sequence[AuditEntry], int | None]:
    """What was done, the oldest first; to one thing where it is named. And the cursor of the next page."""
    query = select(AuditEntry)
    if noun is not None:
        query = query.where(AuditEntry.noun == noun)
    if number is not None:
        query = query.where(AuditEntry.number == number)
    return await page_of(session, query, AuditEntry.id, after, limit)


@dataclass(frozen=True)
class About:
    """Entries of which all of this is true; what is None does not narrow. ``until``: before this moment."""

    noun: str | None = None
    number: int | None = None
    actor: int | None = None
    until: datetime | None = None


async def latest_entries(
    session: AsyncSession, about: About, before: int | None, limit: int
) -> tuple[Sequence[AuditEntry], int | None]:
    """What was done, the newest first; of what was before the entry ``before``. And the cursor."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if about.noun is not None:
        query = query.where(AuditEntry.noun == about.noun)
    if about.number is not None:
        query = query.where(AuditEntry.number == about.number)
    if about.actor is not None:
        query = query.where(AuditEntry.actor_id == about.actor)
    if about.until is not None:
        query = query.where(AuditEntry.at < about.until)
    rows = (await session.scalars(query)).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def last_of(session: AsyncSession, noun: str) -> AuditEntry | None:
    """The last thing that was done to something of this kind."""
    query = select(AuditEntry).where(AuditEntry.noun == noun).order_by(AuditEntry.id.desc()).limit(1)
    found: AuditEntry | None = await session.scalar(query)
    return found


@dataclass(frozen=True)
class Head:
    """The end of the chain: whoever noted it elsewhere can tell whether the trail was cut short since."""

    place: int
    hash: str

    def __str__(self) -> str:
        return f"{self.place}:{self.hash}"


class Broken(Exception):
    """The audit trail is not what was written: somebody changed the database past its triggers."""


# An entry as its hash covers it: what audit_entry says (migration 0010), but not by that function, as
# whoever changes entries can change functions.
_LINKS = text("""
    SELECT c.place, c.hash, CASE WHEN a.id IS NOT NULL THEN
        jsonb_build_array(a.id, to_char(a.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"'),
                          a.actor_id, a.who, a.network, a.what, a.noun, a.number, a.facts)::text END AS entry
    FROM audit_chain c LEFT JOIN audit a ON a.id = c.entry_id
    WHERE c.place > :after ORDER BY c.place LIMIT :size
""")
_UNCHAINED = text(
    "SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT FROM audit_chain c WHERE c.entry_id = a.id)"
)
_HEAD = text("SELECT place, hash FROM audit_chain ORDER BY place DESC LIMIT 1")
LINKS_AT_ONCE = 10_000


async def head(session: AsyncSession) -> Head:
    """The end of the chain as it stands."""
    row = (await session.execute(_HEAD)).one_or_none()
    return Head(row.place, bytes(row.hash).hex()) if row else Head(0, "")


async def verify(session: AsyncSession, noted: Head | None = None) -> Head:
    """Compute the whole chain anew; its end. Raises Broken, naming the first place that does not fit.

    ``noted``: an end that somebody noted before. It must be on the way.
    """
    place, before = 0, b""
    seen = noted is None
    while links := (await session.execute(_LINKS, {"after": place, "size": LINKS_AT_ONCE})).all():
        for link in links:
            if link.place != place + 1 or link.entry is None:
                raise Broken(f"An entry is missing after place {place}.")
            before = hashlib.sha256(before + link.entry.encode()).digest()
            if before != bytes(link.hash):
                raise Broken(f"The entry at place {link.place} is not what was written.")
            place = link.place
            if noted and noted.place == place:
                if noted.hash != before.hex():
                    raise Broken(f"The chain up to place {place} is another one than was noted.")
                seen = True
    if not seen:
        raise Broken(f"The trail ends at place {place}, before the place that was noted.")
    if extra := await session.scalar(_UNCHAINED):
        raise Broken(f"{extra} entries are not in the chain.")
    return Head(place, before.hex())
