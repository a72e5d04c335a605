"""A worker's text: understood, acted upon, answered, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts import service as broadcasts
from alerts.carrier.opt_out import OptOut, carrier_answers
from alerts.conversations import answers
from alerts.conversations.models import Reply
from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import lists
from alerts.subscribers import service as subscribers
from alerts.subscribers.models import Channel, JoinWord, Standing, Subscriber
from alerts.subscribers.service import Proof
from alerts.understanding import reading
from alerts.understanding.intents import (
    ChangeLanguage,
    Forget,
    Help,
    Intent,
    Join,
    Leave,
    Message,
    Return,
    Rsvp,
)
from alerts.understanding.reading import Context


@dataclass(frozen=True)
class InboundText:
    """What Twilio told us of a text. ``phone`` is in E.164."""

    message_sid: str
    phone: str
    body: str
    media: int = 0
    opt_out_type: str | None = None


async def receive(session: AsyncSession, text: InboundText) -> str | None:
    """Do what ``text`` asks for, and give the answer in its writer's language; None where none is due.

    The same MessageSid again changes nothing and gets the same answer: the row is written first,
    so that a second delivery of it waits for the first and then finds it.
    """
    row = insert(Reply).values(
        message_sid=text.message_sid, phone=text.phone, body=text.body, media=text.media
    )
    reply_id = await session.scalar(
        row.on_conflict_do_nothing(index_elements=[Reply.message_sid]).returning(Reply.id)
    )
    if reply_id is None:
        known = await session.scalar(select(Reply).where(Reply.message_sid == text.message_sid))
        return known.answer if known else None
    reply = await session.get_one(Reply, reply_id)
    intent, answer = await _answer(session, text)
    writer = await subscribers.find_by_phone(session, text.phone)
    reply.subscriber_id = writer.id if writer else None
    reply.intent = intent.kind
    reply.answer = answer
    await session.flush()
    return answer


async def _answer(session: AsyncSession, text: InboundText) -> tuple[Intent, str | None]:
    writer = await subscribers.find_by_phone(session, text.phone, lock=True)
    had_left = writer is not None and writer.standing == Standing.LEFT
    words = await lists.every_join_word(session)
    question = await broadcasts.newest_question(session, writer.id) if writer else None
    context = Context(
        language=writer.language and Language(writer.language) if writer else None,
        subscribed=writer is not None and writer.standing == Standing.ACTIVE,
        asked=question is not None,
        join_words={word.key: reading.JoinWord(word.list_id, Language(word.language)) for word in words},
    )
    intent = reading.read(text.body, context)
    answer = await _act(session, text, intent, writer, question, words)
    handling = OptOut(settings().twilio_opt_out)
    if carrier_answers(text.body, text.opt_out_type, handling, had_left=had_left):
        return intent, None
    return intent, answer


async def _act(  # noqa: PLR0911 - one for each intent
    session: AsyncSession,
    text: InboundText,
    intent: Intent,
    writer: Subscriber | None,
    question: int | None,
    words: Sequence[JoinWord],
) -> str:
    """Change what the intent asks to be changed, and say so in the writer's language."""
    proof = Proof(Channel.TEXT, words=text.body, source=text.message_sid)
    organization = settings().organization_name
    match intent:
        case Join():
            return await _join(session, text, intent, writer, proof)
        case Leave() | Forget():
            # To be forgotten is to be left alone first; an organizer sees to the rest by hand.
            if writer:
                await subscribers.leave(session, writer, proof)
            return answers.left(_language(writer, intent.language), organization)
        case Help():
            return answers.help(_language(writer, intent.language), organization)
        case Return() if writer:
            await subscribers.come_back(session, writer, proof)
            return answers.welcome_back(writer.language, organization)
        case ChangeLanguage() if writer and writer.standing == Standing.ACTIVE:
            await subscribers.change_language(session, writer, intent.language, proof)
            return answers.language_changed(intent.language)
        case Rsvp() if writer and question is not None:
            return await _rsvp(session, intent, writer, question)
        case Return() | ChangeLanguage() | Rsvp() | Message():
            return _to_a_person(intent, writer, words)
        case _:
            assert_never(intent)


async def _join(
    session: AsyncSession, text: InboundText, intent: Join, writer: Subscriber | None, proof: Proof
) -> str:
    wanted = await lists.get_list(session, intent.list_id)
    was_on = writer is not None and writer.standing == Standing.ACTIVE
    already = (
        was_on
        and writer is not None
        and wanted.id in (await subscribers.lists_of(session, [writer.id]))[writer.id]
    )
    await subscribers.join(session, text.phone, wanted.id, intent.language, proof)
    if already:
        return answers.already_joined(intent.language, wanted.name)
    return answers.joined(intent.language, settings().organization_name, wanted.name)


async def _rsvp(session: AsyncSession, intent: Rsvp, writer: Subscriber, question: int) -> str:
    action = await actions.get_action(session, question)
    await actions.answer(session, question, writer, intent.answer, intent.guests)
    language = Language(writer.language)
    # Somebody who changed languages since is better served by a title in another than by no answer.
    title = action.title.get(language, next(iter(action.title.values())))
    moment = when(action.starts_at, action.timezone, language)
    return answers.rsvp(language, intent.answer, title, moment, intent.guests)


def _to_a_person(intent: Intent, writer: Subscriber | None, words: Sequence[JoinWord]) -> str:
    """What no rule settles: kept for a human; a stranger is told how to join."""
    if writer and writer.standing == Standing.ACTIVE:
        return answers.a_person_will_read(Language(writer.language))
    language = _language(writer, getattr(intent, "language", None))
    first = next((word.word for word in words if word.language == language), None)
    return answers.unknown_number(language, settings().organization_name, first)


def _language(writer: Subscriber | None, of_the_word: Language | None) -> Language:
    """The writer's own language where it is known, else that of the word they used."""
    return Language(writer.language) if writer else of_the_word or Language.EN
