"""Imports of subscribers: a file comes in, is sealed, and is taken in the background, some rows at a time.

Every group of rows is one transaction: whatever breaks, a row is taken once or refused once. Who left
stays left; who was forgotten is not known again. An import is taken back as a whole in the same way.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError, NotFound
from alerts.language.languages import Language
from alerts.storage.pages import page_of
from alerts.storage.sealing import sealer
from alerts.subscribers.import_models import CHUNKS, REFUSALS, Import, ImportChunk, ImportRefusal, ImportState
from alerts.subscribers.lists import require_lists
from alerts.subscribers.sheets import Row, Sheet, columns_of
from alerts.team.actors import Actor
from alerts.team.audit import note

MOST_OCTETS = 256 * 2**20
MOST_ROWS = 1_000_000
MOVING = (ImportState.WAITING, ImportState.RUNNING, ImportState.TAKING_BACK)
ROWS_A_CHUNK = 5_000
# A file may come slowly: seconds pass between two groups of its rows. How long its sender may be silent says
# alerts/bounds.py.
PATIENTLY = text("SET LOCAL idle_in_transaction_session_timeout = '15min'")
KEPT = timedelta(days=7)  # rows that were refused
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # how .xlsx and .ods, and .xls, begin


class TooLarge(DomainError):
    """A file that is larger than we take at once."""

    status = 413
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(
            f"A file has at most {MOST_ROWS:,} rows and {MOST_OCTETS // 2**20} MB. Cut it into several."
        )


class NothingInIt(DomainError):
    """A file without a row."""

    code = "nothing_in_it"

    def __init__(self) -> None:
        super().__init__("There is no row under the header of this file.")


class Workbook(DomainError):
    """A workbook of a spreadsheet program, which is no CSV file."""

    code = "workbook"

    def __init__(self) -> None:
        super().__init__("This is a workbook. In the spreadsheet program save it as CSV, and send that.")


class ConsentToCome(DomainError):
    """Consent that is dated in the future."""

    code = "consent_to_come"
    field = "consent_date"

    def __init__(self) -> None:
        super().__init__("consent_date is still to come. When did these people consent?")


class NoSuchImport(NotFound):
    """There is no import with this id."""

    def __init__(self, import_id: int) -> None:
        super().__init__("import", import_id)


@dataclass(frozen=True)
class Given:
    """What is said of a file as a whole: for rows that do not say it themselves."""

    lists: Sequence[int]
    language: Language | None
    source: str | None
    consent_date: date | None
    day_first: bool


async def upload(session: AsyncSession, given: Given, pieces: AsyncIterator[bytes], by: Actor) -> Import:
    """Seal the file's rows as they come; no more than some thousand are in memory at once.

    Raises NotFound for a list, ConsentToCome, Workbook, TooLarge, NothingInIt, NoPhoneColumn, ColumnTwice.
    """
    await session.execute(PATIENTLY)
    await require_lists(session, given.lists)
    if given.consent_date and given.consent_date > datetime.now(UTC).date():
        raise ConsentToCome
    made = Import(
        lists=sorted(set(given.lists)),
        columns={},
        language=given.language,
        source=given.source,
        consent_date=given.consent_date,
        day_first=given.day_first,
        rows=0,
        by=by.person,
    )
    session.add(made)
    await session.flush()
    sheet, rows, chunks = Sheet(), list[Row](), 0

    async def keep(least: int) -> None:
        nonlocal rows, chunks
        if rows and not made.columns:
            made.columns = {str(name): place for name, place in columns_of(rows.pop(0).cells).items()}
        while len(rows) >= least:
            some, rows = rows[:ROWS_A_CHUNK], rows[ROWS_A_CHUNK:]
            made.rows += len(some)
            if made.rows > MOST_ROWS:
                raise TooLarge
            session.add(ImportChunk(import_id=made.id, number=chunks, sealed=_sealed(some)))
            await session.flush()
            session.expunge_all()  # what is written need not be remembered
            session.add(made)
            chunks += 1

    async for piece in _bounded(pieces):
        rows += sheet.feed(piece)
        await keep(ROWS_A_CHUNK)
    rows += sheet.end()
    await keep(ROWS_A_CHUNK)
    if rows:
        await keep(1)
    if not made.rows:
        raise NothingInIt
    note(session, by, "imported", "import", made.id, rows=made.rows)
    await session.flush()
    await session.refresh(made)
    return made


async def _bounded(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    octets = 0
    async for piece in pieces:
        if not octets and piece.startswith(WORKBOOKS):
            raise Workbook
        octets += len(piece)
        if octets > MOST_OCTETS:
            raise TooLarge
        yield piece


def _sealed(rows: Sequence[Row]) -> bytes:
    octets = json.dumps([[row.line, row.broken, *row.cells] for row in rows]).encode()
    return sealer().seal_octets(CHUNKS, octets)


def rows_of(chunk: ImportChunk) -> list[Row]:
    """The rows that were sealed. Raises SealBroken."""
    found = json.loads(sealer().open_octets(CHUNKS, chunk.sealed))
    return [Row(line, cells, broken) for line, broken, *cells in found]


async def get_import(session: AsyncSession, import_id: int, *, lock: bool = False) -> Import:
    """The import. Raises NoSuchImport. With ``lock``, nobody else changes it before we commit."""
    found = await session.get(Import, import_id, with_for_update=lock or None, populate_existing=lock)
    if found is None:
        raise NoSuchImport(import_id)
    return found


async def page_of_imports(
    session: AsyncSession, after: int | None, limit: int
) -> tuple[Sequence[Import], int | None]:
    """Imports, oldest first, and the cursor of the next page."""
    return await page_of(session, select(Import), Import.id, after, limit)


async def latest_imports(
    session: AsyncSession, before: int | None, limit: int
) -> tuple[Sequence[Import], int | None]:
    """Imports, the newest first, and the cursor of the next page."""
    query = select(Import).order_by(Import.id.desc()).limit(limit + 1)
    rows = (await session.scalars(query if before is None else query.where(Import.id < before))).all()
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


async def refusals_of(session: AsyncSession, import_id: int, after: int) -> list[tuple[int, str, list[str]]]:
    """Line, reason and cells of some of the refused rows, after the line ``after``, in order."""
    query = (
        select(ImportRefusal)
        .where(ImportRefusal.import_id == import_id, ImportRefusal.line > after)
        .order_by(ImportRefusal.line)
        .limit(ROWS_A_CHUNK)
    )
    return [
        (one.line, one.reason, json.loads(sealer().open_octets(REFUSALS, one.sealed)))
        for one in await session.scalars(query)
    ]


async def take_back(session: AsyncSession, import_id: int, by: Actor) -> Import:
    """Undo an import, in the background. Taking back twice is taking back once. Raises NoSuchImport.

    All is as if it had never been (taking_back.py): who came with it and has done nothing since is gone;
    who has written to us or answered stays, and is texted no more; who joined by their own text, was put on
    a list by hand or stands in another import as well stays as they are. Who left stays left.
    """
    found = await get_import(session, import_id, lock=True)
    if found.state not in (ImportState.TAKING_BACK, ImportState.TAKEN_BACK):
        found.state = ImportState.TAKING_BACK
        await session.execute(delete(ImportChunk).where(ImportChunk.import_id == import_id))
        note(session, by, "taken back", "import", import_id)
        await session.flush()
    return found


async def owed(session: AsyncSession) -> bool:
    """Whether an import is to be worked on."""
    return await session.scalar(select(Import.id).where(Import.state.in_(MOVING)).limit(1)) is not None


async def forget_old_refusals(session: AsyncSession) -> None:
    """Rows that were refused are erased after a week; how many, and why, stays."""
    old = select(Import.id).where(Import.finished_at < func.now() - KEPT)
    await session.execute(delete(ImportRefusal).where(ImportRefusal.import_id.in_(old)))


async def finish(session: AsyncSession, import_id: int, state: ImportState) -> None:
    """Nothing is left to do."""
    given = {"state": state, "finished_at": func.now()}
    await session.execute(update(Import).where(Import.id == import_id).values(given))
