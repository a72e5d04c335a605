"""Subscribers as the texts of many workers at once change them: read, rows and written in groups.

A flood of answers follows every alert. Straight through the driver, as a statement for all of them
takes little longer than one for one of them. The caller's transaction commits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import AsyncConnection

from alerts.language.languages import Language
from alerts.storage.sealing import sealer
from alerts.subscribers.models import Channel, ConsentKind, Standing

PHONE = "subscribers.phone"
WORDS = "consent_events.words"
ORIGIN = "consent_events.origin"
JOINS = (ConsentKind.JOINED, ConsentKind.CONFIRMED, ConsentKind.RETURNED)


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber as known when a text of theirs is read."""

    id: int
    phone: str
    language: Language
    standing: Standing
    lists: frozenset[int] = frozenset()
    invited: frozenset[int] = frozenset()  # lists that they were asked to confirm

    @property
    def stranger(self) -> bool:
        """Whether they wrote to us and never joined anything: their language is a guess."""
        return self.standing == Standing.PENDING and not self.lists and not self.invited


@dataclass(frozen=True, slots=True)
class Consent:
    """What happened to somebody's consent, to be written down with its proof."""

    subscriber_id: int
    kind: ConsentKind
    language: Language
    channel: Channel
    list_id: int | None = None
    words: str | None = None
    source: str | None = None


# One look at everything, as each statement costs more than its rows. Nothing is rows: what is written
# afterwards is only what a text changes, so that nobody's STOP is undone by somebody else's text.
_KNOWN = """
    SELECT s.id, s.phone, s.language, s.standing,
           ARRAY(SELECT m.list_id FROM memberships m WHERE m.subscriber_id = s.id),
           ARRAY(SELECT i.list_id FROM invitations i WHERE i.subscriber_id = s.id){more}
    FROM subscribers s WHERE s.phone = ANY (%(forms)s::bytea[])
"""
# In order, so that two groups with the same new numbers wait for each other and never in a circle.
_MEET = """
    INSERT INTO subscribers (phone, language, standing)
    SELECT phone, language, 'pending'
    FROM unnest(%(phones)s::bytea[], %(languages)s::text[]) AS o(phone, language) ORDER BY phone
    ON CONFLICT DO NOTHING
"""
_SAVE = """
    UPDATE subscribers s
    SET language = coalesce(o.language, s.language), standing = coalesce(o.standing, s.standing),
        import_id = CASE WHEN o.own THEN NULL ELSE s.import_id END, was_pending = s.was_pending AND NOT o.own
    FROM json_to_recordset(%(people)s::json) AS o(id bigint, language text, standing text, own boolean)
    WHERE s.id = o.id
"""
# Whoever an import had put on it is on it by their own word now.
_PUT_ON = """
    INSERT INTO memberships (subscriber_id, list_id)
    SELECT * FROM unnest(%(ids)s::bigint[], %(lists)s::bigint[])
    ON CONFLICT (list_id, subscriber_id) DO UPDATE SET import_id = NULL
    WHERE memberships.import_id IS NOT NULL
"""
_INVITE = """
    INSERT INTO invitations (subscriber_id, list_id)
    SELECT * FROM unnest(%(ids)s::bigint[], %(lists)s::bigint[]) ON CONFLICT DO NOTHING
"""
_UNINVITE = """
    DELETE FROM invitations
    WHERE (subscriber_id, list_id) IN (SELECT * FROM unnest(%(ids)s::bigint[], %(lists)s::bigint[]))
"""
_WRITE_DOWN = """
    INSERT INTO consent_events (subscriber_id, list_id, kind, channel, language, words, origin)
    SELECT id, list, kind, channel, language, decode(words, 'hex'), decode(origin, 'hex')
    FROM json_to_recordset(%(consents)s::json)
        AS o(id bigint, list bigint, kind text, channel text, language text, words text, origin text)
"""
_BACK_FROM_OBLIVION = "DELETE FROM forgotten WHERE digest = ANY (%(digests)s::bytea[])"


async def known(
    connection: AsyncConnection, phones: Iterable[str], more: Sequence[LiteralString] = ()
) -> dict[str, tuple[Person, Sequence[Any]]]:
    """Those of these numbers (E.164) that we know, and ``more`` of each.

    ``more``: what other rooms know of them, as SQL about the subscriber ``s``.
    """
    forms = {form: phone for phone in phones for form in sealer().findable_forms(PHONE, phone)}
    statement = _KNOWN.format(more="".join(f", {column}" for column in more))
    rows = await (await connection.execute(statement, {"forms": list(forms)}, binary=True)).fetchall()
    found: dict[str, tuple[Person, Sequence[Any]]] = {}
    for number, sealed, language, standing, lists, invited, *rest in rows:
        phone = forms[sealed]
        person = Person(
            number, phone, Language(language), Standing(standing), frozenset(lists), frozenset(invited)
        )
        found[phone] = person, rest
    return found


async def meet(connection: AsyncConnection, speaks: Mapping[str, Language]) -> None:
    """Give rows to numbers that are new, of standing ``pending`` and in the language that each speaks."""
    met = sorted((sealer().seal_findable(PHONE, phone), language) for phone, language in speaks.items())
    sealed, languages = zip(*met, strict=True)
    await connection.execute(_MEET, {"phones": list(sealed), "languages": list(languages)})


async def save(
    connection: AsyncConnection, changed: Sequence[tuple[Person, Person]], consents: Sequence[Consent]
) -> None:
    """Write what became of people, each as they were and are, with the proof of it."""
    own = _own_words(changed, consents)
    moved = [
        {
            "id": now.id,
            "language": now.language if now.language != was.language else None,
            "standing": now.standing if now.standing != was.standing else None,
            "own": now.id in own,
        }
        for was, now in changed
        if (was.language, was.standing) != (now.language, now.standing) or now.id in own
    ]
    if moved:
        await connection.execute(_SAVE, {"people": json.dumps(moved)})
    on = {now.id: now.lists - was.lists | own.get(now.id, frozenset()) for was, now in changed}
    for statement, pairs in (
        (_PUT_ON, [(number, one) for number, lists in on.items() for one in lists]),
        (_INVITE, [(now.id, one) for was, now in changed for one in now.invited - was.invited]),
        (_UNINVITE, [(now.id, one) for was, now in changed for one in was.invited - now.invited]),
    ):
        if pairs:
            ids, lists = zip(*pairs, strict=True)
            await connection.execute(statement, {"ids": list(ids), "lists": list(lists)})
    back = [now.phone for was, now in changed if now.lists - was.lists]
    if back:
        digests = [digest for phone in back for digest in sealer().digests(phone)]
        await connection.execute(_BACK_FROM_OBLIVION, {"digests": digests})
    if consents:
        await _write_down(connection, consents)


def _own_words(
    changed: Iterable[tuple[Person, Person]], consents: Iterable[Consent]
) -> dict[int, frozenset[int]]:
    """Who joined, came back or left with these texts, by id, and which lists they said that they want.

    What an import said of them before is nothing any more: it is not taken back with it.
    """
    people = {now.id: now for _, now in changed}
    own: dict[int, frozenset[int]] = {}
    for one in consents:
        person = people[one.subscriber_id]
        if person.standing == Standing.ACTIVE and one.kind in JOINS:
            said = person.lists & {one.list_id} if one.list_id else person.lists  # to come back is to all
            if said:
                own[person.id] = own.get(person.id, frozenset()) | said
        elif one.kind == ConsentKind.LEFT:
            own.setdefault(person.id, frozenset())
    return own


async def _write_down(connection: AsyncConnection, consents: Iterable[Consent]) -> None:
    seal = sealer().seal_private
    rows = [
        {
            "id": one.subscriber_id,
            "list": one.list_id,
            "kind": one.kind,
            "channel": one.channel,
            "language": one.language,
            "words": None if one.words is None else seal(WORDS, one.words).hex(),
            "origin": None if one.source is None else seal(ORIGIN, one.source).hex(),
        }
        for one in consents
    ]
    await connection.execute(_WRITE_DOWN, {"consents": json.dumps(rows)})


async def forget(connection: AsyncConnection, people: Iterable[Person]) -> None:
    """Erase all that is held about them; only a digest of each number stays.

    By it an old import is recognised; nothing of the person can be read from it (storage.sealing).
    What hangs on the subscriber's row (lists, answers, texts, conversation) goes with it.
    """
    for person in people:
        await connection.execute(
            "DELETE FROM import_refusals WHERE digest = ANY (%s)", [sealer().digests(person.phone)]
        )
        await erase(connection, [person.id])
        await connection.execute(
            "INSERT INTO forgotten (digest) VALUES (%s) ON CONFLICT DO NOTHING",
            [sealer().digest(person.phone)],
        )


async def erase(connection: AsyncConnection, subscriber_ids: Iterable[int]) -> None:
    """Erase their rows, and what hangs on them: lists, answers, texts, conversation, proof of consent."""
    for number in subscriber_ids:
        await connection.execute("SELECT set_config('alerts.forgetting', %s, true)", [str(number)])
        await connection.execute("DELETE FROM consent_events WHERE subscriber_id = %s", [number])
        await connection.execute("SELECT set_config('alerts.forgetting', '', true)")
        await connection.execute("DELETE FROM subscribers WHERE id = %s", [number])
