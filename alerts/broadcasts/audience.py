"""Who gets an alert: the rule that picks subscribers, as one query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Select,
    and_,
    bindparam,
    column,
    func,
    not_,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions import service as actions
from alerts.actions.models import Action, Rsvp
from alerts.broadcasts.models import Alert, Delivery
from alerts.broadcasts.states import MAY_HAVE_ARRIVED, DeliveryState
from alerts.language.languages import Language
from alerts.subscribers.lists import require_lists
from alerts.subscribers.models import Census, Membership, Standing, Subscriber
from alerts.subscribers.schemas import Closed

Key = Annotated[int, Field(ge=1, le=2**63 - 1)]
MOST_PARTS = 8
FEW_LISTS = 4

# A plan made without knowing which lists takes twice as long. And where people are in memory, processes that
# read for those that count only wait for the same cores.
_FOR_COUNTING = text("""
    SELECT set_config('plan_cache_mode', 'force_custom_plan', true),
           set_config('effective_io_concurrency', '0', true)
""")

# Everybody as a string of bits, by their ids: whether they were asked and said nothing. A join takes twice as
# long: each of a million people is looked up in what no cache holds (docs/decisions/silent.md). 64 people
# share a number; "# 56" turns its octets round, as int8send begins at the other end. The same statement finds
# the last id, and fills what is between: get_bit never looks behind the end.
_BIT = "1::bigint << ((subscriber_id & 63)::int # 56)"
_SILENT = text(f"""
    SELECT string_agg(int8send(asked & ~answered), '' ORDER BY sixty_four) FROM (
        SELECT sixty_four, bit_or(asked) AS asked, bit_or(answered) AS answered FROM (
            SELECT subscriber_id >> 6 AS sixty_four, {_BIT} AS asked, 0::bigint AS answered
            FROM deliveries
            WHERE alert_id = ANY (ARRAY(SELECT id FROM alerts WHERE action_id = :action AND asks_rsvp))
              AND state IN ({", ".join(f"'{state}'" for state in MAY_HAVE_ARRIVED)})
            UNION ALL
            SELECT subscriber_id >> 6, 0::bigint, {_BIT} FROM rsvps WHERE action_id = :action
            UNION ALL
            SELECT every, 0::bigint, 0::bigint
            FROM generate_series(0, (SELECT max(id) >> 6 FROM subscribers)) AS every
        ) AS said GROUP BY sixty_four
    ) AS sums
""")  # noqa: S608 - words of ours


class Answered(StrEnum):
    """What somebody said to an action. ``silent``: was asked and said nothing; ``any``: said anything."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"
    SILENT = "silent"
    ANY = "any"


class Part(Closed):
    """On any of ``lists``, and with any of ``languages``, ``tags`` and ``answers`` to ``action``.

    ``joined_since``: onto any of these lists, or onto any list. ``told_old``: who was told of this
    action, and not since its time or place changed. What is empty does not narrow.
    """

    lists: list[Key] = []
    languages: list[Language] = []
    tags: list[str] = []
    action: Key | None = None
    answers: list[Answered] = []
    joined_since: AwareDatetime | None = None
    told_old: Key | None = None

    @model_validator(mode="after")
    def _answers_to_something(self) -> Part:
        if self.answers and not self.action:
            raise ValueError("answers need the action that they were given to")
        return self

    def is_of_groups(self) -> bool:
        """Whether it says nothing but lists and languages, which the census knows of everybody."""
        return not (self.tags or self.action or self.joined_since or self.told_old)

    def names_somebody(self) -> bool:
        """Whether it is about more than languages: everybody is never meant by leaving things out."""
        return bool(self.lists or self.tags or self.action or self.joined_since or self.told_old)


class Audience(Part):
    """A part, narrowed by all of ``also`` and by none of ``without``. Somebody on two lists is one person."""

    also: Annotated[list[Part], Field(max_length=MOST_PARTS)] = []
    without: Annotated[list[Part], Field(max_length=MOST_PARTS)] = []

    @model_validator(mode="after")
    def _names_somebody(self) -> Audience:
        if not any(part.names_somebody() for part in (self, *self.also)):
            raise ValueError("name at least one list, tag, action or time of joining")
        if any(part == Part() for part in (*self.also, *self.without)):
            raise ValueError("a part of also or without says nothing; take it out or fill it")
        return self


@dataclass(frozen=True)
class Counts:
    """How many people are meant now; on two lists one is counted in both. ``left_out``: by standing."""

    languages: Mapping[Language, int]
    lists: Mapping[int, int]
    left_out: Mapping[Standing, int]


def named_lists(audience: Audience) -> set[int]:
    """The lists that an audience is made of."""
    return {list_id for part in (audience, *audience.also) for list_id in part.lists}


async def require_audience(session: AsyncSession, audience: Audience) -> None:
    """Raises NotFound for a list or an action that does not exist."""
    for part in (audience, *audience.also, *audience.without):
        await require_lists(session, part.lists)
        for action_id in filter(None, (part.action, part.told_old)):
            await actions.get_action(session, action_id)


def meant(audience: Audience) -> Select[int, Language, Standing]:
    """Id, language and standing of everyone in the audience; only who is ``active`` may be texted."""
    return select(Subscriber.id, Subscriber.language, Subscriber.standing).where(_meant(audience))


async def people_by_language(session: AsyncSession, audience: Audience) -> dict[Language, int]:
    """How many people of each language are in the audience now."""
    people: Counter[Language] = Counter()
    for one in await alike(session, audience):
        if one.standing == Standing.ACTIVE:
            people[one.language] += one.people
    return people


async def are_more_than(session: AsyncSession, audience: Audience, most: int) -> bool:
    """Whether more than ``most`` people can be texted now. No more people are looked at."""
    if _is_of_groups(audience):
        people = select(func.sum(Census.people)).where(_meant(audience, Census))
        return (await session.scalar(people.where(Census.standing == Standing.ACTIVE)) or 0) > most
    some = meant(audience).where(Subscriber.standing == Standing.ACTIVE).limit(most + 1).subquery()
    return (await session.scalar(select(func.count()).select_from(some)) or 0) > most


async def counts(session: AsyncSession, audience: Audience) -> Counts:
    """How many people are meant, and how many of them cannot be texted. Raises NotFound."""
    await require_audience(session, audience)
    languages: Counter[Language] = Counter()
    lists: Counter[int] = Counter()
    left_out: Counter[Standing] = Counter()
    for one in await alike(session, audience):
        if one.standing != Standing.ACTIVE:
            left_out[one.standing] += one.people
            continue
        languages[one.language] += one.people
        for list_id in one.lists:
            if not audience.lists or list_id in audience.lists:
                lists[list_id] += one.people
    return Counts(languages, lists, left_out)


@dataclass(frozen=True, slots=True)
class Alike:
    """People of one standing and language who are on the same lists, and how many they are."""

    standing: Standing
    language: Language
    lists: Collection[int]
    people: int


async def alike(session: AsyncSession, audience: Audience) -> list[Alike]:
    """Everyone who is meant: some hundred groups, however many people there are."""
    await session.execute(_FOR_COUNTING)
    return [
        Alike(Standing(standing), Language(language), lists, int(people))
        for standing, language, lists, people in await session.execute(counting(audience))
        if not audience.lists or set(lists) & set(audience.lists)
    ]


def counting(audience: Audience) -> Select[Standing, Language, list[int], int]:
    """People by standing, language and lists; where no more is asked, of the census.

    Of an audience of many lists everybody is counted, and the groups are looked through afterwards: to ask
    that of a million people takes twice as long as to count them.
    """
    if len(audience.lists) > FEW_LISTS and not audience.joined_since:  # which is about these lists
        audience = audience.model_copy(update={"lists": []})
    if _is_of_groups(audience):
        groups = Census.standing, Census.language, Census.lists
        people = func.sum(Census.people)
        return select(*groups, people).where(_meant(audience, Census)).group_by(*groups).having(people > 0)
    groups = Subscriber.standing, Subscriber.language, Subscriber.lists
    return select(*groups, func.count()).where(_meant(audience)).group_by(*groups)


def _is_of_groups(audience: Audience) -> bool:
    return all(part.is_of_groups() for part in (audience, *audience.also, *audience.without))


def _meant(audience: Audience, who: type[Subscriber | Census] = Subscriber) -> ColumnElement[bool]:
    return and_(
        _part(audience, who),
        *(_part(part, who) for part in audience.also),
        *(not_(_part(part, who)) for part in audience.without),
    )


def _part(part: Part, who: type[Subscriber | Census]) -> ColumnElement[bool]:
    """``who`` is in ``part``. Never unknown (null), so that ``not_`` of it is its contrary."""
    conditions: list[ColumnElement[bool]] = []
    if part.lists:
        conditions.append(who.lists.overlap(part.lists))
    if part.joined_since:
        joined = select(Membership.subscriber_id).where(Membership.joined_at >= part.joined_since)
        if part.lists:
            joined = joined.where(Membership.list_id.in_(part.lists))
        conditions.append(Subscriber.id.in_(joined))
    if part.languages:
        conditions.append(who.language.in_(part.languages))
    if part.tags:
        conditions.append(Subscriber.tags.overlap(part.tags))
    if part.action:
        conditions.append(or_(*_said(part.action, part.answers or [Answered.ANY])))
    if part.told_old:
        conditions.append(Subscriber.id.in_(_told_old(part.told_old)))
    return and_(true(), *conditions)


def _said(action_id: int, answers: list[Answered]) -> list[ColumnElement[bool]]:
    answered = select(Rsvp.subscriber_id).where(Rsvp.action_id == action_id)
    said = [answer for answer in answers if answer not in (Answered.SILENT, Answered.ANY)]
    conditions: list[ColumnElement[bool]] = []
    if Answered.ANY in answers:
        conditions.append(Subscriber.id.in_(answered))
    elif said:
        conditions.append(Subscriber.id.in_(answered.where(Rsvp.answer.in_(said))))
    if Answered.SILENT in answers:
        silent = _SILENT.bindparams(bindparam("action", action_id, BigInteger, unique=True))
        bit = func.get_bit(silent.columns(column("bits", LargeBinary)).scalar_subquery(), Subscriber.id)
        # Not "= 1", which the planner takes for few people: it would sort them all to group them.
        conditions.append(bit != 0)
    return conditions


def _told_old(action_id: int) -> Select[int]:
    """What came back undelivered may have been read, if it was of the old, and was not, if of the new."""
    now = select(Action.version).where(Action.id == action_id).scalar_subquery()
    version = func.coalesce(Alert.action_version, 1)
    told = func.max(version).filter(Delivery.state != DeliveryState.UNDELIVERED)
    return (
        select(Delivery.subscriber_id)
        .join(Alert, Alert.id == Delivery.alert_id)
        .where(Alert.action_id == action_id, Delivery.state.in_(MAY_HAVE_ARRIVED))
        .group_by(Delivery.subscriber_id)
        .having(func.min(version) < now, func.coalesce(told, 0) < now)
    )
