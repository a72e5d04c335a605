"""Texts of workers, in groups: read what is known of their writers, decide, write what follows.

After an alert the answers of thousands come within minutes. Each text is answered after what it
changed is committed; those that come at the same time share a transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

from psycopg import AsyncConnection
from psycopg.errors import UniqueViolation

from alerts.actions.answers import WRITE_ANSWERS, answers_as_json
from alerts.broadcasts import letters
from alerts.broadcasts.questions import QUESTIONS, questions_from
from alerts.carrier.opt_out import OptOut
from alerts.conversations.decide import Decision, House, InboundText, decide
from alerts.conversations.models import ThreadState
from alerts.conversations.talk import Menu, Talk
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.meters import DATABASE, INBOUND, count, timed
from alerts.storage.sealing import sealer
from alerts.subscribers import people
from alerts.subscribers.joinable import joinable
from alerts.subscribers.people import Person
from alerts.understanding import reading
from alerts.understanding.reading import Context


@dataclass(slots=True)
class Inbound:
    """A text on its way through a group, and then its answer."""

    text: InboundText
    answer: str | None = None


_ANSWERED = "SELECT message_sid, answer FROM replies WHERE message_sid = ANY (%(sids)s)"


@dataclass(frozen=True, slots=True)
class _Decided:
    """A text, who wrote it and where the talk stood, and what it comes to ``now``."""

    one: Inbound
    was: Person
    talk: Talk
    now: Decision


_THREAD: LiteralString = "(SELECT row_to_json(t) FROM threads t WHERE t.subscriber_id = s.id)"
_MORE = (_THREAD, QUESTIONS)
# Replies, answers and threads in one statement: each costs more than its rows.
_KEEP = f"""
    WITH answered AS ({WRITE_ANSWERS}), kept AS (
        INSERT INTO replies (message_sid, subscriber_id, body, media, intent, answer)
        SELECT sid, person, decode(body, 'hex'), media, intent, decode(answer, 'hex')
        FROM json_to_recordset(%(replies)s::json)
            AS o(sid text, person bigint, body text, media integer, intent text, answer text)
    )
    INSERT INTO threads (subscriber_id, state, language, unread, moved_at, promised_at, menu, burst_at, burst,
                         muted_until, last_answer, last_answers, blocked)
    SELECT subscriber_id, state, language, unread, coalesce(moved_at, now()), promised_at, menu, burst_at,
           burst, muted_until, last_answer, last_answers, blocked
    FROM json_to_recordset(%(talks)s::json) AS o(
        subscriber_id bigint, state text, language text, unread integer, moved_at timestamptz,
        promised_at timestamptz, menu jsonb, burst_at timestamptz, burst integer, muted_until timestamptz,
        last_answer bigint, last_answers integer, blocked boolean)
    ON CONFLICT (subscriber_id) DO UPDATE
    SET state = coalesce(excluded.state, threads.state), unread = threads.unread + excluded.unread,
        language = coalesce(excluded.language, threads.language),
        moved_at = CASE WHEN excluded.unread > 0 THEN excluded.moved_at ELSE threads.moved_at END,
        promised_at = excluded.promised_at, menu = excluded.menu,
        burst_at = excluded.burst_at, burst = excluded.burst, muted_until = excluded.muted_until,
        last_answer = excluded.last_answer, last_answers = excluded.last_answers, blocked = excluded.blocked
"""  # noqa: S608 - our own statement


class CameBefore(Exception):
    """A text of the group was answered already."""


async def receive(connection: AsyncConnection, group: Sequence[Inbound]) -> None:
    """Do what each text asks for and put its answer beside it; all is committed when this returns.

    The same MessageSid again changes nothing and gets the same answer. Several texts of one person
    are taken in the order in which they came.
    """
    firsts: dict[str, Inbound] = {}
    for one in group:
        firsts.setdefault(one.text.message_sid, one)
    house = await _house(connection)
    try:
        await _receive(connection, list(firsts.values()), house)
    except (UniqueViolation, CameBefore):  # one of them came before: rare enough to be found out by trying
        answered = await _answered(connection, list(firsts))
        for sid, answer in answered.items():
            firsts[sid].answer = answer
        await _receive(connection, [one for sid, one in firsts.items() if sid not in answered], house)
    for one in group:
        one.answer = firsts[one.text.message_sid].answer


async def _receive(connection: AsyncConnection, rest: list[Inbound], house: House) -> None:
    while rest:
        rest = await _first_of_each(connection, rest, house)


async def _first_of_each(connection: AsyncConnection, waiting: list[Inbound], house: House) -> list[Inbound]:
    """Handle the first text of each person. What is left: further texts of the same people."""
    firsts: dict[str, Inbound] = {}
    left = [one for one in waiting if firsts.setdefault(one.text.phone, one) is not one]
    known = await people.known(connection, firsts, _MORE)
    if len(known) < len(firsts):
        strangers = {phone: one for phone, one in firsts.items() if phone not in known}
        known |= await _meet(connection, strangers, house)
    now = datetime.now(UTC)
    decisions: list[_Decided] = []
    for phone, one in firsts.items():
        person, (thread, asked) = known[phone]
        talk = _talk(thread)
        decision = decide(one.text, person, talk, questions_from(asked), house, now)
        decisions.append(_Decided(one, person, talk, decision))
    # In one order, so that two processes with texts of the same people never wait in a circle.
    with timed(DATABASE, "inbound"):
        await _write(connection, sorted(decisions, key=lambda row: row.was.id))
    for row in decisions:
        row.one.answer = row.now.answer
        count(INBOUND, row.now.intent)
    return left


async def _meet(
    connection: AsyncConnection, strangers: Mapping[str, Inbound], house: House
) -> dict[str, tuple[Person, Sequence[Any]]]:
    """Numbers that we do not know; not those of people who were forgotten, whose text came twice."""
    sids = [one.text.message_sid for one in strangers.values()]
    if await _answered(connection, sids):
        raise CameBefore
    await people.meet(connection, {phone: _guess(one, house) for phone, one in strangers.items()})
    return await people.known(connection, strangers, _MORE)


def _guess(one: Inbound, house: House) -> Language:
    """The language of somebody who has never written before, until a word of theirs tells."""
    intent = reading.read(one.text.body, Context(join_words=house.joinable.words))
    return getattr(intent, "language", None) or Language.EN


async def _house(connection: AsyncConnection) -> House:
    env = settings()
    handling = OptOut(env.twilio_opt_out)
    return House(env.organization_name, env.help_contact, handling, await joinable(connection))


async def _answered(connection: AsyncConnection, sids: list[str]) -> dict[str, str | None]:
    rows = await (await connection.execute(_ANSWERED, {"sids": sids})).fetchall()
    return {
        sid: None if answer is None else sealer().open_private("replies.answer", answer)
        for sid, answer in rows
    }


def _talk(row: Mapping[str, Any] | None) -> Talk:
    if row is None:
        return Talk()
    return Talk(
        ThreadState(row["state"]) if row["state"] else None,
        Language(row["language"]) if row["language"] else None,
        row["unread"],
        _moment(row["moved_at"]),
        _moment(row["promised_at"]),
        Menu.from_json(row["menu"]) if row["menu"] else None,
        _moment(row["burst_at"]),
        row["burst"],
        _moment(row["muted_until"]),
        row["last_answer"],
        row["last_answers"],
        row["blocked"],
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _talk_row(subscriber_id: int, was: Talk, talk: Talk) -> dict[str, Any]:
    """What a text changes; what organizers change too, as a difference: nothing of theirs is undone."""
    new = talk.unread - was.unread
    return {
        "subscriber_id": subscriber_id,
        "state": talk.state if new else None,
        "language": talk.language if new else None,
        "unread": new,
        "moved_at": talk.moved_at.isoformat() if new and talk.moved_at else None,
        "promised_at": talk.promised_at and talk.promised_at.isoformat(),
        "menu": talk.menu and talk.menu.as_json(),
        "burst_at": talk.burst_at and talk.burst_at.isoformat(),
        "burst": talk.burst,
        "muted_until": talk.muted_until and talk.muted_until.isoformat(),
        "last_answer": talk.last_answer,
        "last_answers": talk.last_answers,
        "blocked": talk.blocked,
    }


async def _write(connection: AsyncConnection, decisions: Sequence[_Decided]) -> None:
    """All that the texts change, or nothing of it. Most change no person: then one statement is all."""
    if not any(row.now.forget or row.now.consents or row.now.person is not row.was for row in decisions):
        return await _keep(connection, decisions)
    async with connection.transaction():
        gone = [row.was for row in decisions if row.now.forget]
        if gone:
            await letters.forget(connection, [person.id for person in gone])
            await people.forget(connection, gone)
        staying = [row for row in decisions if not row.now.forget]
        consents = [consent for row in staying for consent in row.now.consents]
        await people.save(connection, [(row.was, row.now.person) for row in staying], consents)
        await _keep(connection, decisions)
    return None


async def _keep(connection: AsyncConnection, decisions: Sequence[_Decided]) -> None:
    """Texts and their answers, where the talk stands, and what people answered to actions."""
    staying = [row for row in decisions if not row.now.forget]
    given = {
        "replies": json.dumps([_reply_row(row) for row in decisions]),
        "talks": json.dumps([_talk_row(row.was.id, row.talk, row.now.talk) for row in staying]),
        "answers": answers_as_json(one for row in staying for one in row.now.given),
    }
    await connection.execute(_KEEP, given)


def _reply_row(row: _Decided) -> dict[str, Any]:
    """A text and its answer; of a wish to be forgotten, only that it was met."""
    seal, now = sealer().seal_private, row.now
    return {
        "sid": row.one.text.message_sid,
        "person": None if now.forget else row.was.id,
        "body": None if now.forget else seal("replies.body", row.one.text.body).hex(),
        "media": row.one.text.media,
        "intent": now.intent,
        "answer": None if now.answer is None else seal("replies.answer", now.answer).hex(),
    }
