"""Who is meant by an audience: every part, alone and together, and who is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.broadcasts.audience import FEW_LISTS, Answered, Audience, Part, alike, meant
from alerts.broadcasts.models import NOBODYS
from alerts.broadcasts.states import MAY_HAVE_ARRIVED, DeliveryState
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, inland_empire
from tests.worker import Worker

pytestmark = pytest.mark.anyio

GRACE = "+19525550106"  # English, on the other list only
CARLOS = "+19525550105"  # Spanish, on both lists
NAMES = {MARIA: "maria", YASMIN: "yasmin", JAMES: "james", GRACE: "grace", CARLOS: "carlos"}


@pytest.fixture
async def everybody(api: Api, called: int, worker: Worker) -> None:
    """Two lists, tags, and an action (1) that the first list was asked about: yes, no and silence."""
    await worker.fan_out(called)
    other = {"en": "MSP1", "es": "PAROS", "so": "MIDOW"}
    await api.post("/v1/lists", inland_empire(name="Shakopee", join_words=other))
    await api.text(GRACE, "MSP1")
    for word in ("UNETE", "PAROS"):
        await api.text(CARLOS, word)
    await api.text(MARIA, "si")
    await api.text(YASMIN, "maya")
    for phone, tags in ((GRACE, ["nights"]), (CARLOS, ["nights", "driver"])):
        who = await api.post("/v1/subscribers/find", {"phone": phone}, status=200)
        await api.patch(f"/v1/subscribers/{who['id']}", {"tags": tags})
    async with session_scope() as session:
        await session.execute(
            text("UPDATE memberships SET joined_at = now() - interval '9 days' WHERE list_id = 1")
        )


WEEK_AGO = (datetime.now(UTC) - timedelta(days=7)).isoformat()


@pytest.mark.parametrize(
    ("audience", "names"),
    [
        ({"lists": [1]}, "carlos james maria yasmin"),
        ({"lists": [2]}, "carlos grace"),
        ({"lists": [1, 2]}, "carlos grace james maria yasmin"),
        ({"lists": [1], "also": [{"lists": [2]}]}, "carlos"),
        ({"lists": [1], "without": [{"lists": [2]}]}, "james maria yasmin"),
        ({"lists": [1, 2], "languages": ["es"]}, "carlos maria"),
        ({"tags": ["nights"]}, "carlos grace"),
        ({"tags": ["nights"], "also": [{"tags": ["driver"]}]}, "carlos"),
        ({"tags": ["nights"], "without": [{"languages": ["es"]}]}, "grace"),
        ({"action": 1}, "maria yasmin"),
        ({"action": 1, "answers": ["any"]}, "maria yasmin"),
        ({"action": 1, "answers": ["yes"]}, "maria"),
        ({"action": 1, "answers": ["no", "maybe"]}, "yasmin"),
        ({"action": 1, "answers": ["silent"]}, "james"),
        ({"action": 1, "answers": ["yes", "silent"]}, "james maria"),
        ({"lists": [1, 2], "without": [{"action": 1, "answers": ["no"]}]}, "carlos grace james maria"),
        ({"joined_since": WEEK_AGO}, "carlos grace"),
        ({"lists": [1], "joined_since": WEEK_AGO}, ""),
        ({"lists": [1, 2], "without": [{"joined_since": WEEK_AGO}, {"languages": ["so"]}]}, "james maria"),
        ({"languages": ["es"], "also": [{"lists": [2]}]}, "carlos"),
    ],
)
async def test_exactly_those_who_are_meant_are_counted_and_get_the_text(
    api: Api, everybody: None, worker: Worker, audience: dict[str, Any], names: str
) -> None:
    wanted = sorted(names.split())
    found = await api.post("/v1/alerts/audience", audience, status=200)
    assert found["people"] == len(wanted)
    texts = {"en": "Hi", "es": "Hola", "so": "Nabad"}
    draft = await api.post("/v1/alerts", {"audience": audience, "text": texts})
    if not wanted:
        await api.post(f"/v1/alerts/{draft['id']}/send", status=422)
        return
    await api.post(f"/v1/alerts/{draft['id']}/send", status=202)
    await worker.fan_out(draft["id"])
    rows = (await api.get(f"/v1/alerts/{draft['id']}/deliveries"))["items"]
    people = {phone: await api.post("/v1/subscribers/find", {"phone": phone}, status=200) for phone in NAMES}
    by_id = {who["id"]: NAMES[phone] for phone, who in people.items()}
    assert sorted(by_id[row["subscriber"]] for row in rows) == wanted


async def test_people_are_counted_by_language_and_list_and_those_who_cannot_be_texted_apart(
    api: Api, everybody: None
) -> None:
    await api.text(JAMES, "STOP")
    assert await api.post("/v1/alerts/audience", {"lists": [1, 2]}, status=200) == {
        "people": 4,
        "languages": {"en": 1, "es": 2, "so": 1},
        "lists": {"1": 3, "2": 2},
        "left_out": {"left": 1},
    }


@pytest.mark.parametrize(
    ("audience", "status"),
    [
        ({}, 422),
        ({"languages": ["es"]}, 422),
        ({"languages": ["es"], "without": [{"lists": [1]}]}, 422),
        ({"lists": [1], "also": [{}]}, 422),
        ({"lists": [1], "without": [{"answers": ["yes"]}]}, 422),
        ({"lists": [1], "joined_since": "2026-11-01T00:00:00"}, 422),  # without its zone
        ({"lists": [1], "also": [{"lists": [1]}] * 9}, 422),
        ({"lists": [9]}, 404),
        ({"lists": [1], "without": [{"action": 9}]}, 404),
    ],
)
async def test_an_audience_that_says_nothing_or_names_what_is_not_there_is_refused(
    api: Api, inland: int, audience: dict[str, Any], status: int
) -> None:
    await api.post("/v1/alerts/audience", audience, status=status)
    await api.post("/v1/alerts", {"audience": audience, "text": {"en": "Hi"}}, status=status)


async def test_the_lists_of_a_subscriber_are_what_memberships_say(api: Api, inland: int) -> None:
    """However memberships come and go: counting relies on it."""
    other = await api.post("/v1/lists", inland_empire(name="Other", join_words={"en": "OTHER"}))
    await api.text(JAMES, "OTHER")
    everyone = (await api.get("/v1/subscribers"))["items"]
    [james] = [one for one in everyone if sorted(one["lists"]) == [inland, other["id"]]]
    assert await _kept() == await _counted()
    await api.patch(f"/v1/subscribers/{james['id']}", {"lists": [other["id"]]})
    assert await _kept() == await _counted()
    assert (await _kept())[james["id"]] == [other["id"]]
    async with session_scope() as session:
        await session.execute(text("DELETE FROM memberships"))
    assert set(map(tuple, (await _kept()).values())) == {()}


async def _kept() -> dict[int, list[int]]:
    async with session_scope() as session:
        rows = await session.execute(text("SELECT id, lists FROM subscribers"))
        return {row.id: row.lists for row in rows}


async def _counted() -> dict[int, list[int]]:
    async with session_scope() as session:
        rows = await session.execute(
            text(
                "SELECT s.id, ARRAY(SELECT list_id FROM memberships WHERE subscriber_id = s.id ORDER BY 1)"
                " AS lists FROM subscribers s"
            )
        )
        return {row.id: row.lists for row in rows}


async def test_an_audience_of_many_lists_is_counted_as_one_of_few(api: Api, inland: int) -> None:
    """Another way to count, the same numbers."""
    made = [inland]
    for number in range(FEW_LISTS):
        words = {"en": f"WORD{chr(65 + number)}"}
        made.append(
            (await api.post("/v1/lists", inland_empire(name=f"List {number}", join_words=words)))["id"]
        )
    await api.text(JAMES, "WORDA")
    await api.text(MARIA, "ALTO")
    few = await api.post("/v1/alerts/audience", {"lists": made[:2]}, status=200)
    many = await api.post("/v1/alerts/audience", {"lists": made}, status=200)
    assert (few["people"], few["left_out"]) == (2, {"left": 1})
    assert many == few
    # James has been on the first for a year; that he joined another one, which is not meant, is no matter.
    async with session_scope() as session:
        await session.execute(text("UPDATE memberships SET joined_at = now() - interval '1 year'"))
    words = {"en": "ONEMORE"}
    await api.post("/v1/lists", inland_empire(name="One more", join_words=words))
    await api.text(JAMES, "ONEMORE")
    since = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    for lists in (made[:2], made):
        found = await api.post("/v1/alerts/audience", {"lists": lists, "joined_since": since}, status=200)
        assert found["people"] == 0


FIRST, SECOND, ASKS_NOTHING, OF_ANOTHER = range(1, 5)  # alerts; the last of action 2
SOME = [*range(1, 200), 448, 511, 512, 70_000]
Texts = dict[tuple[int, int], DeliveryState]  # by alert and person


def arrived(texts: Texts, *alerts: int) -> set[int]:
    return {who for (alert, who), state in texts.items() if alert in alerts and state in MAY_HAVE_ARRIVED}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    people=st.sets(st.sampled_from(SOME)),
    texts=st.dictionaries(
        st.tuples(st.integers(FIRST, OF_ANOTHER), st.sampled_from([*SOME, 90_000, NOBODYS + 5])),
        st.sampled_from(DeliveryState),
    ),
    answered=st.sets(st.sampled_from(SOME)),
    answered_another=st.sets(st.sampled_from(SOME)),
)
@example(set(SOME), {(FIRST, one): DeliveryState.SENT for one in SOME}, {8, 63, 64, 128, 512}, {7})
async def test_the_silent_are_those_who_were_asked_and_did_not_answer(
    api: Api, people: set[int], texts: Texts, answered: set[int], answered_another: set[int]
) -> None:
    """However many were asked and answered, with gaps between them, and with people forgotten since."""
    async with session_scope() as session:
        await session.execute(text("DELETE FROM subscribers"))
        await session.execute(text("TRUNCATE deliveries, alerts, actions CASCADE"))
        await session.execute(_ACTIONS)
        await session.execute(_ALERTS)
        await session.execute(_PEOPLE, {"ids": sorted(people)})
        for action, ids in ((1, answered), (2, answered_another)):
            await session.execute(_ANSWERS, {"action": action, "ids": sorted(ids & people)})
        if texts:
            rows = [{"alert": alert, "who": who, "state": state} for (alert, who), state in texts.items()]
            await session.execute(_DELIVERY, rows)
        silent = people & arrived(texts, FIRST, SECOND) - answered
        audience = Audience(action=1, answers=[Answered.SILENT])
        assert set(await session.scalars(meant(audience))) == silent
        assert sum([one.people for one in await alike(session, audience)]) == len(silent)
        others = Audience(tags=["all"], without=[audience, Part(action=2, answers=[Answered.SILENT])])
        assert set(await session.scalars(meant(others))) == people - silent - (
            arrived(texts, OF_ANOTHER) - answered_another
        )


_ACTIONS = text("""
    INSERT INTO actions (id, kind, starts_at, ends_at, timezone, place, title, details)
    OVERRIDING SYSTEM VALUE
    SELECT n, 'rally', now(), now() + interval '1 hour', 'UTC', '', '', '' FROM generate_series(1, 2) AS n
""")
_ALERTS = text("""
    INSERT INTO alerts (id, state, action_id, audience, text, asks_rsvp, urgent) OVERRIDING SYSTEM VALUE
    SELECT n, 'sent', 1 + n / 4, '{}', '', n <> 3, false FROM generate_series(1, 4) AS n
""")
_PEOPLE = text("""
    INSERT INTO subscribers (id, phone, language, standing, tags) OVERRIDING SYSTEM VALUE
    SELECT id, id::text::bytea, 'en', 'active', '{all}' FROM unnest(CAST(:ids AS bigint[])) AS id
""")
_ANSWERS = text("""
    INSERT INTO rsvps (action_id, subscriber_id, answer, guests, language)
    SELECT :action, id, 'yes', 0, 'en' FROM unnest(CAST(:ids AS bigint[])) AS id
""")
_DELIVERY = text("""
    INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state)
    VALUES (:alert, :who, 'en', 'x', :state)
""")
