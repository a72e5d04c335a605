"""Pages: who said what to an action: to look at, to print, and as a file."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from alerts.actions import service, turnout
from alerts.actions.roster_file import roster_file
from alerts.console.alerts_shown import ANSWERS, heading
from alerts.console.clocks import clocks_of
from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.once import FormRoute
from alerts.console.pages import as_read, page
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.subscribers.lists import names_of_lists
from alerts.subscribers.phones import mask
from alerts.team.access import MOST_IDS, Id, Session
from alerts.team.audit import numbers_opened
from alerts.understanding.intents import Answer

router = APIRouter(prefix="/actions", include_in_schema=False, route_class=FormRoute)
MOST = 60  # a page shows numbers, so it is not compressed: within 15 KB
SHOWN = {"yes": Answer.YES, "maybe": Answer.MAYBE, "no": Answer.NO}


@router.get("/{action_id}/roster")
async def roster(  # noqa: PLR0913, PLR0917
    action_id: Id,
    session: Session,
    reader: Viewer,
    answer: str = "yes",
    numbers: Annotated[bool, Query()] = False,
    after: Annotated[int | None, Query(ge=0, lt=MOST_IDS)] = None,
    language: Chosen = None,
) -> Response:
    """Who gave one answer. Numbers are masked until somebody who may asks for them, which is audited."""
    read = language_of(reader, language)
    action = await service.get_action(session, action_id)
    said = SHOWN.get(answer, Answer.YES)
    rows, following = await turnout.page_of_roster(session, action_id, said, after, MOST)
    opened = numbers and reader.actor.may_read_numbers
    if opened:
        numbers_opened(session, reader.actor, "read", len(rows))
    names = await names_of_lists(session)
    return page(
        "roster.html",
        read,
        f"/actions/{action_id}/roster",
        reader=reader,
        title=tr(read, "Who will come"),
        action=action,
        about=heading(action, read),
        begins=(await clocks_of(session)).when(action.starts_at, action.timezone, read),
        said=said,
        answers=[(one, tr(read, says)) for one, says in ANSWERS.items()],
        rows=[
            (
                who.id,
                who.phone if opened else mask(who.phone),
                Language(who.language),
                ", ".join(sorted(names[one] for one in who.lists if one in names)),
                given.guests,
                as_read(given.answered_at, read),
            )
            for given, who in rows
        ],
        guests=sum(given.guests for given, _ in rows),
        following=following,
        opened=opened,
        may_open=reader.actor.may_read_numbers,
    )


@router.get("/{action_id}/roster.csv")
async def roster_as_csv(action_id: Id, session: Session, reader: Viewer) -> Response:
    """The whole of it, with every answer."""
    return await roster_file(session, action_id, reader.actor)
