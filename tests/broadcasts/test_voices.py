"""The statement picks the same list for each person as the rule does, whoever the audience is."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from alerts.broadcasts.audience import Audience, named_lists
from alerts.broadcasts.hours import NO_LIST, Voice, voice_of, voices
from alerts.broadcasts.voices import list_hours, with_voices
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.story import inland_empire

pytestmark = pytest.mark.anyio
HOURS: list[dict[str, Any]] = [
    {"timezone": "America/Los_Angeles", "hours": None},
    {"timezone": "America/Chicago", "hours": None},
    {"timezone": "America/Los_Angeles", "hours": {"opens": "20:00", "closes": "06:00"}},
    {"timezone": "America/Chicago", "hours": {"opens": "00:00", "closes": "00:00"}},
]


@pytest.fixture
async def on_lists(api: Api) -> dict[int, set[int]]:
    """Thirty people, and the lists that each is on; some on none any more."""
    chance = random.Random(7)
    lists = []
    for number, facts in enumerate(HOURS):
        words = {"en": f"WORD{chr(65 + number)}"}
        made = await api.post("/v1/lists", inland_empire(name=f"List {number}", join_words=words, **facts))
        lists.append(made["id"])
    found = {}
    for number in range(30):
        chosen = chance.sample(lists, k=chance.randint(1, len(lists)))
        body = {
            "phone": f"+1909555{100 + number:04d}",
            "language": "en",
            "lists": chosen,
            "tags": ["night"],
            "consent": "test",
        }
        person = await api.post("/v1/subscribers", body)
        if number % 10 == 0:
            await api.patch(f"/v1/subscribers/{person['id']}", {"lists": []})
            chosen = []
        found[int(person["id"])] = set(chosen)
    return found


@pytest.mark.parametrize(
    "audience",
    [
        Audience(lists=[1]),
        Audience(lists=[3]),
        Audience(lists=[1, 2]),
        Audience(lists=[1, 2, 3, 4]),
        Audience(tags=["night"]),
        Audience(tags=["night"], also=[{"lists": [2]}]),
        Audience(lists=[2], without=[{"lists": [3]}]),
    ],
    ids=lambda audience: audience.model_dump_json(exclude_defaults=True),
)
@pytest.mark.parametrize("hour", range(0, 24, 5))
async def test_one_list_speaks_for_each(on_lists: dict[int, set[int]], audience: Audience, hour: int) -> None:
    now = datetime(2026, 12, 1, hour, 59, 30, tzinfo=UTC)
    async with session_scope() as session:
        ordered = voices(await list_hours(session), named_lists(audience), now)
        rows = (await session.execute(with_voices(audience, ordered))).all()
    assert rows
    for row in rows:
        mine = [voice for voice in ordered if voice.list_id in (on_lists[row.id] or {NO_LIST})]
        assert Voice(row.list_id, row.opens_at) == voice_of(on_lists[row.id], ordered) == mine[-1]
