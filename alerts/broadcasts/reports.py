"""What became of an alert, or of all alerts of an action. All sums are of one look at their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.broadcasts.forecast import MICROS
from alerts.broadcasts.models import NOBODYS, Alert, Delivery
from alerts.broadcasts.reasons import in_plain_words
from alerts.broadcasts.service import get_alert
from alerts.broadcasts.states import MAY_HAVE_ARRIVED, DeliveryState
from alerts.language.catalogs import N_
from alerts.language.languages import Language
from alerts.language.segments import segments
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.subscribers.lists import names_of_lists
from alerts.subscribers.models import Subscriber

ROWS_AT_ONCE = 2_000
# The carrier takes money for these: what it refused or never saw is free.
# Source: https://www.twilio.com/docs/messaging/api/message-resource, "price"
PAID = frozenset(
    {DeliveryState.ACCEPTED, DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.UNDELIVERED}
)
UNSUCCESSFUL = frozenset({DeliveryState.FAILED, DeliveryState.UNDELIVERED})

# What a report says where nothing else is known.
NO_REASON = N_("the carrier gave no reason")
NOT_WRITTEN = N_("no reason was written down")

States = Mapping[DeliveryState, int]


@dataclass(frozen=True)
class Answers:
    """How many gave this answer within the hour that began then."""

    hour: datetime
    answer: str
    people: int


@dataclass
class Report:
    """People by where their delivery stands: in all, by language, and by the list that spoke for them.

    ``failed`` and ``skipped`` by reason, in plain words. ``price`` in millionths of the currency's unit;
    None where none is set. ``left``: who said STOP within two days of a text, and before the next one.
    """

    states: Counter[DeliveryState] = field(default_factory=Counter)
    languages: dict[Language, Counter[DeliveryState]] = field(default_factory=dict)
    lists: dict[int | None, Counter[DeliveryState]] = field(default_factory=dict)
    failed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    parts: int = 0
    price: int | None = None
    answers: Sequence[Answers] = ()
    left: int = 0


# Of the counts that are kept as deliveries move: some rows, however many texts there were.
_ALIKE = text("""
    SELECT alert_id, language, state, nullif(list_id, 0) AS list_id, nullif(code, 0) AS code,
           nullif(reason, '') AS reason, sum(deliveries)::bigint AS people
    FROM progress WHERE alert_id = ANY (cast(:alerts AS bigint[]))
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(deliveries) <> 0
""")
# Answers of its people since they were texted: one a person and action. Plan: a semijoin by hash.
_ANSWERS = text("""
    SELECT date_trunc('hour', r.answered_at) AS hour, r.answer, count(*) AS people
    FROM rsvps r
    WHERE r.action_id = ANY (cast(:actions AS bigint[]))
      AND EXISTS (SELECT FROM deliveries d
                  WHERE d.alert_id = ANY (cast(:alerts AS bigint[])) AND d.subscriber_id = r.subscriber_id
                    AND d.claimed_at <= r.answered_at)
    GROUP BY 1, 2 ORDER BY 1, 2
""")
# Plan: the few who said so by text since the first of these, by time; of each, their delivery by key
# (OFFSET 0: left to itself, the planner reads all deliveries for their states). Whoever had another alert
# in between left because of that one. Whom an organizer took off, or the carrier refused at that very
# text, said nothing.
_REACHED = "(" + ", ".join(f"'{state}'" for state in MAY_HAVE_ARRIVED) + ")"
_LEFT = text(f"""
    SELECT count(DISTINCT e.subscriber_id)
    FROM consent_events e
    CROSS JOIN LATERAL (
        SELECT state, claimed_at FROM deliveries
        WHERE alert_id = ANY (cast(:alerts AS bigint[])) AND subscriber_id = e.subscriber_id OFFSET 0) AS d
    WHERE e.kind = 'left' AND e.channel = 'text' AND d.state IN {_REACHED}
      AND e.at >= (SELECT min(prepared_at) FROM alerts WHERE id = ANY (:alerts))
      AND e.at BETWEEN d.claimed_at AND d.claimed_at + interval '2 days'
      AND NOT EXISTS (
          SELECT FROM alerts a JOIN deliveries o ON o.alert_id = a.id AND o.subscriber_id = e.subscriber_id
          WHERE a.to_subscriber IS NULL AND a.prepared_at <= e.at AND a.id <> ALL (cast(:alerts AS bigint[]))
            AND o.state IN {_REACHED} AND o.claimed_at > d.claimed_at AND o.claimed_at <= e.at)
""")  # noqa: S608 - words of ours


async def of_alert(session: AsyncSession, alert_id: int) -> Report:
    """What became of one alert. Raises NotFound."""
    return await of_alerts(session, [await get_alert(session, alert_id)])


async def of_action(session: AsyncSession, action_id: int) -> Report:
    """What became of all alerts of an action; who got two is counted twice. Raises NotFound."""
    await actions.get_action(session, action_id)
    query = select(Alert).where(Alert.action_id == action_id, Alert.to_subscriber.is_(None))
    return await of_alerts(session, (await session.scalars(query)).all())


async def of_alerts(session: AsyncSession, alerts: Sequence[Alert]) -> Report:
    """What became of these together."""
    parts = {
        (alert.id, language): segments(body).parts
        for alert in alerts
        for language, body in (alert.bodies or {}).items()
    }
    report = Report()
    for row in await session.execute(_ALIKE, {"alerts": [alert.id for alert in alerts]}):
        state, language = DeliveryState(row.state), Language(row.language)
        report.states[state] += row.people
        report.languages.setdefault(language, Counter())[state] += row.people
        report.lists.setdefault(row.list_id, Counter())[state] += row.people
        _add_reason(report, row)
        if state in PAID:
            report.parts += row.people * parts[row.alert_id, row.language]
    if (price := settings().price_per_part) is not None:
        report.price = report.parts * int(price * MICROS)
    await _of_people(session, alerts, report)
    return report


async def _of_people(session: AsyncSession, alerts: Sequence[Alert], report: Report) -> None:
    """What the people tell of those alerts that know theirs still, and what was kept of the rest."""
    known = [alert for alert in alerts if alert.kept is None]
    given = {
        "alerts": [alert.id for alert in known],
        "actions": sorted({alert.action_id for alert in known if alert.action_id}),
    }
    answers: Counter[tuple[datetime, str]] = Counter()
    for row in await session.execute(_ANSWERS, given):
        answers[row.hour, row.answer] += row.people
    report.left = await session.scalar(_LEFT, given) or 0
    for alert in alerts:
        kept = alert.kept or {}
        told = kept if len(alerts) == 1 else kept.get("together", {})
        for one in told.get("answers", ()):
            answers[datetime.fromisoformat(one["hour"]), one["answer"]] += one["people"]
        report.left += told.get("left", 0)
    report.answers = [Answers(*key, people) for key, people in sorted(answers.items())]


async def reasons_of(session: AsyncSession, alert_id: int) -> tuple[Counter[str], Counter[str]]:
    """Why texts of an alert did not arrive, and why people were left out, so far."""
    report = Report()
    for row in await session.execute(_ALIKE, {"alerts": [alert_id]}):
        _add_reason(report, row)
    return report.failed, report.skipped


def _add_reason(report: Report, row: Any) -> None:
    why = in_plain_words(row.reason, row.code)
    if row.state in UNSUCCESSFUL:
        report.failed[why or NO_REASON] += row.people
    elif row.state == DeliveryState.SKIPPED:
        report.skipped[why or NOT_WRITTEN] += row.people


_PARKED = text("""
    SELECT count(*) AS people, min(not_before) AS first FROM deliveries
    WHERE alert_id = :alert AND state = 'waiting' AND not_before > now()
""")


async def parked(session: AsyncSession, alert_id: int) -> tuple[int, datetime | None]:
    """How many wait for their time (it is night, or the carrier asks for patience), and the first time."""
    row = (await session.execute(_PARKED, {"alert": alert_id})).one()
    return row.people, row.first


async def people_of(session: AsyncSession, alert_ids: Sequence[int]) -> int:
    """How many people these alerts name still."""
    query = select(func.count(Delivery.subscriber_id.distinct())).where(
        Delivery.alert_id.in_(alert_ids), Delivery.subscriber_id < NOBODYS
    )
    return await session.scalar(query) or 0


@dataclass(frozen=True)
class Line:
    """One delivery as an organizer reads it. ``phone`` is None where the person is gone."""

    alert_id: int
    phone: str | None
    language: str
    list_name: str
    state: DeliveryState
    why: str | None
    changed_at: datetime


async def lines(alert_ids: Sequence[int]) -> AsyncIterator[list[Line]]:
    """Every delivery of these alerts, some thousand at a time, in sessions of its own."""
    async with session_scope() as session:
        names = await names_of_lists(session)
    for alert_id in alert_ids:
        after = 0
        while rows := await _some_deliveries(alert_id, after):
            after = rows[-1].subscriber_id
            yield [_line(row, names) for row in rows]


async def _some_deliveries(alert_id: int, after: int) -> Sequence[Any]:
    query = (
        select(
            Delivery.alert_id, Delivery.subscriber_id, Delivery.language, Delivery.list_id, Delivery.state,
            Delivery.reason, Delivery.code, Delivery.changed_at, Subscriber.phone,
        )
        .outerjoin(Subscriber, Subscriber.id == Delivery.subscriber_id)
        .where(Delivery.alert_id == alert_id, Delivery.subscriber_id > after)
        .order_by(Delivery.subscriber_id)
        .limit(ROWS_AT_ONCE)
    )  # fmt: skip
    async with session_scope() as session:
        return (await session.execute(query)).all()


def _line(row: Any, names: Mapping[int | None, str]) -> Line:
    return Line(
        row.alert_id,
        row.phone,
        row.language,
        names.get(row.list_id, ""),
        DeliveryState(row.state),
        in_plain_words(row.reason, row.code),
        row.changed_at,
    )
