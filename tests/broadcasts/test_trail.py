"""What the audit trail tells of a change: from what to what, but for words, which are sealed."""

from __future__ import annotations

import pytest

from tests.api import Api
from tests.story import alert

pytestmark = pytest.mark.anyio


async def facts(api: Api, noun: str) -> list[tuple[str, dict[str, object]]]:
    return [(one["what"], one["facts"]) for one in (await api.get(f"/v1/audit?noun={noun}"))["items"]]


async def test_for_whom_and_when_an_alert_is_meant_now_and_was_before(api: Api, inland: int) -> None:
    made = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi"}))
    change = {
        "audience": {"lists": [inland], "languages": ["so"]},
        "send_at": "2031-11-26T09:00:00-08:00",
        "urgent": True,
        "urgent_reason": "fire",
        "text": {"en": "The wombat gate"},
    }
    await api.patch(f"/v1/alerts/{made['id']}", change)
    changed = dict(await facts(api, "alert"))["changed"]
    assert changed == {
        "fields": "audience, send_at, text, urgent, urgent_reason",
        "audience": '{"lists": [1]} → {"lists": [1], "languages": ["so"]}',
        "send_at": "None → 2031-11-26T17:00:00+00:00",
        "urgent": "False → True",
    }
    assert "wombat" not in str(await facts(api, "alert"))


async def test_a_saved_text_says_which_version_it_is_now(api: Api) -> None:
    made = await api.post("/v1/templates", {"name": "usual", "text": {"en": "Come"}})
    await api.patch(f"/v1/templates/{made['id']}", {"text": {"en": "Come all"}})
    assert await facts(api, "template") == [("kept", {}), ("changed", {"version": 2})]


async def test_kept_answers_are_in_the_trail_whoever_changes_them(api: Api) -> None:
    made = await api.post("/v1/canned-answers", {"name": "Rain", "text": {"en": "Under the roof."}})
    path = f"/v1/canned-answers/{made['id']}"
    await api.patch(path, {"name": "Snow", "text": {"en": "Inside."}})
    await api.client.delete(path)
    assert await facts(api, "canned answer") == [
        ("kept", {}),
        ("changed", {"name": "Rain → Snow", "text": "changed"}),
        ("removed", {"name": "Snow"}),
    ]
