"""Pages: lists, how people come onto them, and how many were on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.console.doors import TONGUE, Chosen, Fields, Form, Viewer, Writer, go, language_of
from alerts.console.fields import by_language, required, shaped
from alerts.console.once import FormRoute
from alerts.console.pages import figure, page
from alerts.console.pictures import lines
from alerts.console.said import go_saying
from alerts.console.troubles import told
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.dates import day_and_month
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers import growth
from alerts.subscribers import lists as service
from alerts.subscribers.growth import Week
from alerts.subscribers.models import List
from alerts.subscribers.schemas import NewList, TextingHours
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.team.sessions import SignedIn

router = APIRouter(prefix="/lists", include_in_schema=False, route_class=FormRoute)
MOST, WEEKS = 200, 12


@router.get("")
async def lists_page(session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """Every list, its join words, and how many can be texted."""
    read = language_of(reader, language)
    rows, _ = await service.page_of_lists(session, None, MOST)
    words = await service.words_of_lists(session, [row.id for row in rows])
    people = await growth.people_now(session)
    return page(
        "lists.html",
        read,
        "/lists",
        reader=reader,
        title=tr(read, "Lists"),
        lists=[(one, sorted(words[one.id].items()), sum(people.get(one.id, {}).values())) for one in rows],
        may_write=reader.actor.may(Scope.WRITE),
    )


@router.get("/new")
async def new(reader: Writer, language: Chosen = None) -> Response:
    """An empty form."""
    return _form(reader, language_of(reader, language), {"timezone": settings().default_timezone})


@router.post("/new")
async def make(session: Session, reader: Writer, form: Form, language: Chosen = None) -> Response:
    """Make a list, with a join word in each language."""
    if TONGUE in form:
        return _form(reader, language_of(reader, language), form)
    try:
        body = _filled_in(form)
        async with session.begin_nested():
            made = await service.create_list(
                session,
                body.name,
                body.timezone,
                body.join_words,
                confirms=body.confirms,
                hours=_opening(body),
                by=reader.actor,
            )
    except DomainError as error:
        read = language_of(reader, language)
        return _form(reader, read, form, error)
    return go(f"/lists/{made.id}")


def _filled_in(form: Fields) -> NewList:
    """Raises NotFilledIn."""
    opens, closes = form.get("opens", ""), form.get("closes", "")
    given = {
        "name": form.get("name", ""),
        "timezone": form.get("timezone", ""),
        "join_words": by_language(form, "word"),
        "confirms": "confirms" in form,
        "hours": {"opens": opens, "closes": closes} if opens or closes else None,
    }
    return shaped(NewList, given)


def _opening(body: NewList) -> service.Opening | None:
    return (body.hours.opens, body.hours.closes) if body.hours else None


def _form(
    reader: SignedIn,
    read: Language,
    filled: Fields,
    error: DomainError | None = None,
    list_id: int | None = None,
) -> Response:
    return page(
        "list_form.html",
        read,
        f"/lists/{list_id}/change" if list_id else "/lists/new",
        reader=reader,
        title=tr(read, "Change a list") if list_id else tr(read, "Make a list"),
        **told(read, error),
        filled=filled,
        list_id=list_id,
    )


@router.get("/{list_id}")
async def list_page(list_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """One list: how many are on it and were, and the ways onto it."""
    return await _list(session, reader, language_of(reader, language), list_id)


async def _list(
    session: AsyncSession,
    reader: SignedIn,
    read: Language,
    list_id: int,
    error: DomainError | None = None,
) -> Response:
    one = await service.get_list(session, list_id)
    words = (await service.words_of_lists(session, [list_id]))[list_id]
    today = datetime.now(UTC).astimezone(ZoneInfo(one.timezone)).date()
    weeks = await growth.weeks_of(session, list_id, today, WEEKS)
    return page(
        "list.html",
        read,
        f"/lists/{list_id}",
        reader=reader,
        title=one.name,
        **told(read, error),
        one=one,
        words=sorted(words.items()),
        hours=TextingHours(opens=one.opens, closes=one.closes) if one.opens and one.closes else None,
        people=weeks[-1].all,
        weeks=[(day_and_month(week.day, read), week) for week in reversed(weeks)],
        tongues=list(weeks[-1].people),
        picture=_picture(weeks, read),
        join_page=f"{settings().public_base}/join/{list_id}",
        may_write=reader.actor.may(Scope.WRITE),
    )


def _picture(weeks: Sequence[Week], read: Language) -> str:
    """How many there were, week by week; nothing where there never was anybody."""
    tongues = list(weeks[-1].people)
    rows = [(one.own_name, [week.people[one] for week in weeks]) for one in tongues]
    most = max((count for _, counts in rows for count in counts), default=0)
    label = tr(read, "People on the list by language, week by week. The table below has the figures.")
    days = [day_and_month(week.day, read) for week in weeks]
    return lines(label, days, rows, figure(read, most)) if most else ""


@router.get("/{list_id}/change")
async def change_form(list_id: Id, session: Session, reader: Writer, language: Chosen = None) -> Response:
    """The form with what the list is now."""
    one = await service.get_list(session, list_id)
    return _form(reader, language_of(reader, language), await _now(session, one), list_id=list_id)


async def _now(session: AsyncSession, one: List) -> Fields:
    words = (await service.words_of_lists(session, [one.id]))[one.id]
    filled = {"name": one.name, "timezone": one.timezone} | {
        f"word-{key}": word for key, word in words.items()
    }
    if one.opens and one.closes:
        filled |= {"opens": f"{one.opens:%H:%M}", "closes": f"{one.closes:%H:%M}"}
    return filled | ({"confirms": "1"} if one.confirms else {})


@router.post("/{list_id}/change")
async def change(
    list_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Change a list. Flyers with its old words are worth nothing any more."""
    if TONGUE in form:
        return _form(reader, language_of(reader, language), form, list_id=list_id)
    try:
        body = _filled_in(form)
        async with session.begin_nested():
            await service.change_list(
                session,
                list_id,
                name=body.name,
                timezone=body.timezone,
                words=body.join_words,
                confirms=body.confirms,
                hours=_opening(body),
                by=reader.actor,
            )
    except DomainError as error:
        read = language_of(reader, language)
        return _form(reader, read, form, error, list_id)
    return go_saying(f"/lists/{list_id}", "saved")


@router.post("/{list_id}/delete")
async def delete(
    list_id: Id, session: Session, reader: Writer, form: Form, language: Chosen = None
) -> Response:
    """Delete a list that nobody is on."""
    try:
        required(sure="sure" in form)
        await service.delete_list(session, list_id, reader.actor)
    except DomainError as error:
        read = language_of(reader, language)
        return await _list(session, reader, read, list_id, error)
    return go("/lists")
