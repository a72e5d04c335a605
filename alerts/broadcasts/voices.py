"""Which list speaks for each person of an audience, and with it when they may be texted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    Subquery,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.types import TypeEngine

from alerts.broadcasts.audience import Audience, meant
from alerts.broadcasts.hours import CLOSES, NO_LIST, OPENS, Hours, ListHours, Voice
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.types import Instant
from alerts.subscribers import lists
from alerts.subscribers.models import Membership, Standing


async def list_hours(session: AsyncSession) -> list[ListHours]:
    """The hours of every list, and of people who are on none."""
    of_nobody = ListHours(NO_LIST, Hours(settings().default_timezone))
    return [
        of_nobody,
        *(
            ListHours(
                row.id,
                Hours(row.timezone, row.opens or OPENS, row.closes or CLOSES),
                own=row.opens is not None,
            )
            for row in await lists.hours_of_lists(session)
        ),
    ]


def with_voices(
    audience: Audience, ordered: Sequence[Voice]
) -> Select[int, Language, Standing, int, datetime | None]:
    """Everyone who is meant: id, language, standing, ``list_id`` that speaks for them, and its ``opens_at``.

    ``ordered`` as ``hours.voices`` gives them: of the lists that a person is on, the last one speaks. By
    id, for whom the rows are to be written in that order.
    """
    everyone = meant(audience).cte("everyone").prefix_with("MATERIALIZED")
    who = everyone.c.id, everyone.c.language, everyone.c.standing
    lowest = _lowest(audience, ordered)
    louder = {voice.list_id: place for place, voice in enumerate(ordered) if place > lowest}
    if louder:
        place = _places(everyone, louder)
        of_list = func.coalesce(place.c.place, lowest).label("place")
        query = select(*who, of_list).outerjoin(place, place.c.subscriber_id == everyone.c.id)
    else:
        query = select(*who, literal(lowest).label("place"))
    chosen = query.order_by(everyone.c.id).subquery("chosen")
    return select(
        chosen.c.id,
        chosen.c.language,
        chosen.c.standing,
        _pick([voice.list_id for voice in ordered], BigInteger(), chosen.c.place).label("list_id"),
        _pick([voice.opens_at for voice in ordered], Instant(), chosen.c.place).label("opens_at"),
    )


def _lowest(audience: Audience, ordered: Sequence[Voice]) -> int:
    """The place below which no list speaks: everyone is on one of the lists that the audience names."""
    places = {voice.list_id: place for place, voice in enumerate(ordered)}
    return min((places[one] for one in audience.lists if one in places), default=places[NO_LIST])


def _places(everyone: CTE, louder: Mapping[int, int]) -> Subquery:
    """The highest place of those who are on one of the ``louder`` lists."""
    table = func.unnest(
        cast(list(louder), ARRAY(BigInteger)), cast(list(louder.values()), ARRAY(Integer))
    ).table_valued(column("list_id", BigInteger), column("place", Integer))
    spoken = table.render_derived("spoken")
    return (
        select(Membership.subscriber_id, func.max(spoken.c.place).label("place"))
        .join(everyone, everyone.c.id == Membership.subscriber_id)
        .join(spoken, spoken.c.list_id == Membership.list_id)
        .where(Membership.list_id.in_(list(louder)))
        .group_by(Membership.subscriber_id)
        .subquery("places")
    )


def _pick(values: Sequence[Any], kind: TypeEngine[Any], place: ColumnElement[int]) -> ColumnElement[Any]:
    return Grouping(cast(values, ARRAY(kind)))[place + 1]
