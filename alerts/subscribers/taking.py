"""What a worker does for an import: takes some rows, or takes some back, each time in one transaction."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import driver_of, session_scope
from alerts.storage.sealing import sealer
from alerts.subscribers.import_models import REFUSALS, Import, ImportChunk, ImportState
from alerts.subscribers.imports import MOVING, finish, rows_of
from alerts.subscribers.people import ORIGIN, PHONE
from alerts.subscribers.sheet_words import Column, Refused
from alerts.subscribers.sheets import Candidate, Defaults, Row, judge, phone_of
from alerts.subscribers.taking_back import take_some_back

STINT_SECONDS = 2.0  # then the queue gets a chance: texts must not wait for a file

_STAGE = """
    CREATE TEMPORARY TABLE staged (
        line integer, phone bytea, older bytea[], digests bytea[], language text, tags text[], origin bytea
    ) ON COMMIT DROP
"""
_COPY = "COPY staged (line, phone, older, digests, language, tags, origin) FROM STDIN"
# A number that was sealed with an older key is found in that form.
_OLDER: LiteralString = """
    UPDATE staged SET phone = s.phone FROM subscribers s
    WHERE s.phone = ANY (staged.older) AND cardinality(staged.older) > 0
"""
_FORGOTTEN: LiteralString = """
    DELETE FROM staged USING forgotten f WHERE f.digest = ANY (staged.digests) RETURNING line
"""
# In order, so that two imports with the same new numbers wait for each other and never in a circle.
_MEET: LiteralString = """
    INSERT INTO subscribers (phone, language, standing, tags, import_id)
    SELECT phone, language, 'active', tags, %(import)s FROM staged ORDER BY phone
    ON CONFLICT DO NOTHING
"""
_KNOWN: LiteralString = """
    CREATE TEMPORARY TABLE met ON COMMIT DROP AS
    SELECT o.line, s.id, s.import_id IS NOT DISTINCT FROM {number} AS made, s.language AS reads,
           o.language, o.tags, o.origin
    FROM staged o JOIN subscribers s ON s.phone = o.phone
"""
# Who was here before: nobody takes another import back from them, or changes them by hand, before we commit.
_HOLD: LiteralString = """
    SELECT s.id FROM met JOIN subscribers s USING (id) WHERE NOT met.made ORDER BY s.id
    FOR NO KEY UPDATE OF s
"""
_TWICE: LiteralString = """
    DELETE FROM met USING memberships m
    WHERE m.subscriber_id = met.id AND m.import_id = %(import)s RETURNING line
"""
_KNOWN_TWICE: LiteralString = """
    DELETE FROM met USING import_tags t
    WHERE t.subscriber_id = met.id AND t.import_id = %(import)s AND NOT met.made RETURNING line
"""
_LEFT: LiteralString = """
    DELETE FROM met USING subscribers s
    WHERE s.id = met.id AND NOT met.made AND s.standing = 'left' RETURNING line
"""
# What imports said of them before they were asked, or wrote, says nothing any more.
_ACTIVE: LiteralString = """
    WITH active AS (
        UPDATE subscribers s SET standing = 'active', import_id = %(import)s, was_pending = true
        FROM met WHERE s.id = met.id AND s.standing = 'pending' RETURNING s.id
    )
    UPDATE import_tags t SET holds = false FROM active WHERE t.subscriber_id = active.id
"""
# Of tags, those that they have from nobody but imports; before the tags are given.
_NOTE: LiteralString = """
    INSERT INTO import_tags (import_id, subscriber_id, tags, language, holds)
    SELECT %(import)s, id, CASE WHEN met.made THEN met.tags ELSE ARRAY(
               SELECT unnest(met.tags) EXCEPT (
                   SELECT unnest(s.tags)
                   EXCEPT SELECT unnest(t.tags) FROM import_tags t WHERE t.subscriber_id = s.id)
               ORDER BY 1) END,
           met.language, s.import_id IS NOT NULL
    FROM met JOIN subscribers s USING (id) WHERE NOT met.made OR met.tags <> '{}'
"""
_TAGS: LiteralString = """
    UPDATE subscribers s SET tags = ARRAY(SELECT DISTINCT unnest(s.tags || met.tags) ORDER BY 1)
    FROM met WHERE s.id = met.id AND NOT met.made AND NOT met.tags <@ s.tags
"""
_JOIN: LiteralString = """
    WITH joined AS (
        INSERT INTO memberships (list_id, subscriber_id, import_id)
        SELECT list_id, id, %(import)s FROM met CROSS JOIN unnest(%(lists)s::bigint[]) AS list_id ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING list_id, subscriber_id
    )
    INSERT INTO consent_events (subscriber_id, list_id, kind, channel, language, origin)
    SELECT met.id, joined.list_id, 'joined', 'import', met.reads, met.origin
    FROM joined JOIN met ON met.id = joined.subscriber_id
"""
_AGAIN: LiteralString = """
    WITH again AS (
        INSERT INTO import_again (list_id, subscriber_id, import_id)
        SELECT m.list_id, m.subscriber_id, %(import)s FROM met JOIN memberships m ON m.subscriber_id = met.id
        WHERE NOT met.made AND m.list_id = ANY (%(lists)s::bigint[]) AND m.import_id <> %(import)s
        FOR KEY SHARE OF m
        RETURNING list_id, subscriber_id
    )
    INSERT INTO consent_events (subscriber_id, list_id, kind, channel, language, origin)
    SELECT met.id, again.list_id, 'joined', 'import', met.reads, met.origin
    FROM again JOIN met ON met.id = again.subscriber_id
"""
_REFUSE = "COPY import_refusals (import_id, line, reason, sealed, digest) FROM STDIN"
_COUNT: LiteralString = """
    UPDATE imports
    SET state = 'running', read = read + %(read)s, taken = taken + %(taken)s, refused = (
        SELECT coalesce(jsonb_object_agg(reason, total), '{}')
        FROM (SELECT reason, sum(count::int) AS total
              FROM (SELECT * FROM jsonb_each_text(refused)
                    UNION ALL SELECT * FROM jsonb_each_text(%(refused)s::jsonb)) AS o(reason, count)
              GROUP BY reason) AS summed)
    WHERE id = %(import)s
"""


async def stint(seconds: float = STINT_SECONDS) -> bool:
    """Work on what is owed, the oldest import first, for about so long. Whether there may be more."""
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    while clock() < until:
        async with session_scope() as session:
            if not await _step(session):
                return False
    return True


async def _step(session: AsyncSession) -> bool:
    """One transaction's worth. False where nothing is owed, or others are at it."""
    query = select(Import).where(Import.state.in_(MOVING)).order_by(Import.id).limit(1)
    found = await session.scalar(query.with_for_update(skip_locked=True))
    if found is None:
        return False
    if found.state == ImportState.TAKING_BACK:
        if not await take_some_back(await driver_of(session), found.id):
            await finish(session, found.id, ImportState.TAKEN_BACK)
        return True
    query_chunk = select(ImportChunk).where(ImportChunk.import_id == found.id).order_by(ImportChunk.number)
    chunk = await session.scalar(query_chunk.limit(1))
    if chunk is None:
        await finish(session, found.id, ImportState.DONE)
        return True
    await take(await driver_of(session), found, rows_of(chunk))
    await session.delete(chunk)
    return True


@dataclass(frozen=True, slots=True)
class _Judged:
    people: list[Candidate]
    refused: dict[int, Refused]  # by line


async def take(connection: AsyncConnection, found: Import, rows: Sequence[Row]) -> None:
    """Take these rows of an import, or refuse them. Straight through the driver; the caller commits."""
    judged = _judge(found, rows)
    given = {"import": found.id, "lists": found.lists}
    refused = judged.refused
    if judged.people:
        await _stage(connection, found, judged.people)
        if len(sealer().digests("")) > 1:
            await connection.execute(_OLDER)
        refused |= dict.fromkeys(await _lines(connection, _FORGOTTEN), Refused.FORGOTTEN)
        await connection.execute(_MEET, given)
        await connection.execute(_KNOWN.format(number=int(found.id)).encode())
        known = (await connection.execute(_HOLD)).rowcount > 0
        refused |= dict.fromkeys(await _lines(connection, _TWICE, given), Refused.TWICE)
        if known:
            refused |= dict.fromkeys(await _lines(connection, _KNOWN_TWICE, given), Refused.TWICE)
            refused |= dict.fromkeys(await _lines(connection, _LEFT), Refused.LEFT)
            await connection.execute(_ACTIVE, given)
        if known or any(one.tags for one in judged.people):
            await connection.execute(_NOTE, given)
            await connection.execute(_TAGS)
        await connection.execute(_JOIN, given)
        if known:
            await connection.execute(_AGAIN, given)
        await connection.execute("DROP TABLE staged, met")
    await _refuse(connection, found, rows, refused)
    counts = json.dumps(Counter(refused.values()))
    taken = len(rows) - len(refused)
    await connection.execute(_COUNT, {**given, "read": len(rows), "taken": taken, "refused": counts})


def _judge(found: Import, rows: Sequence[Row]) -> _Judged:
    columns = {Column(name): place for name, place in found.columns.items()}
    defaults = Defaults(
        region=settings().default_region,
        today=datetime.now(UTC).astimezone(ZoneInfo(settings().default_timezone)).date(),
        language=Language(found.language) if found.language else None,
        source=found.source,
        date=found.consent_date,
        day_first=found.day_first,
    )
    people: dict[str, Candidate] = {}
    refused: dict[int, Refused] = {}
    left: set[str | None] = set()  # whom one row says to have left is not taken for what another says
    for row in rows:
        one = judge(row, columns, defaults)
        if isinstance(one, Refused):
            refused[row.line] = one
            if one is Refused.LEFT:
                left.add(phone_of(row, columns[Column.PHONE], defaults.region))
        elif one.phone in people:
            refused[row.line] = Refused.TWICE
        else:
            people[one.phone] = one
    for phone in people.keys() & left:
        refused[people.pop(phone).line] = Refused.LEFT
    return _Judged(list(people.values()), refused)


async def _stage(connection: AsyncConnection, found: Import, people: Sequence[Candidate]) -> None:
    seal, private = sealer().seal_findable, sealer().seal_private
    forms, digests = sealer().findable_forms, sealer().digests
    several = len(digests("")) > 1
    row = await (await connection.execute("SELECT EXISTS (SELECT FROM forgotten)")).fetchone()
    forgotten = bool(row and row[0])
    await connection.execute(_STAGE)
    async with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for one in people:
            await copy.write_row(
                (
                    one.line,
                    seal(PHONE, one.phone),
                    forms(PHONE, one.phone) if several else [],
                    digests(one.phone) if forgotten else [],
                    one.language,
                    sorted(set(one.tags)),
                    private(ORIGIN, f"{one.source}, {one.date.isoformat()} (import {found.id})"),
                )
            )


async def _lines(connection: AsyncConnection, statement: LiteralString, given: Any = None) -> list[int]:
    return [row[0] for row in await (await connection.execute(statement, given)).fetchall()]


async def _refuse(
    connection: AsyncConnection, found: Import, rows: Sequence[Row], refused: dict[int, Refused]
) -> None:
    if not refused:
        return
    seal, column, region = sealer().seal_octets, found.columns[Column.PHONE], settings().default_region
    async with connection.cursor() as cursor, cursor.copy(_REFUSE) as copy:
        for row in rows:
            if reason := refused.get(row.line):
                phone = phone_of(row, column, region)
                # Of somebody who was forgotten nothing is kept, not for a week either.
                kept = row.cells if reason is not Refused.FORGOTTEN else []
                sealed = seal(REFUSALS, json.dumps(kept).encode())
                digest = sealer().digest(phone) if phone else None
                await copy.write_row((found.id, row.line, reason, sealed, digest))
