"""The days of a list, and the census, add up to who is there, whatever happened and in whatever order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.conversations.forgetting import forget
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.subscribers import census, growth, service
from alerts.subscribers.models import Channel
from alerts.subscribers.service import Proof
from alerts.team.actors import Actor
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, inland_empire

pytestmark = pytest.mark.anyio
SOMEBODY = Actor(1, 1, "test", frozenset())
BY_HAND = Proof(Channel.CONSOLE, source="test")
_ON_THEM = text("""
    SELECT m.list_id, s.language, count(*) FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id
    WHERE s.standing = 'active' GROUP BY 1, 2
""")

_ALIKE = text("SELECT standing, language, lists, count(*) FROM subscribers GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
_CENSUS = text("""
    SELECT standing, language, lists, sum(people)::bigint FROM census
    GROUP BY 1, 2, 3 HAVING sum(people) <> 0 ORDER BY 1, 2, 3
""")


async def agrees() -> None:
    async with session_scope() as session:
        counted = {
            (list_id, Language(language)): people
            for list_id, language, people in await session.execute(_ON_THEM)
        }
        kept = {
            (list_id, language): count
            for list_id, people in (await growth.people_now(session)).items()
            for language, count in people.items()
            if count
        }
        assert kept == counted
        assert (await session.execute(_CENSUS)).all() == (await session.execute(_ALIKE)).all()


async def _do(step: tuple[int, str, int], phone: str) -> None:
    who, what, list_id = step
    async with session_scope() as session:
        found = await service.find_by_phone(session, phone)
        if what == "add" and (found is None or found.standing != "left"):
            await service.add(session, phone, list(Language)[who], [list_id], ["x"], BY_HAND)
        elif found is None:
            return
        elif what == "off" and list_id in found.lists:
            await service.take_off(session, found.id, list_id, Channel.CONSOLE, SOMEBODY)
        elif what == "leave":
            await service.remove(session, found.id, Channel.CONSOLE, SOMEBODY)
        elif what == "speak":
            await service.change_language(session, found, list(Language)[list_id % 3], BY_HAND)
        elif what == "unreachable":
            await service.mark_unreachable(session, found.id)
        elif what == "forget":
            await forget(session, found.id, SOMEBODY)
            await session.execute(text("DELETE FROM forgotten"))  # so that they can come again
        elif what == "add up":
            await growth.add_up(session)
            await census.add_up(session)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from(["add", "off", "leave", "speak", "unreachable", "forget", "add up"]),
        st.integers(1, 2),
    ),
    max_size=12,
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
async def test_days_are_what_counting_would_give(api: Api, steps: list[tuple[int, str, int]]) -> None:
    async with session_scope() as session:
        await session.execute(text("DELETE FROM subscribers"))
        await session.execute(text("DELETE FROM lists"))
        await session.execute(text("ALTER TABLE lists ALTER COLUMN id RESTART WITH 1"))
    await api.post("/v1/lists", inland_empire())
    await api.post("/v1/lists", inland_empire(name="Other", join_words={"en": "OTHER"}))
    for step in steps:
        await _do(step, (MARIA, YASMIN, JAMES)[step[0]])
    await agrees()


async def test_what_workers_text_counts(api: Api, inland: int) -> None:
    await api.text(MARIA, "STOP")
    await api.text(YASMIN, "ENGLISH")
    await agrees()
    async with session_scope() as session:
        assert await growth.people_now(session) == {inland: {Language.EN: 2, Language.ES: 0, Language.SO: 0}}
        await growth.add_up(session)
        assert (await session.scalar(text("SELECT count(*) FROM list_days"))) == 1
        await census.add_up(session)
        assert (await session.scalar(text("SELECT count(*) FROM census"))) == 2
    await agrees()
    await agrees()


async def test_weeks_count_all_that_was_before(api: Api, inland: int) -> None:
    today = date(2026, 11, 20)
    async with session_scope() as session:
        await session.execute(text("DELETE FROM list_days"))
        for days, language, people in (
            (400, "en", 5),
            (8, "es", 3),
            (7, "en", -1),
            (1, "es", 2),
            (0, "en", 4),
        ):
            row = "INSERT INTO list_days (list_id, day, language, people) VALUES (:list, :day, :language, :n)"
            given_ = {"list": inland, "day": today - timedelta(days=days), "language": language, "n": people}
            await session.execute(text(row), given_)
        weeks = await growth.weeks_of(session, inland, today, 2)
    assert [(week.day, dict(week.people), week.all) for week in weeks] == [
        (date(2026, 11, 6), {"en": 5, "es": 0}, 5),
        (date(2026, 11, 13), {"en": 4, "es": 3}, 7),
        (date(2026, 11, 20), {"en": 8, "es": 5}, 13),
    ]


async def test_a_day_is_that_of_the_list(api: Api) -> None:
    far = await api.post("/v1/lists", inland_empire(timezone="Pacific/Kiritimati"))
    await api.text(MARIA, "UNETE")
    async with session_scope() as session:
        day = await session.scalar(
            text("SELECT day FROM list_days WHERE list_id = :list"), {"list": far["id"]}
        )
    assert day in {(datetime.now(UTC) + timedelta(hours=14, minutes=minutes)).date() for minutes in (0, -5)}
