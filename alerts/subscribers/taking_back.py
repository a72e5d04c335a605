"""Taking an import back, some people at a time: what stays is as if it had never been.

What other imports gave, they go on giving; what somebody said themselves, or an organizer said for them,
is nothing of the import's any more (people.py, service.py). The proof of consent gets a second event.
"""

from __future__ import annotations

from typing import LiteralString

from psycopg import AsyncConnection

from alerts.storage.sealing import sealer
from alerts.subscribers.people import ORIGIN

AT_ONCE = 5_000

# First, so that no other import that is taken back at this moment hands anything on to this one.
_GIVE_UP: LiteralString = """
    DELETE FROM import_again WHERE (list_id, subscriber_id, import_id) IN (
        SELECT list_id, subscriber_id, import_id FROM import_again WHERE import_id = %(import)s
        LIMIT %(size)s)
"""
# In order, as an import takes them: nobody gives them anything before we commit.
_ON_LISTS: LiteralString = """
    SELECT id FROM subscribers WHERE id IN (
        SELECT subscriber_id FROM memberships WHERE import_id = %(import)s LIMIT %(size)s)
    ORDER BY id FOR NO KEY UPDATE
"""
_HAND_ON: LiteralString = """
    WITH heirs AS (
        DELETE FROM import_again a USING memberships m
        WHERE m.list_id = a.list_id AND m.subscriber_id = a.subscriber_id
          AND m.import_id = %(import)s AND m.subscriber_id = ANY (%(people)s)
          AND a.import_id = (SELECT min(o.import_id) FROM import_again o
                             WHERE o.list_id = a.list_id AND o.subscriber_id = a.subscriber_id)
        RETURNING a.list_id, a.subscriber_id, a.import_id, a.at
    )
    UPDATE memberships m SET import_id = heirs.import_id, joined_at = heirs.at FROM heirs
    WHERE m.list_id = heirs.list_id AND m.subscriber_id = heirs.subscriber_id AND m.import_id = %(import)s
"""
_WITHDRAW: LiteralString = """
    WITH gone AS (
        DELETE FROM memberships WHERE import_id = %(import)s AND subscriber_id = ANY (%(people)s)
        RETURNING list_id, subscriber_id
    )
    INSERT INTO consent_events (subscriber_id, list_id, kind, channel, language, origin)
    SELECT gone.subscriber_id, gone.list_id, 'taken back', 'import', s.language, %(origin)s
    FROM gone JOIN subscribers s ON s.id = gone.subscriber_id
"""
_NOTED: LiteralString = """
    SELECT id FROM subscribers WHERE id IN (
        SELECT subscriber_id FROM import_tags WHERE import_id = %(import)s LIMIT %(size)s)
    ORDER BY id FOR NO KEY UPDATE
"""
_UNTAG: LiteralString = """
    WITH gone AS (
        DELETE FROM import_tags WHERE import_id = %(import)s AND subscriber_id = ANY (%(people)s)
        RETURNING subscriber_id, tags
    )
    UPDATE subscribers s SET tags = ARRAY(
        SELECT unnest(s.tags) EXCEPT (
            SELECT unnest(gone.tags)
            EXCEPT SELECT unnest(t.tags) FROM import_tags t
                   WHERE t.subscriber_id = s.id AND t.import_id <> %(import)s)
        ORDER BY 1)
    FROM gone WHERE s.id = gone.subscriber_id AND gone.tags <> '{}'
"""
_MADE: LiteralString = """
    SELECT id FROM subscribers WHERE id IN (
        SELECT id FROM subscribers WHERE import_id = %(import)s LIMIT %(size)s)
    ORDER BY id FOR UPDATE
"""
# The language is that of the file that holds them now, unless they, or somebody for them, chose one.
_INHERIT: LiteralString = """
    WITH heirs AS (
        SELECT DISTINCT ON (subscriber_id) subscriber_id, import_id, language FROM import_tags
        WHERE subscriber_id = ANY (%(people)s) AND holds ORDER BY subscriber_id, import_id
    )
    UPDATE subscribers s
    SET import_id = heirs.import_id,
        language = CASE WHEN s.was_pending OR EXISTS (
            SELECT FROM consent_events c WHERE c.subscriber_id = s.id AND c.kind = 'language changed'
        ) THEN s.language ELSE coalesce(heirs.language, s.language) END
    FROM heirs WHERE s.id = heirs.subscriber_id
"""
# Whoever wrote to us, answered, was written to by an organizer, or said STOP is more than a row of a file.
# On lists are only those whom an import made that is older than migration 0030.
_PUT_BACK: LiteralString = """
    UPDATE subscribers s
    SET import_id = NULL, was_pending = false,
        standing = CASE WHEN s.standing IN ('active', 'unreachable') AND (s.was_pending OR s.lists = '{}')
                        THEN 'pending' ELSE s.standing END
    WHERE s.id = ANY (%(people)s) AND s.import_id = %(import)s
      AND (s.was_pending OR s.standing = 'left' OR s.lists <> '{}'
           OR EXISTS (SELECT FROM replies r WHERE r.subscriber_id = s.id)
           OR EXISTS (SELECT FROM rsvps r WHERE r.subscriber_id = s.id)
           OR EXISTS (SELECT FROM invitations i WHERE i.subscriber_id = s.id)
           OR EXISTS (SELECT FROM alerts a WHERE a.to_subscriber = s.id))
"""
_ERASE: LiteralString = """
    DELETE FROM subscribers WHERE id = ANY (%(people)s) AND import_id = %(import)s
"""


async def take_some_back(connection: AsyncConnection, import_id: int) -> bool:
    """One transaction's worth of an import that is taken back; the caller commits. Whether there was any."""
    origin = sealer().seal_private(ORIGIN, f"import {import_id}")
    given = {"import": import_id, "size": AT_ONCE, "origin": origin}
    if (await connection.execute(_GIVE_UP, given)).rowcount:
        return True
    for whom, what in (
        (_ON_LISTS, (_HAND_ON, _WITHDRAW)),
        (_NOTED, (_UNTAG,)),
        (_MADE, (_INHERIT, _PUT_BACK, _ERASE)),
    ):
        people = [row[0] for row in await (await connection.execute(whom, given)).fetchall()]
        if people:
            for statement in what:
                await connection.execute(statement, {**given, "people": people})
            return True
    return False
