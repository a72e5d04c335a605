"""Pages: who is subscribed. Filters, one number, somebody new, and all of them as a file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.doors import TONGUE, Asked, Chosen, Fields, Form, Viewer, Writer, go, language_of
from alerts.console.fields import chosen, required
from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.console.people_shown import STANDINGS, shown
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.pages import After
from alerts.subscribers import adding, exports, finding, lists
from alerts.subscribers.finding import Sought
from alerts.subscribers.models import Channel, Standing
from alerts.subscribers.phones import parse_phone
from alerts.subscribers.service import Proof
from alerts.team.access import MOST_IDS, Session
from alerts.team.actors import Scope
from alerts.team.audit import numbers_opened
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/subscribers", include_in_schema=False, route_class=FormRoute)
MOST, LONGEST_TAG = 50, 40
EVERYBODY = {"standing": "", "reads": "", "list": "", "tag": ""}  # filters that narrow nothing
Filter = Annotated[str, Query(max_length=LONGEST_TAG)]


@router.get("")
async def subscribers_page(  # noqa: PLR0913, PLR0917 - its filters
    session: Session,
    reader: Viewer,
    after: After = None,
    standing: Filter = "",
    reads: Filter = "",
    on: Filter = "",
    tag: Filter = "",
    language: Chosen = None,
) -> Response:
    """Those who are sought, the oldest first. An empty filter narrows nothing."""
    asked = {"standing": standing, "reads": reads, "list": on, "tag": tag.strip()}
    return await _page(session, reader, language_of(reader, language), asked, after)


async def _page(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    asked: Fields,
    after: int | None = None,
    *,
    says: Mapping[str, Any] = MappingProxyType({"trouble": "", "filled": {}}),
) -> Response:
    rows, following = await finding.page_of_subscribers(session, _sought(asked), after, MOST)
    if reader.actor.may_read_numbers:
        numbers_opened(session, reader.actor, "read", len(rows))
    names = await lists.names_of_lists(session)
    return page(
        "subscribers.html",
        read,
        "/subscribers",
        reader=reader,
        title=tr(read, "Subscribers"),
        **says,
        asked=asked,
        people=[shown(one, names, reader, read) for one in rows],
        following=following,
        lists=sorted((name, number) for number, name in names.items()),
        standings=[(one, tr(read, says)) for one, says in STANDINGS.items()],
        may_write=reader.actor.may(Scope.WRITE),
        may_export=reader.actor.may_read_numbers,
    )


def _sought(asked: Fields) -> Sought:
    """What nobody can have chosen in the form narrows nothing."""
    standing, reads, on = asked.get("standing", ""), asked.get("reads", ""), asked.get("list", "")
    return Sought(
        Standing(standing) if standing in list(Standing) else None,
        Language(reads) if reads in list(Language) else None,
        int(on) if on.isdecimal() and int(on) < MOST_IDS else None,
        asked.get("tag", "").strip() or None,
    )


@router.post("/find")
async def find(session: Session, reader: Writer, form: Asked, language: Chosen = None) -> Response:
    """Who has a number. A form, because a number must not stand in an address."""
    read = language_of(reader, language)
    try:
        found = await finding.look_for(
            session, parse_phone(form.get("phone", ""), settings().default_region), reader.actor
        )
    except DomainError as error:
        return await _page(session, reader, read, EVERYBODY, says=told(read, error) | {"filled": form})
    if found is None:
        says = {"status": 404, "trouble": tr(read, "Nobody here has this number."), "filled": form}
        return await _page(session, reader, read, EVERYBODY, says=says)
    return go(f"/subscribers/{found.id}")


@router.post("/export")
async def export(session: Session, reader: Viewer, form: Asked) -> Response:
    """Those who are sought, with whole numbers, as a file. Admins see who took it."""
    return await exports.subscribers_file(session, _sought(form), reader.actor)


@router.get("/new")
async def new(session: Session, reader: Writer, language: Chosen = None) -> Response:
    """An empty form."""
    return await _form(session, reader, language_of(reader, language), {})


async def _form(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    filled: Fields,
    error: DomainError | None = None,
) -> Response:
    return page(
        "subscriber_form.html",
        read,
        "/subscribers/new",
        reader=reader,
        title=tr(read, "Add somebody"),
        filled=filled,
        lists=await lists.lists_by_name(session),
        **told(read, error),
    )


@router.post("/new")
async def add(session: Session, reader: Writer, form: Form, language: Chosen = None) -> Response:
    """Put somebody on lists who said so to an organizer."""
    if TONGUE in form:
        return await _form(session, reader, language_of(reader, language), form)
    onto, reads, consent = chosen(form, "list"), form.get("reads", ""), form.get("consent", "").strip()[:200]
    try:
        required(list=bool(onto), reads=reads in list(Language), consent=bool(consent))
        phone = parse_phone(form.get("phone", ""), settings().default_region)
        proof = Proof(Channel.CONSOLE, source=consent)
        added = await adding.add(session, phone, Language(reads), onto, tags_of(form), proof, reader.actor)
    except DomainError as error:
        return await _form(session, reader, language_of(reader, language), form, error)
    return go(f"/subscribers/{added.id}")


def tags_of(form: Fields) -> list[str]:
    """The tags in a field, with commas between."""
    return [tag[:LONGEST_TAG] for tag in (one.strip() for one in form.get("tags", "").split(",")) if tag]
