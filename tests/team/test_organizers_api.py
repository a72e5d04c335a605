"""Organizers through the API: what the console refuses, it refuses too."""

from __future__ import annotations

import pytest

from tests.api import Api

pytestmark = pytest.mark.anyio

MARISOL = {"email": "marisol@example.org", "name": "Marisol", "role": "admin"}


@pytest.mark.parametrize("phone", ["909-555-0101", "19095550101", "+1909", "+19095550101 x2", ""])
async def test_a_number_that_no_alarm_would_reach_is_refused(api: Api, phone: str) -> None:
    problem = await api.post("/v1/organizers", {**MARISOL, "phone": phone}, status=422)
    assert [one["field"] for one in problem["errors"]] == ["phone"]
    made = await api.post("/v1/organizers", {**MARISOL, "phone": "+19095550101"})
    await api.patch(f"/v1/organizers/{made['id']}", {"phone": phone}, status=422)


async def test_a_number_is_taken_away_with_null(api: Api) -> None:
    made = await api.post("/v1/organizers", {**MARISOL, "phone": "+19095550101"})
    await api.patch(f"/v1/organizers/{made['id']}", {"phone": None})
    entries = (await api.get("/v1/audit?noun=organizer"))["items"]
    assert entries[-1]["facts"] == {"phone": "changed"}
