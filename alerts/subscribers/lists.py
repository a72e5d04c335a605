"""What can be done with lists and their join words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from types import EllipsisType

from sqlalchemy import Row, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict, DomainError, NotFound
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.subscribers.joinable import forget_joinable
from alerts.subscribers.models import JoinWord, List, Membership
from alerts.team.actors import Actor
from alerts.team.audit import differences, note
from alerts.understanding.normalise import normalise
from alerts.understanding.reading import reserved_words


class ListNameTaken(Conflict):
    """Another list has this name."""

    code = "list_name_taken"
    field = "name"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is a list {name} already. Choose another name.")


class JoinWordTaken(Conflict):
    """Another list, or another language of this one, has this join word."""

    code = "join_word_taken"
    field = "join_words"

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(
            f"The join word {word} is in use. A word means one list and one language: choose another."
        )


class JoinWordReserved(DomainError):
    """The word means something else to everyone, such as STOP."""

    code = "join_word_reserved"
    field = "join_words"

    def __init__(self, word: str) -> None:
        self.word = word
        super().__init__(f"{word} cannot be a join word: it has another meaning in a text. Choose another.")


class ListHasMembers(Conflict):
    """A list with people on it is not deleted by one request."""

    code = "list_has_members"

    def __init__(self, list_id: int) -> None:
        self.list_id = list_id
        super().__init__(f"List {list_id} has people on it. Move them to another list first.")


Opening = tuple[time, time]  # when a list opens and closes, by the clocks of its zone


async def create_list(  # noqa: PLR0913 - what a list is
    session: AsyncSession,
    name: str,
    timezone: str,
    words: Mapping[Language, str],
    *,
    confirms: bool = False,
    hours: Opening | None = None,
    by: Actor | None = None,
) -> List:
    """Make a list. Raises ListNameTaken, JoinWordTaken, JoinWordReserved."""
    opens, closes = hours or (None, None)
    row = insert(List).values(name=name, timezone=timezone, confirms=confirms, opens=opens, closes=closes)
    made: List | None = await session.scalar(row.on_conflict_do_nothing().returning(List))
    if made is None:
        raise ListNameTaken(name)
    await _set_join_words(session, made.id, words)
    note(session, by, "made", "list", made.id)
    forget_joinable()
    return made


async def change_list(  # noqa: PLR0913 - what a list is
    session: AsyncSession,
    list_id: int,
    *,
    name: str | None = None,
    timezone: str | None = None,
    words: Mapping[Language, str] | None = None,
    confirms: bool | None = None,
    hours: Opening | EllipsisType | None = ...,
    by: Actor | None = None,
) -> List:
    """Change what is given; ``hours`` of None are those of everybody.

    Raises NotFound, ListNameTaken, JoinWordTaken, JoinWordReserved.
    """
    changed = await get_list(session, list_id)
    before = await _facts(session, changed)
    if name is not None and name != changed.name:
        if await session.scalar(select(exists().where(List.name == name))):
            raise ListNameTaken(name)
        changed.name = name
    if timezone is not None:
        changed.timezone = timezone
    if confirms is not None:
        changed.confirms = confirms
    if not isinstance(hours, EllipsisType):
        changed.opens, changed.closes = hours or (None, None)
    if words is not None:
        await session.execute(delete(JoinWord).where(JoinWord.list_id == list_id))
        await _set_join_words(session, list_id, words)
    await session.flush()
    note(session, by, "changed", "list", list_id, **differences(before, await _facts(session, changed)))
    forget_joinable()
    return changed


async def _facts(session: AsyncSession, one: List) -> dict[str, object]:
    words = (await words_of_lists(session, [one.id]))[one.id]
    return {
        "name": one.name,
        "timezone": one.timezone,
        "confirms": one.confirms,
        "hours": f"{one.opens} to {one.closes}" if one.opens else "everybody's",
        "join words": ", ".join(f"{language} {words[language]}" for language in sorted(words)),
    }


async def delete_list(session: AsyncSession, list_id: int, by: Actor | None = None) -> None:
    """Delete a list that nobody is on. Raises NotFound, ListHasMembers."""
    gone = await get_list(session, list_id)
    if await session.scalar(select(exists().where(Membership.list_id == list_id))):
        raise ListHasMembers(list_id)
    await session.delete(gone)
    note(session, by, "deleted", "list", list_id)
    forget_joinable()


async def get_list(session: AsyncSession, list_id: int) -> List:
    """The list. Raises NotFound."""
    found = await session.get(List, list_id)
    if found is None:
        raise NotFound("list", list_id)
    return found


async def require_lists(session: AsyncSession, list_ids: Iterable[int]) -> None:
    """Raises NotFound for the first of ``list_ids`` that does not exist."""
    wanted = set(list_ids)
    known = set(await session.scalars(select(List.id).where(List.id.in_(wanted))))
    for missing in sorted(wanted - known):
        raise NotFound("list", missing)


async def page_of_lists(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[List], int | None]:
    """Lists, oldest first, and the cursor of the next page."""
    return await page_of(session, select(List), List.id, after, limit)


async def words_of_lists(session: AsyncSession, list_ids: Iterable[int]) -> dict[int, dict[Language, str]]:
    """The join words of each list, by language, as organizers wrote them."""
    words: dict[int, dict[Language, str]] = {list_id: {} for list_id in list_ids}
    for row in await session.scalars(select(JoinWord).where(JoinWord.list_id.in_(words))):
        words[row.list_id][Language(row.language)] = row.word
    return words


async def zones_of(session: AsyncSession, list_ids: Iterable[int]) -> set[str]:
    """The time zones of these lists."""
    return set(await session.scalars(select(List.timezone).where(List.id.in_(set(list_ids)))))


async def hours_of_lists(session: AsyncSession) -> Sequence[Row[int, str, time | None, time | None]]:
    """Id, time zone, and the hours of its own where it has some, of every list."""
    return (await session.execute(select(List.id, List.timezone, List.opens, List.closes))).all()


async def names_of_lists(session: AsyncSession) -> dict[int | None, str]:
    """The name of every list that there is."""
    return {row.id: row.name for row in await session.execute(select(List.id, List.name))}


async def lists_by_name(session: AsyncSession) -> list[tuple[int, str]]:
    """Number and name of every list, in the order of their names."""
    rows = await session.execute(select(List.id, List.name).order_by(func.lower(List.name), List.id))
    return [(row.id, row.name) for row in rows]


async def _set_join_words(session: AsyncSession, list_id: int, words: Mapping[Language, str]) -> None:
    for language, word in words.items():
        key = normalise(word)
        if not key or key in reserved_words():
            raise JoinWordReserved(word)
        row = insert(JoinWord).values(key=key, word=word, list_id=list_id, language=language)
        if await session.scalar(row.on_conflict_do_nothing().returning(JoinWord.key)) is None:
            raise JoinWordTaken(word)
