"""Pages: one subscriber. Standing, lists, consent, what they got; taking off, leaving, forgetting."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.received import Received, received
from alerts.console.alerts_shown import DELIVERY_STATES, REASONS
from alerts.console.doors import Chosen, Form, Viewer, Writer, language_of
from alerts.console.fields import required
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.console.people_shown import CHANNELS, CONSENTS, shown
from alerts.console.said import go_saying
from alerts.console.subscribers import tags_of
from alerts.console.troubles import told
from alerts.conversations import service as conversations
from alerts.conversations.forgetting import forget
from alerts.errors import DomainError, NotFound
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.subscribers import lists, service
from alerts.subscribers.models import Channel, ConsentEvent, Standing
from alerts.subscribers.service import Proof
from alerts.team.access import Id, Session
from alerts.team.actors import Actor, Scope
from alerts.team.audit import numbers_opened
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/subscribers/{subscriber_id}", include_in_schema=False, route_class=FormRoute)
MOST_EVENTS, MOST_ALERTS = 100, 20


@router.get("")
async def person(subscriber_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """All of them. Words of consent are for who may read numbers: they may hold one."""
    return await _person(session, reader, language_of(reader, language), subscriber_id)


async def _person(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    subscriber_id: int,
    error: DomainError | None = None,
) -> Response:
    who = await service.get_subscriber(session, subscriber_id)
    events, more = await service.page_of_consent(session, subscriber_id, None, MOST_EVENTS)
    if reader.actor.may_read_numbers:
        numbers_opened(session, reader.actor, "read the proof of", 1)
    names = await lists.names_of_lists(session)
    one = shown(who, names, reader, read)
    return page(
        "subscriber.html",
        read,
        f"/subscribers/{subscriber_id}",
        reader=reader,
        title=one.number,
        one=one,
        since=as_read(who.created_at, read),
        on=[(number, names[number]) for number in who.lists if number in names],
        events=[_event(event, names.get(event.list_id), reader, read) for event in events],
        more=more is not None,
        alerts=[_got(got, read) for got in await received(session, subscriber_id, MOST_ALERTS)],
        talks=reader.actor.may(Scope.TALK) and await _talks(session, subscriber_id),
        may_write=reader.actor.may(Scope.WRITE),
        left=who.standing == Standing.LEFT,
        **told(read, error),
    )


def _event(event: ConsentEvent, name: str | None, reader: SignedIn, read: Language) -> dict[str, str]:
    return {
        "at": as_read(event.at, read),
        "what": tr(read, CONSENTS[event.kind]),
        "list": name or "",
        "how": tr(read, CHANNELS[event.channel]),
        "source": (event.source or "") if _may_see_sources(reader.actor) else "",
        "reads": event.language,
        "words": (event.words or "") if reader.actor.may_read_numbers else "",
    }


def _may_see_sources(actor: Actor) -> bool:
    """They may hold a name, or whose hands a sheet went through: not for whoever only looks."""
    return actor.may(Scope.WRITE) or actor.may_read_numbers


def _got(got: Received, read: Language) -> tuple[int, str, str, str]:
    why = (tr(read, got.why) if got.why in REASONS else got.why) if got.why else ""
    return got.alert_id, tr(read, DELIVERY_STATES[got.state]), why, as_read(got.at, read)


async def _talks(session: AsyncSession, subscriber_id: int) -> bool:
    try:
        await conversations.get_thread(session, subscriber_id)
    except NotFound:
        return False
    return True


@router.post("/change")
async def change(
    subscriber_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Another language, other tags."""
    reads = form.get("reads", "")
    try:
        required(reads=reads in list(Language))
    except DomainError as error:
        return await _person(session, reader, language_of(reader, language), subscriber_id, error)
    who = await service.change(session, subscriber_id, None, tags_of(form), reader.actor)
    proof = Proof(Channel.CONSOLE, source=reader.actor.name)
    await service.change_language(session, who, Language(reads), proof)
    return go_saying(f"/subscribers/{subscriber_id}", "saved")


@router.post("/take-off")
async def take_off(subscriber_id: Id, session: Session, reader: Writer, form: Form) -> Response:
    """Off one list; on others they stay."""
    number = form.get("list", "")
    required(list=number.isdecimal() and len(number) < 18, sure="sure" in form)
    await service.take_off(session, subscriber_id, int(number), Channel.CONSOLE, reader.actor)
    return go_saying(f"/subscribers/{subscriber_id}", "off")


@router.post("/left")
async def mark_left(subscriber_id: Id, session: Session, reader: Writer, form: Form) -> Response:
    """They told somebody that they want no more texts."""
    required(sure="sure" in form)
    await service.remove(session, subscriber_id, Channel.CONSOLE, reader.actor)
    return go_saying(f"/subscribers/{subscriber_id}", "left")


@router.post("/forget")
async def forget_them(
    subscriber_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """They asked that nothing of them be kept."""
    required(sure="sure" in form)
    await forget(session, subscriber_id, reader.actor)
    read = language_of(reader, language)
    lead = tr(read, "All that was held of them is erased. A file that names them will not bring them back.")
    return page(
        "words.html", read, "/subscribers", reader=reader, title=tr(read, "They are forgotten"), lead=lead
    )
