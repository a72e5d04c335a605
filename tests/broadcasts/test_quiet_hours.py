"""People are texted in the hours of their list: others wait, and nobody is woken without a reason."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.test_fanout import states
from tests.story import AROUND_THE_CLOCK, JAMES, MARIA, YASMIN, alert, inland_empire, lobby_action
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
PACIFIC = ZoneInfo("America/Los_Angeles")
PLAIN = {"en": "Hi", "es": "Hola", "so": "Nabad"}


def hours(opens_in: timedelta, lasting: timedelta = timedelta(hours=3)) -> dict[str, str]:
    """Hours that open after so long, by the clocks of Los Angeles."""
    opens = datetime.now(PACIFIC) + opens_in
    return {"opens": f"{opens:%H:%M}", "closes": f"{opens + lasting:%H:%M}"}


def noon() -> str:
    """A zone in which it is about noon now."""
    ahead = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-ahead:+d}"  # the sign is the other way round, as in POSIX


def midnight() -> str:
    """A zone in which it is the first hour of a day now."""
    hour = datetime.now(UTC).hour
    return f"Etc/GMT{hour if hour <= 12 else hour - 24:+d}"


ASLEEP, AWAKE = timedelta(hours=2), timedelta(hours=-1)


async def change_hours(api: Api, list_id: int, opening: dict[str, str] | None) -> None:
    await api.patch(f"/v1/lists/{list_id}", {"hours": opening})


async def sending(api: Api, list_id: int, action: int | None = None, **changes: Any) -> int:
    """An alert that is being sent."""
    made = await api.post("/v1/alerts", alert(list_id, action, **{"text": PLAIN, **changes}))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    return int(made["id"])


async def morning(alert_id: int) -> None:
    """As if the time that everybody waits for had come."""
    async with session_scope() as session:
        await session.execute(
            text("UPDATE deliveries SET not_before = now() WHERE alert_id = :id AND not_before IS NOT NULL"),
            {"id": alert_id},
        )


async def test_who_is_asleep_gets_it_in_the_morning(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await change_hours(api, inland, hours(ASLEEP))
    number = await sending(api, inland)
    assert await worker.fan_out(number) == 0
    assert await states(api, number) == {"waiting": 3}
    rows = (await api.get(f"/v1/alerts/{number}/deliveries"))["items"]
    wait = {datetime.fromisoformat(row["not_before"]) - datetime.now(UTC) for row in rows}
    assert all(timedelta(hours=1, minutes=58) < one <= timedelta(hours=2) for one in wait)
    assert await worker.tick() == []  # the alert is not over, and nobody is asked to work
    assert (await api.get(f"/v1/alerts/{number}"))["state"] == "sending"
    await change_hours(api, inland, AROUND_THE_CLOCK)
    await morning(number)
    assert [(one.alert_id, one.texts) for one in await worker.tick()] == [(number, 3)]
    assert await worker.fan_out(number) == 3
    assert all(len(twilio.alerts_to(person)) == 1 for person in (MARIA, YASMIN, JAMES))


async def test_a_list_that_closes_meanwhile_keeps_the_rest_for_its_next_hours(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await change_hours(api, inland, hours(AWAKE))
    number = await sending(api, inland)
    assert await worker.prepare(number) == 3
    await change_hours(api, inland, hours(ASLEEP))
    assert await worker.fan_out(number) == 3  # claimed, looked at, and put off
    assert sent(twilio) == []
    assert await states(api, number) == {"waiting": 3}
    assert await worker.tick() == []
    rows = (await api.get(f"/v1/alerts/{number}/deliveries"))["items"]
    assert all(row["not_before"] for row in rows)
    await change_hours(api, inland, AROUND_THE_CLOCK)
    await morning(number)
    await worker.tick()
    assert await worker.fan_out(number) == 3
    assert len(sent(twilio)) == 3


async def test_a_text_that_was_claimed_in_time_and_could_not_go_is_looked_at_again(
    api: Api, inland: int, worker: Worker
) -> None:
    from alerts.broadcasts.batches import Batch
    from alerts.broadcasts.hours import closed
    from alerts.broadcasts.voices import list_hours

    number = await sending(api, inland)
    await worker.prepare(number)
    claimed = await worker.claim(number)
    assert len(claimed) == 3
    await change_hours(api, inland, hours(ASLEEP))
    async with session_scope() as session:
        shut = closed(await list_hours(session), datetime.now(UTC))
    now = asyncio.get_running_loop().time()
    batch = Batch(now - 1.0)
    batch.unsent = {one.id: one.attempt for one in claimed}
    said = [await batch.look_again(one.id, now, shut) for one in claimed]
    assert [one and one.left for one in said] == [False, False, False]


async def test_who_works_nights_is_texted_at_night_whichever_list_is_written_to(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    words = {"en": "NIGHTS", "es": "NOCHES", "so": "HABEEN"}
    nights = await api.post(
        "/v1/lists",
        {"name": "Nights", "timezone": "America/Los_Angeles", "join_words": words, "hours": hours(ASLEEP)},
    )
    await api.text(JAMES, "NIGHTS")
    await api.patch(f"/v1/lists/{inland}", {"hours": None, "timezone": noon()})
    number = await sending(api, inland)
    await worker.fan_out(number)
    assert [len(twilio.alerts_to(person)) for person in (MARIA, YASMIN, JAMES)] == [1, 1, 0]
    rows = (await api.get(f"/v1/alerts/{number}/deliveries"))["items"]
    assert [row["list"] for row in rows] == [inland, inland, nights["id"]]
    assert await states(api, number) == {"accepted": 2, "waiting": 1}


async def test_who_may_be_called_at_any_hour_by_one_list_is_not_woken_by_another(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    words = {"en": "RAPID", "es": "RAPIDA", "so": "DEGDEG"}
    rapid = inland_empire(name="Rapid response", join_words=words)
    made = await api.post("/v1/lists", rapid)
    await api.text(JAMES, "RAPID")
    await api.patch(f"/v1/lists/{inland}", {"hours": None, "timezone": midnight()})
    number = await sending(api, inland)
    assert await worker.fan_out(number) == 0
    assert await states(api, number) == {"waiting": 3}
    number = await sending(api, made["id"])
    assert await worker.fan_out(number) == 1
    assert len(twilio.alerts_to(JAMES)) == 1


async def test_urgent_goes_out_at_night_and_its_reason_is_kept(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await change_hours(api, inland, hours(ASLEEP))
    why = "Police at the gate since four"
    number = await sending(api, inland, urgent=True, urgent_reason=why)
    assert await worker.fan_out(number) == 3
    assert len(sent(twilio)) == 3
    assert (await api.get(f"/v1/alerts/{number}"))["urgent_reason"] == why


async def test_who_sleeps_until_the_action_has_begun_is_skipped_and_counted(
    api: Api, inland: int, worker: Worker
) -> None:
    starts = datetime.now(UTC) + timedelta(hours=1)
    action = await api.post(
        "/v1/actions",
        lobby_action(starts_at=starts.isoformat(), ends_at=(starts + timedelta(hours=2)).isoformat()),
    )
    await change_hours(api, inland, hours(ASLEEP))
    made = await api.post("/v1/alerts", alert(inland, action["id"]))
    preview = await api.get(f"/v1/alerts/{made['id']}/preview")
    assert (preview["left_out"], preview["put_off"]) == (3, 0)
    assert "lands_late" in [one["code"] for one in preview["warnings"]]
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    assert await worker.fan_out(made["id"]) == 0
    assert await states(api, made["id"]) == {"skipped": 3}
    rows = (await api.get(f"/v1/alerts/{made['id']}/deliveries"))["items"]
    assert {(row["reason"], row["why"]) for row in rows} == {
        ("quiet hours", "It was night where they are, until the action began.")
    }
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{made['id']}"))["state"] == "sent"


async def test_a_reminder_into_the_night_is_warned_of_and_may_be_urgent(api: Api, inland: int) -> None:
    starts = datetime.now(UTC) + timedelta(hours=3)
    ends = starts + timedelta(hours=2)
    facts = lobby_action(starts_at=starts.isoformat(), ends_at=ends.isoformat())
    action = (await api.post("/v1/actions", facts))["id"]
    await api.post("/v1/alerts", alert(inland, action))  # whom it calls
    words = {"name": "Nights", "join_words": {"en": "NIGHTS"}, "hours": hours(timedelta(hours=9))}
    await api.post("/v1/lists", inland_empire(**words))  # and whom not
    path = f"/v1/actions/{action}/reminders"
    wish = {"before": "PT1H", "answers": ["yes"], "text": PLAIN}

    async def told(**changes: Any) -> list[str]:
        made = await api.post(path, {**wish, **changes})
        preview = await api.get(f"/v1/alerts/{made['id']}/preview")
        codes = [one["code"] for one in made["warnings"]]
        assert {one["code"] for one in preview["warnings"]} >= set(codes)
        assert (await api.get(path))["items"][-1]["warnings"] == made["warnings"]
        return codes

    assert await told() == []
    await change_hours(api, inland, hours(timedelta(hours=4)))  # opens after the action began
    assert await told() == ["night_until_action"]
    assert await told(urgent=True, urgent_reason="The gate moved") == []
    assert (await api.post(path, {**wish, "urgent": True}, status=422))["code"] == "urgent_without_reason"
    await change_hours(api, inland, hours(timedelta(hours=2, minutes=30)))  # between the two
    assert await told() == ["quiet_hours"]


async def test_nothing_goes_out_once_the_action_has_begun(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    async with session_scope() as session:
        await session.execute(text("UPDATE alerts SET until = now()"))
    await worker.fan_out(called)
    assert sent(twilio) == []
    assert await states(api, called) == {"skipped": 3}
    rows = (await api.get(f"/v1/alerts/{called}/deliveries"))["items"]
    assert {row["reason"] for row in rows} == {"too late"}


async def test_what_comes_after_an_action_has_no_time_to_keep(api: Api, inland: int, worker: Worker) -> None:
    begun = datetime.now(UTC) - timedelta(hours=3)
    action = await api.post(
        "/v1/actions",
        lobby_action(starts_at=begun.isoformat(), ends_at=(begun + timedelta(hours=2)).isoformat()),
    )
    thanks = {"en": "Thank you!", "es": "¡Gracias!", "so": "Mahadsanid!"}
    number = await sending(api, inland, action["id"], text=thanks, asks_rsvp=False)
    assert await worker.fan_out(number) == 3
    assert await states(api, number) == {"accepted": 3}


async def test_why_each_person_was_left_out_is_written_down(api: Api, inland: int, worker: Worker) -> None:
    await api.text(YASMIN, "JOOJI")
    number = await sending(api, inland)
    await worker.fan_out(number)
    assert await states(api, number) == {"accepted": 2, "skipped": 1}
    rows = (await api.get(f"/v1/alerts/{number}/deliveries"))["items"]
    [skipped] = [row for row in rows if row["state"] == "skipped"]
    assert skipped["reason"] == "left"
    assert "STOP" in skipped["why"]


@pytest.mark.parametrize(
    "bad",
    [
        {"opens": "08:00"},
        {"opens": "08:00", "closes": "08:30"},
        {"opens": "23:45", "closes": "00:15"},
        {"opens": "8 am", "closes": "9 pm"},
        {"opens": "08:00:30", "closes": "21:00"},
        {"opens": "08:00Z", "closes": "21:00"},
    ],
)
async def test_hours_that_are_none_are_refused(api: Api, inland: int, bad: dict[str, str]) -> None:
    problem = await api.patch(f"/v1/lists/{inland}", {"hours": bad}, status=422)
    assert "hours" in problem["detail"]


async def test_hours_can_be_set_changed_and_taken_away(api: Api, inland: int) -> None:
    path = f"/v1/lists/{inland}"
    await api.patch(path, {"hours": {"opens": "20:00", "closes": "06:00"}})
    assert (await api.patch(path, {"name": "Nights"}))["hours"] == {"opens": "20:00", "closes": "06:00"}
    assert (await api.patch(path, {"hours": None}))["hours"] is None
