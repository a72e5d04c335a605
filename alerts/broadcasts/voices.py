"""Which list speaks for each person of an audience, and with it when they may be texted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BigInteger, Integer, Select, cast, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

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
) -> Select[int, Language, Standing, int, datetime]:
    """Everyone who is meant: id, language, standing, ``list_id`` that speaks for them, and its ``opens_at``.

    ``ordered`` as ``hours.voices`` gives them: of the lists that a person is on, the last one speaks.
    """
    places = {voice.list_id: place for place, voice in enumerate(ordered)}
    table = func.unnest(
        cast([voice.list_id for voice in ordered], ARRAY(BigInteger)),
        cast([voice.opens_at for voice in ordered], ARRAY(Instant)),
        cast(list(places.values()), ARRAY(Integer)),
    ).table_valued(column("list_id", BigInteger), column("opens_at", Instant), column("place", Integer))
    everyone = meant(audience).cte("everyone").prefix_with("MATERIALIZED")
    spoken, voice = table.render_derived("spoken"), table.render_derived("voice")
    # One pass over the memberships of those who are meant, however many lists they are on.
    chosen = (
        select(
            everyone.c.id,
            everyone.c.language,
            everyone.c.standing,
            func.coalesce(func.max(spoken.c.place), places[NO_LIST]).label("place"),
        )
        .outerjoin(Membership, Membership.subscriber_id == everyone.c.id)
        .outerjoin(spoken, spoken.c.list_id == Membership.list_id)
        .group_by(everyone.c.id, everyone.c.language, everyone.c.standing)
        .subquery("chosen")
    )
    return select(chosen.c.id, chosen.c.language, chosen.c.standing, voice.c.list_id, voice.c.opens_at).join(
        voice, voice.c.place == chosen.c.place
    )
