"""Pages: one action: when and where, who will come, its alerts and reminders."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service, turnout
from alerts.broadcasts import changes
from alerts.broadcasts.audience import Audience
from alerts.broadcasts.models import Alert
from alerts.broadcasts.nights import nights_of
from alerts.broadcasts.service import alerts_of_action
from alerts.broadcasts.states import AlertKind
from alerts.console.alerts_shown import heading, hints_in_words, lead_in_words, state_in_words, who_answered
from alerts.console.clocks import clocks_of
from alerts.console.doors import Chosen, Viewer, language_of
from alerts.console.once import FormRoute
from alerts.console.over_time import over_time
from alerts.console.pages import page
from alerts.language.catalogs import tr
from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.subscribers.lists import names_of_lists
from alerts.team.access import Id, Session
from alerts.team.actors import Scope
from alerts.understanding.intents import Answer

router = APIRouter(prefix="/actions", include_in_schema=False, route_class=FormRoute)


@dataclass
class Counted:
    """Answers of some people. ``language``: that of the name, where it is a language's own."""

    name: str
    language: Language | None = None
    yes: int = 0
    guests: int = 0
    maybe: int = 0
    no: int = 0

    def add(self, answer: Answer, people: int, guests: int) -> None:
        """So many more gave this answer."""
        setattr(self, answer, getattr(self, answer) + people)
        self.guests += guests if answer == Answer.YES else 0

    @property
    def people(self) -> int:
        """How many answered."""
        return self.yes + self.maybe + self.no


@router.get("/{action_id}")
async def action_page(action_id: Id, session: Session, reader: Viewer, language: Chosen = None) -> Response:
    """One action: what, when, who will come, its alerts."""
    read = language_of(reader, language)
    action = await service.get_action(session, action_id)
    told = await changes.who_was_told(session, action_id)
    clocks = await clocks_of(session)
    every = await alerts_of_action(session, action_id)
    return page(
        "action.html",
        read,
        f"/actions/{action_id}",
        reader=reader,
        title=heading(action, read),
        action=action,
        begins=when(action.starts_at, action.timezone, read),
        ends=clocks.when(action.ends_at, action.timezone, read),
        details=action.details.get(str(read), ""),
        answers=await _by_language(session, action_id, read),
        lists=await _by_list(session, action_id),
        over=over_time(await turnout.by_hour(session, action_id), action.timezone, read),
        alerts=[(one.id, state_in_words(one, read)) for one in every if one.kind != AlertKind.REMINDER],
        reminders=[await _reminder(session, one, read) for one in every if one.kind == AlertKind.REMINDER],
        told_old=sum(told.values()),
        may_write=reader.actor.may(Scope.WRITE),
    )


async def _reminder(session: AsyncSession, alert: Alert, read: Language) -> tuple[int, str, str, str, str]:
    """Its last piece: what to know of it before it goes out."""
    answers = Audience.model_validate(alert.audience).answers
    return (
        alert.id,
        lead_in_words(alert.send_before or "", read),
        who_answered(answers, read),
        state_in_words(alert, read),
        " ".join(hints_in_words(await nights_of(session, alert), read)),
    )


async def _by_language(session: AsyncSession, action_id: int, read: Language) -> list[Counted]:
    """The sum first."""
    total = Counted(tr(read, "All"))
    rows: dict[Language, Counted] = {}
    for one in await service.summary(session, action_id):
        row = rows.setdefault(one.language, Counted(one.language.own_name, one.language))
        for counted in (total, row):
            counted.add(one.answer, one.people, one.guests)
    return [total, *(row for _, row in sorted(rows.items()))]


async def _by_list(session: AsyncSession, action_id: int) -> list[Counted]:
    """By name."""
    names = await names_of_lists(session)
    rows: dict[int, Counted] = {}
    for one in await turnout.by_list(session, action_id):
        rows.setdefault(one.list_id, Counted(names.get(one.list_id, ""))).add(
            one.answer, one.people, one.guests
        )
    return sorted(rows.values(), key=lambda row: row.name)
