"""Writing an alert: what is checked before anything can go out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api import Api
from tests.story import TEXTS, alert, lobby_action

pytestmark = pytest.mark.anyio


@pytest.fixture
async def action(api: Api) -> int:
    return int((await api.post("/v1/actions", lobby_action()))["id"])


async def test_the_preview_says_who_gets_what_and_what_it_takes(api: Api, inland: int, action: int) -> None:
    made = await api.post("/v1/alerts", alert(inland, action))
    preview = await api.get(f"/v1/alerts/{made['id']}/preview")
    assert preview["people"] == 3
    assert preview["parts"] == 3
    assert preview["missing"] == []
    for language in ("en", "es", "so"):
        shown = preview["languages"][language]
        assert shown["people"] == 1
        assert shown["encoding"] == "GSM-7"
        assert "{" not in shown["body"]
        assert "\u202f" not in shown["body"]


async def test_the_preview_names_the_characters_that_cost(api: Api, inland: int, action: int) -> None:
    dear = {**TEXTS, "es": "Acción: {when} “ya”"}
    made = await api.post("/v1/alerts", alert(inland, action, text=dear))
    preview = await api.get(f"/v1/alerts/{made['id']}/preview")
    assert preview["languages"]["es"]["encoding"] == "UCS-2"
    assert preview["languages"]["es"]["costly"] == ["ó", "“", "”"]


async def test_a_language_with_people_but_no_text_stops_the_send(api: Api, inland: int, action: int) -> None:
    without_somali = {language: TEXTS[language] for language in ("en", "es")}
    made = await api.post("/v1/alerts", alert(inland, action, text=without_somali))
    assert (await api.get(f"/v1/alerts/{made['id']}/preview"))["missing"] == ["so"]
    problem = await api.post(f"/v1/alerts/{made['id']}/send", status=422)
    assert problem["code"] == "missing_texts"
    assert "so (1 people)" in problem["detail"]
    assert (await api.get(f"/v1/alerts/{made['id']}"))["state"] == "draft"
    assert (await api.get(f"/v1/alerts/{made['id']}/report"))["people"] == 0


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"text": {"en": "{wen}"}}, "unknown_placeholder", "{wen}"),
        ({"text": {"en": "50% off } today"}}, "unbalanced_brace", "character"),
        ({"text": {"en": "x" * 1601}}, "text_too_long", "1601"),
        ({"text": {"en": "{title}" + "y" * 1600}}, "text_too_long", "1612"),
        ({"text": {"en": "💥" * 801}}, "text_too_long", "1602"),
        ({"text": {}}, "invalid", "text"),
        ({"text": {"fr": "Salut"}}, "invalid", "text"),
        ({"text": {"en": "  "}}, "invalid", "text.en"),
        ({"audience": {}}, "invalid", "at least one list"),
        ({"audience": {"lists": [99]}}, "not_found", "list 99"),
        ({"action": 99}, "not_found", "action 99"),
        ({"action": None, "asks_rsvp": True, "text": {"en": "Hi"}}, "asks_about_nothing", "asks_rsvp"),
        ({"action": None, "asks_rsvp": False}, "unknown_placeholder", "{title}"),
        ({"send_at": "on Friday"}, "invalid", "send_at"),
        ({"send_at": "2026-03-08T02:30:00"}, "no_such_time", "put forward"),
        ({"send_at": "2026-11-01T01:30:00"}, "time_comes_twice", "2026-11-01T01:30:00-08:00"),
        ({"send_at": "2026-12-05T17:00:00", "send_before": "P1D"}, "two_times", "not both"),
        ({"send_before": "P0D"}, "bad_lead", "PT24H"),
        ({"send_before": "a day"}, "bad_lead", "PT24H"),
        ({"send_before": ""}, "bad_lead", "PT24H"),
        (
            {"action": None, "asks_rsvp": False, "text": {"en": "Hi"}, "send_before": "P1D"},
            "before_nothing",
            "",
        ),
        ({"urgent": True}, "urgent_without_reason", "urgent_reason"),
        ({"sendat": "2026-12-05T17:00:00Z"}, "invalid", "sendat"),
    ],
)
async def test_a_bad_alert_is_refused_by_name(
    api: Api, inland: int, action: int, change: dict[str, Any], code: str, words: str
) -> None:
    status = 404 if code == "not_found" else 422
    problem = await api.post("/v1/alerts", alert(inland, action, **change), status=status)
    assert problem["code"] == code
    assert words in problem["detail"]
    assert (await api.get("/v1/alerts"))["items"] == []


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"action": 99}, "not_found", 404),
        ({"audience": {"lists": [99]}}, "not_found", 404),
        ({"send_before": ""}, "bad_lead", 422),
        ({"urgent": True}, "urgent_without_reason", 422),
        ({"text": {"en": "{wen}"}}, "unknown_placeholder", 422),
    ],
)
async def test_a_bad_change_is_refused_and_changes_nothing(
    api: Api, inland: int, action: int, change: dict[str, Any], code: str, status: int
) -> None:
    made = await api.post("/v1/alerts", alert(inland, action))
    assert (await api.patch(f"/v1/alerts/{made['id']}", change, status=status))["code"] == code
    assert await api.get(f"/v1/alerts/{made['id']}") == made


async def test_a_title_that_is_missing_in_a_language_is_named(api: Api, inland: int) -> None:
    action = await api.post("/v1/actions", lobby_action(title={"en": "Lobby action"}))
    problem = await api.post("/v1/alerts", alert(inland, action["id"]), status=422)
    assert problem["code"] == "no_title"


async def test_an_alert_to_nobody_is_refused(api: Api, inland: int, action: int) -> None:
    made = await api.post(
        "/v1/alerts", alert(inland, action, audience={"lists": [inland], "tags": ["night"]})
    )
    problem = await api.post(f"/v1/alerts/{made['id']}/send", status=422)
    assert problem["code"] == "nobody_there"


async def test_an_alert_on_a_cancelled_action_is_refused(api: Api, inland: int, action: int) -> None:
    made = await api.post("/v1/alerts", alert(inland, action))
    await api.post(f"/v1/actions/{action}/cancel", status=200)
    problem = await api.post(f"/v1/alerts/{made['id']}/send", status=409)
    assert problem["code"] == "action_cancelled"


async def test_a_draft_can_be_changed_and_what_was_sent_cannot(api: Api, inland: int, action: int) -> None:
    made = await api.post("/v1/alerts", alert(inland, action))
    changed = await api.patch(f"/v1/alerts/{made['id']}", {"text": {**TEXTS, "en": "Now!"}})
    assert changed["text"]["en"] == "Now!"
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    problem = await api.patch(f"/v1/alerts/{made['id']}", {"text": TEXTS}, status=409)
    assert problem["code"] == "not_a_draft"


@pytest.mark.parametrize("verb", ["pause", "resume"])
async def test_what_makes_no_sense_in_a_state_is_refused(
    api: Api, inland: int, action: int, verb: str
) -> None:
    made = await api.post("/v1/alerts", alert(inland, action))
    problem = await api.post(f"/v1/alerts/{made['id']}/{verb}", status=409)
    assert problem["code"] == "wrong_state"


@pytest.mark.parametrize(
    ("audience", "people"),
    [
        ({"languages": ["es"]}, 1),
        ({"languages": ["es", "so"]}, 2),
        ({"tags": ["night"]}, 0),
    ],
)
async def test_an_audience_is_narrowed_by_each_part(
    api: Api, inland: int, action: int, audience: dict[str, Any], people: int
) -> None:
    made = await api.post("/v1/alerts", alert(inland, action, audience={"lists": [inland], **audience}))
    assert (await api.get(f"/v1/alerts/{made['id']}/preview"))["people"] == people
