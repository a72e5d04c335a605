"""Canned answers: what organizers answer often, kept in each language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.conversations.models import CannedAnswer
from alerts.errors import Conflict, DomainError, NotFound
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.team.actors import Actor
from alerts.team.audit import differences, note

NOUN = "canned answer"  # in the audit trail


class NoCannedText(DomainError):
    """A canned answer that does not exist in the language of the person."""

    code = "no_canned_text"
    field = "canned"

    def __init__(self, name: str, language: Language) -> None:
        self.name, self.language = name, language
        super().__init__(
            f"The canned answer {name} has no text in {language}. Add it, or write one yourself."
        )


class CannedNameTaken(Conflict):
    """Another canned answer has this name."""

    code = "canned_name_taken"
    field = "name"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"There is a canned answer {name} already. Choose another name.")


async def page_of_canned_answers(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[CannedAnswer], int | None]:
    """Canned answers, oldest first, and the cursor of the next page."""
    return await page_of(session, select(CannedAnswer), CannedAnswer.id, after, limit)


async def get_canned_answer(session: AsyncSession, canned_id: int) -> CannedAnswer:
    """Raises NotFound."""
    found = await session.get(CannedAnswer, canned_id)
    if found is None:
        raise NotFound("canned answer", canned_id)
    return found


async def add_canned_answer(
    session: AsyncSession, name: str, text: Mapping[Language, str], by: Actor
) -> CannedAnswer:
    """Keep an answer that is given often. Raises CannedNameTaken."""
    row = insert(CannedAnswer).values(name=name, text=_plain(text))
    made: CannedAnswer | None = await session.scalar(row.on_conflict_do_nothing().returning(CannedAnswer))
    if made is None:
        raise CannedNameTaken(name)
    note(session, by, "kept", NOUN, made.id)
    return made


async def change_canned_answer(
    session: AsyncSession, canned_id: int, name: str | None, text: Mapping[Language, str] | None, by: Actor
) -> CannedAnswer:
    """Another name, or other texts in place of all that it had; None stays as it is.

    Raises NotFound, CannedNameTaken.
    """
    canned = await get_canned_answer(session, canned_id)
    before = {"name": canned.name}
    if name is not None:
        taken = exists().where(CannedAnswer.name == name, CannedAnswer.id != canned_id)
        if await session.scalar(select(taken)):
            raise CannedNameTaken(name)
        canned.name = name
    if text is not None:
        canned.text = _plain(text)
    await session.flush()
    # The texts are sealed: of them only that they were given.
    given = {"text": "changed"} if text is not None else {}
    note(session, by, "changed", NOUN, canned_id, **differences(before, {"name": canned.name}), **given)
    return canned


async def remove_canned_answer(session: AsyncSession, canned_id: int, by: Actor) -> None:
    """Raises NotFound."""
    gone = await get_canned_answer(session, canned_id)
    note(session, by, "removed", NOUN, canned_id, name=gone.name)
    await session.delete(gone)


async def canned_text(session: AsyncSession, canned_id: int, language: Language) -> str:
    """What it says in ``language``. Raises NotFound, NoCannedText."""
    canned = await get_canned_answer(session, canned_id)
    if language not in canned.text:
        raise NoCannedText(canned.name, language)
    return canned.text[language]


def _plain(text: Mapping[Language, str]) -> dict[str, str]:
    return {str(language): words for language, words in text.items()}
