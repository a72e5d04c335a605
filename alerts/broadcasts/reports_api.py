"""Routes: the whole report of an alert and of an action, and the same as CSV."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Depends
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from alerts.broadcasts import reports
from alerts.broadcasts.forecast import money
from alerts.broadcasts.report_files import file_of_action, file_of_alert
from alerts.broadcasts.reports import Report
from alerts.broadcasts.schemas import Price
from alerts.broadcasts.states import DeliveryState
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.team.access import Caller, Id, Session, needs
from alerts.team.actors import Scope

router = APIRouter(prefix="/v1", dependencies=[Depends(needs(Scope.READ))])
_CSV_FILE = {"content": {"text/csv": {"schema": {"type": "string"}}}}


class AnswersOut(BaseModel):
    """How many people gave this answer within the hour that began then."""

    hour: datetime
    answer: str
    people: int


class ListReportOut(BaseModel):
    """People whom one list spoke for; no list where they were on none."""

    list: int | None
    states: dict[DeliveryState, int]


class WholeReportOut(BaseModel):
    """What became of everybody who was meant. The states add up to ``people``; so do languages and lists.

    ``failed`` and ``skipped``: how many, by reason. ``parts``: what the carrier took, and its price.
    ``left``: who said STOP within two days of a text, and before the next one.
    """

    people: int
    states: dict[DeliveryState, int]
    languages: dict[Language, dict[DeliveryState, int]]
    lists: list[ListReportOut]
    failed: dict[str, int]
    skipped: dict[str, int]
    parts: int
    price: Price | None
    answers: list[AnswersOut]
    left: int


@router.get("/alerts/{alert_id}/report/whole", tags=["alerts"])
async def whole_report_of_alert(alert_id: Id, session: Session) -> WholeReportOut:
    """What became of an alert: by language and list, with reasons, price, answers and who left."""
    return _out(await reports.of_alert(session, alert_id))


@router.get("/actions/{action_id}/report", tags=["actions"])
async def report_of_action(action_id: Id, session: Session) -> WholeReportOut:
    """The same of all alerts of an action; who got two is counted twice."""
    return _out(await reports.of_action(session, action_id))


@router.get(
    "/alerts/{alert_id}/report.csv",
    response_class=StreamingResponse,
    responses={200: _CSV_FILE},
    tags=["alerts"],
)
async def alert_as_csv(alert_id: Id, session: Session, caller: Caller) -> StreamingResponse:
    """A row a person. Numbers are masked unless the key may read them."""
    return await file_of_alert(session, alert_id, caller)


@router.get(
    "/actions/{action_id}/report.csv",
    response_class=StreamingResponse,
    responses={200: _CSV_FILE},
    tags=["actions"],
)
async def action_as_csv(action_id: Id, session: Session, caller: Caller) -> StreamingResponse:
    """A row a person and alert. Numbers are masked unless the key may read them."""
    return await file_of_action(session, action_id, caller)


def _out(report: Report) -> WholeReportOut:
    price = None
    if report.price is not None:
        price = Price(amount=money(report.price), currency=settings().currency)
    return WholeReportOut(
        people=report.states.total(),
        states={state: report.states[state] for state in DeliveryState},
        languages={language: dict(states) for language, states in report.languages.items()},
        lists=[
            ListReportOut(list=list_id, states=dict(states))
            for list_id, states in sorted(report.lists.items(), key=lambda one: one[0] or 0)
        ],
        failed=dict(report.failed),
        skipped=dict(report.skipped),
        parts=report.parts,
        price=price,
        answers=[AnswersOut(hour=one.hour, answer=one.answer, people=one.people) for one in report.answers],
        left=report.left,
    )
