"""Schedules and reminders, and an action that is moved or called off: who is told, who is told no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.test_fanout import states
from tests.story import JAMES, JOIN_WORDS, MARIA, YASMIN, alert, lobby_action
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
REMINDER = {
    "before": "P1D",
    "answers": ["yes", "maybe"],
    "text": {
        "en": "Tomorrow, {time}: {title}, {where}",
        "es": "Mañana, {time}: {title}, {where}",
        "so": "Berri, {time}: {title}, {where}",
    },
}


async def change(statement: str, **given: Any) -> None:
    async with session_scope() as session:
        await session.execute(text(statement), given)


async def due(number: int, ago: timedelta = timedelta(0)) -> None:
    await change("UPDATE alerts SET due_at = now() - :ago WHERE id = :id", id=number, ago=ago)


@pytest.fixture
async def action(api: Api) -> int:
    return int((await api.post("/v1/actions", lobby_action()))["id"])


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


async def scheduled(api: Api, list_id: int, action: int | None, **changes: Any) -> dict[str, Any]:
    made = await api.post("/v1/alerts", alert(list_id, action, **changes))
    return dict(await api.post(f"/v1/alerts/{made['id']}/send", status=202))


# --- schedules


async def test_a_time_is_by_the_clocks_of_the_actions_place(api: Api, inland: int) -> None:
    action = await api.post("/v1/actions", lobby_action(timezone="America/Chicago"))
    for send_at, due_at in (
        ("2099-07-01T09:00:00", "2099-07-01T09:00:00-05:00"),
        ("2099-12-01T09:00:00", "2099-12-01T09:00:00-06:00"),
        ("2099-12-01T09:00:00-08:00", "2099-12-01T11:00:00-06:00"),
    ):
        assert (await scheduled(api, inland, action["id"], send_at=send_at))["due_at"] == due_at


async def test_so_long_before_moves_with_the_action(
    api: Api, inland: int, action: int, worker: Worker
) -> None:
    starts = moment((await api.get(f"/v1/actions/{action}"))["starts_at"])
    made = await scheduled(api, inland, action, send_before="PT24H")
    assert moment(made["due_at"]) == starts - timedelta(hours=24)
    later = starts + timedelta(days=3)
    change = {"starts_at": later.isoformat(), "ends_at": (later + timedelta(hours=1)).isoformat()}
    await api.patch(f"/v1/actions/{action}", change)
    await worker.tick()
    assert moment((await api.get(f"/v1/alerts/{made['id']}"))["due_at"]) == later - timedelta(hours=24)


async def test_a_time_that_is_over_is_refused(api: Api, inland: int, action: int) -> None:
    made = await api.post("/v1/alerts", alert(inland, action, send_before="P8D"))
    problem = await api.post(f"/v1/alerts/{made['id']}/send", status=422)
    assert problem["code"] == "time_is_over"


async def test_one_time_takes_the_place_of_the_other_and_null_takes_it_away(
    api: Api, inland: int, action: int
) -> None:
    made = await api.post("/v1/alerts", alert(inland, action, send_before="P1D"))
    path = f"/v1/alerts/{made['id']}"
    changed = await api.patch(path, {"send_at": "2099-01-01T00:00:00Z"})
    assert (changed["send_before"], changed["send_at"]) == (None, "2098-12-31T16:00:00-08:00")
    changed = await api.patch(path, {"send_at": None, "text": None})
    assert (changed["send_before"], changed["send_at"]) == (None, None)
    assert changed["text"] == made["text"]


LONG_AGO = (datetime.now(UTC) - timedelta(minutes=20)).isoformat()


async def test_a_time_that_is_over_can_be_neither_chosen_nor_sent_at(api: Api, inland: int) -> None:
    plain = {"en": "Hi", "es": "Hola", "so": "Nabad"}
    over = alert(inland, None, text=plain, send_at=LONG_AGO)
    problem = await api.post("/v1/alerts", over, status=422)
    assert (problem["code"], "later time" in problem["detail"]) == ("time_is_over", True)
    just_now = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    made = await api.post("/v1/alerts", {**over, "send_at": just_now})
    path = f"/v1/alerts/{made['id']}"
    assert (await api.patch(path, {"send_at": LONG_AGO}, status=422))["code"] == "time_is_over"
    await change("UPDATE alerts SET send_at = now() - interval '20 minutes'")  # approved late, say
    assert "time_is_over" in [one["code"] for one in (await api.get(f"{path}/preview"))["warnings"]]
    await api.patch(path, {"text": {**plain, "en": "Hello"}})
    assert (await api.post(f"{path}/send", status=422))["code"] == "time_is_over"
    await change("UPDATE alerts SET send_at = now() - interval '1 minute'")
    assert (await api.post(f"{path}/send", status=202))["state"] == "sending"


@pytest.mark.parametrize(
    ("late", "starts_in", "state"),
    [
        (timedelta(hours=9), timedelta(hours=1), "sending"),  # in time for the action
        (timedelta(hours=9), timedelta(0), "missed"),
        (timedelta(hours=2), None, "sending"),
        (timedelta(hours=4), None, "missed"),
    ],
)
async def test_after_the_system_was_down_what_still_makes_sense_goes_out(
    api: Api, inland: int, worker: Worker, late: timedelta, starts_in: timedelta | None, state: str
) -> None:
    action = None if starts_in is None else (await api.post("/v1/actions", lobby_action()))["id"]
    plain = {"en": "Hi", "es": "Hola", "so": "Nabad"}
    made = await scheduled(api, inland, action, text=plain, send_at="2099-01-01T00:00:00Z")
    if starts_in is not None:
        await change("UPDATE alerts SET until = now() + :start", start=starts_in)
    await due(made["id"], late)
    await worker.tick()
    found = await api.get(f"/v1/alerts/{made['id']}")
    assert found["state"] == state
    if state == "missed":
        assert "Nothing of it was sent" in found["trouble"]
        assert (await api.post(f"/v1/alerts/{made['id']}/cancel", status=409))["code"] == "wrong_state"


# --- reminders


async def answered(api: Api, worker: Worker, called: int) -> None:
    """Everybody was asked; Maria comes, James does not, Yasmin is silent."""
    await worker.fan_out(called)
    await api.text(MARIA, "si")
    await api.text(JAMES, "no")


async def test_a_reminder_goes_to_who_said_so_until_then_in_their_language(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    made = await api.post("/v1/actions/1/reminders", REMINDER)
    assert (made["kind"], made["state"]) == ("reminder", "scheduled")
    await answered(api, worker, called)  # after it was set
    await due(made["id"])
    await worker.tick()
    before = len(sent(twilio))
    assert await worker.fan_out(made["id"]) == 1
    assert sent(twilio)[before].to == MARIA
    assert sent(twilio)[before].body.startswith("Mañana, ")
    page = await api.get("/v1/actions/1/reminders")
    assert [one["id"] for one in page["items"]] == [made["id"]]


async def test_the_silent_are_asked_again(api: Api, called: int, worker: Worker) -> None:
    await answered(api, worker, called)
    made = await api.post("/v1/actions/1/reminders", {**REMINDER, "answers": ["silent"]})
    assert made["asks_rsvp"]
    await due(made["id"])
    await worker.tick()
    assert await worker.fan_out(made["id"]) == 1
    [row] = (await api.get(f"/v1/alerts/{made['id']}/deliveries"))["items"]
    assert row["language"] == "so"


async def test_a_reminder_that_was_kept_for_hours_is_missed_though_its_action_is_to_come(
    api: Api, called: int, worker: Worker
) -> None:
    await answered(api, worker, called)
    made = await api.post("/v1/actions/1/reminders", {**REMINDER, "before": "PT3H"})
    await due(made["id"], timedelta(hours=4))
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{made['id']}"))["state"] == "missed"


async def test_a_reminder_of_which_nobody_wants_any_is_over_at_once(
    api: Api, inland: int, action: int, worker: Worker
) -> None:
    made = await api.post(f"/v1/actions/{action}/reminders", REMINDER)
    await due(made["id"])
    await worker.tick()
    await worker.fan_out(made["id"])
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{made['id']}"))["state"] == "sent"
    assert await states(api, made["id"]) == {}


async def test_of_several_that_were_kept_from_going_out_the_last_one_goes(
    api: Api, called: int, worker: Worker
) -> None:
    await answered(api, worker, called)
    first = await api.post("/v1/actions/1/reminders", REMINDER)
    second = await api.post("/v1/actions/1/reminders", {**REMINDER, "before": "PT3H"})
    await due(first["id"], timedelta(hours=21))
    await due(second["id"])
    await worker.tick()
    found = [(await api.get(f"/v1/alerts/{one['id']}"))["state"] for one in (first, second)]
    assert found == ["missed", "sending"]


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"text": {"en": "Tomorrow"}}, "missing_languages"),
        ({"before": "P9D"}, "time_is_over"),
        ({"before": "tomorrow"}, "bad_lead"),
        ({"answers": []}, "invalid"),
        ({"text": {**REMINDER["text"], "en": "{wen}"}}, "unknown_placeholder"),  # type: ignore[dict-item]
    ],
)
async def test_a_bad_reminder_is_refused_and_nothing_of_it_stays(
    api: Api, action: int, bad: dict[str, Any], code: str
) -> None:
    problem = await api.post(f"/v1/actions/{action}/reminders", {**REMINDER, **bad}, status=422)
    assert problem["code"] == code
    assert (await api.get("/v1/alerts"))["items"] == []


async def test_calling_off_stops_reminders_and_what_is_scheduled(
    api: Api, inland: int, action: int, worker: Worker
) -> None:
    reminder = await api.post(f"/v1/actions/{action}/reminders", REMINDER)
    alert_later = await scheduled(api, inland, action, send_at="2099-01-01T00:00:00Z")
    await api.post(f"/v1/actions/{action}/cancel", status=200)
    await worker.tick()
    for one in (reminder, alert_later):
        found = await api.get(f"/v1/alerts/{one['id']}")
        assert (found["state"], "called off" in found["trouble"]) == ("cancelled", True)
    assert (await api.post(f"/v1/actions/{action}/reminders", REMINDER, status=409))[
        "code"
    ] == "action_cancelled"


async def test_moved_so_near_that_a_reminder_is_over_it_is_missed(
    api: Api, action: int, worker: Worker
) -> None:
    reminder = await api.post(f"/v1/actions/{action}/reminders", REMINDER)
    soon = datetime.now(UTC) + timedelta(hours=3)
    await api.patch(f"/v1/actions/{action}", {"starts_at": soon.isoformat()})
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{reminder['id']}"))["state"] == "missed"


async def test_already_many_it_stays_a_draft_until_somebody_approved(
    api: Api, trusted_api: Api, called: int, worker: Worker, two_organizers: None
) -> None:
    await worker.fan_out(called)
    for person, word in ((MARIA, "si"), (JAMES, "yes"), (YASMIN, "haa")):
        await api.text(person, word)
    made = await api.post("/v1/actions/1/reminders", REMINDER)
    assert made["state"] == "draft"
    version = (await api.get(f"/v1/alerts/{made['id']}/preview"))["approval"]["version"]
    await trusted_api.post(f"/v1/alerts/{made['id']}/approve", {"version": version}, status=200)
    assert (await api.post(f"/v1/alerts/{made['id']}/send", status=202))["state"] == "scheduled"


# --- changes


async def test_exactly_those_who_were_told_the_old_are_told_the_new(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.prepare(called)
    claimed = await worker.claim(called)  # of three, one is on its way when the action moves
    for one in claimed[1:]:
        await change("UPDATE deliveries SET state = 'waiting', claimed_at = NULL WHERE id = :id", id=one.id)
    await api.patch("/v1/actions/1", {"place": "The other gate"})
    assert await worker.fan_out(called) == 0  # at once, before the clock has seen it
    offer = await api.get("/v1/actions/1/correction")
    assert offer["people"] == 1
    made = await api.post("/v1/actions/1/correction")
    assert (made["kind"], made["state"]) == ("correction", "draft")
    withdrawn = await api.get(f"/v1/alerts/{called}")
    assert (withdrawn["state"], "another time or place" in withdrawn["trouble"]) == ("cancelled", True)
    await worker.tick()
    assert await states(api, called) == {"sending": 1, "cancelled": 2}
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    assert await worker.fan_out(made["id"]) == 1
    [text_] = sent(twilio)
    assert text_.to == claimed[0].phone
    assert "The other gate" in text_.body
    # Whoever was corrected knows what is true; with the next change they are told again.
    assert (await api.get("/v1/actions/1/correction"))["people"] == 0
    assert (await api.post("/v1/actions/1/correction", status=422))["code"] == "nobody_was_told"
    await api.post("/v1/actions/1/cancel", status=200)
    off = await api.post("/v1/actions/1/correction")
    assert off["text"]["en"].startswith("CALLED OFF")
    await api.post(f"/v1/alerts/{off['id']}/send", status=202)
    assert await worker.fan_out(off["id"]) == 1


async def test_who_got_no_correction_was_not_told_the_new(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    await change("UPDATE deliveries SET state = 'undelivered' WHERE subscriber_id = 1")  # perhaps read
    await api.patch("/v1/actions/1", {"place": "The other gate"})
    made = await api.post("/v1/actions/1/correction")
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    assert await worker.fan_out(made["id"]) == 3
    assert (await api.get("/v1/actions/1/correction"))["people"] == 0
    for state, again in (("undelivered", 1), ("failed", 1), ("unknown", 0), ("sending", 0), ("delivered", 0)):
        await change(
            "UPDATE deliveries SET state = :state WHERE alert_id = :id AND subscriber_id = 2",
            state=state,
            id=made["id"],
        )
        assert (await api.get("/v1/actions/1/correction"))["people"] == again, state
    # Whom only the newest was sent to, in vain, has nothing old to forget.
    await change("DELETE FROM deliveries WHERE alert_id = :id AND subscriber_id = 3", id=called)
    await change("UPDATE deliveries SET state = 'undelivered' WHERE subscriber_id = 3")
    assert (await api.get("/v1/actions/1/correction"))["people"] == 0


async def test_after_it_was_called_off_nobody_is_told_that_it_was_moved(
    api: Api, called: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await worker.fan_out(called)
    await api.patch("/v1/actions/1", {"place": "The other gate"})
    later, draft = [await api.post("/v1/actions/1/correction") for _ in range(2)]
    await api.patch(f"/v1/alerts/{later['id']}", {"send_at": "2099-01-01T00:00:00Z"})
    await api.post(f"/v1/alerts/{later['id']}/send", status=202)
    await api.post("/v1/actions/1/cancel", status=200)
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{later['id']}"))["state"] == "cancelled"
    assert (await api.post(f"/v1/alerts/{draft['id']}/send", status=409))["code"] == "action_cancelled"
    assert (await api.get("/v1/actions/1/correction"))["people"] == 3
    off = await api.post("/v1/actions/1/correction")
    await api.post(f"/v1/alerts/{off['id']}/send", status=202)
    assert await worker.fan_out(off["id"]) == 3
    assert all("CALLED OFF" in twilio.alerts_to(person)[-1].body for person in (JAMES,))
    assert (await api.get("/v1/actions/1/correction"))["people"] == 0


TYPED = {"en": "Saturday 10, gate 4", "es": "Sabado 10, porton 4", "so": "Sabti 10, albaabka 4"}
TOMORROW = {
    "en": "Tomorrow, {time}: {where}",
    "es": "Mañana, {time}: {where}",
    "so": "Berri, {time}: {where}",
}


@pytest.mark.parametrize(
    "case",
    [
        (TYPED, {"send_before": "P1D"}, "day", "draft"),
        (TYPED, {"send_at": "2099-01-01T00:00:00Z"}, "day", "draft"),
        (TYPED, {"send_before": "P1D"}, "place", "draft"),
        ({**TYPED, "en": "{when}, {where}"}, {"send_before": "P1D"}, "day", "draft"),
        ({"en": "{when}"}, {"send_before": "P1D"}, "place", "draft"),
        ({"en": "{when}, {where}"}, {"send_before": "P1D"}, "day", "scheduled"),
        ({"en": "{when}, {where}"}, {"send_before": "P1D"}, "place", "scheduled"),
        (TOMORROW, {"send_before": "P1D"}, "day", "scheduled"),
        (TOMORROW, {"send_at": "2099-01-01T00:00:00Z"}, "day", "draft"),
    ],
)
async def test_what_may_say_the_old_waits_for_a_human(
    api: Api, inland: int, worker: Worker, case: tuple[dict[str, str], dict[str, str], str, str]
) -> None:
    words, goes_out, change, state = case
    action = (await api.post("/v1/actions", lobby_action()))["id"]
    audience = {"lists": [inland], "languages": list(words)}
    made = await scheduled(api, inland, action, text=words, audience=audience, asks_rsvp=False, **goes_out)
    now = await api.get(f"/v1/actions/{action}")
    moved = {name: (moment(now[name]) + timedelta(days=1)).isoformat() for name in ("starts_at", "ends_at")}
    await api.patch(f"/v1/actions/{action}", moved if change == "day" else {"place": "Gate 5"})
    await worker.tick()
    found = await api.get(f"/v1/alerts/{made['id']}")
    assert found["state"] == state
    hints = [one["code"] for one in (await api.get(f"/v1/alerts/{made['id']}/preview"))["warnings"]]
    assert ("may_say_the_old" in hints) is (state == "draft")
    if state == "draft":
        assert "may say the old" in found["trouble"]
        again = await api.post(f"/v1/alerts/{made['id']}/send", status=202)  # it is right, somebody says
        assert (again["state"], again["trouble"]) == ("scheduled", None)
        await worker.tick()
        assert (await api.get(f"/v1/alerts/{made['id']}"))["state"] == "scheduled"
    elif change == "day":
        assert found["due_at"] != made["due_at"]


async def test_another_title_is_no_change_of_what_people_must_know(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.prepare(called)
    await api.patch("/v1/actions/1", {"details": {"en": "Bring water"}})
    await worker.tick()
    assert (await api.get(f"/v1/alerts/{called}"))["state"] == "sending"
    assert await worker.fan_out(called) == 3
    assert (await api.get("/v1/actions/1/correction"))["people"] == 0


@pytest.mark.parametrize("given", ["text", "template"])
async def test_a_correction_says_what_it_is_given(api: Api, called: int, worker: Worker, given: str) -> None:
    await worker.fan_out(called)
    await api.patch("/v1/actions/1", {"place": "The other gate"})
    text_ = {"en": "Not here: {where}", "es": "Aqui no: {where}", "so": "Halkan maya: {where}"}
    template = (await api.post("/v1/templates", {"name": "Moved", "text": text_}))["id"]
    body = {"text": text_} if given == "text" else {"template": template}
    for wrong, status in (({}, 422), ({"text": text_, "template": template}, 422), ({"template": 99}, 404)):
        await api.post("/v1/actions/1/correction", wrong, status=status)
    made = await api.post("/v1/actions/1/correction", body)
    assert (made["kind"], made["text"]) == ("correction", text_)
    assert (made["template"], made["template_version"]) == (
        (template, 1) if given == "template" else (None, None)
    )


async def test_a_reminder_is_made_of_a_template_and_keeps_it(api: Api, action: int) -> None:
    template = (await api.post("/v1/templates", {"name": "Tomorrow", "text": REMINDER["text"]}))["id"]
    body = {"before": "P1D", "answers": ["yes"], "template": template}
    made = await api.post(f"/v1/actions/{action}/reminders", body)
    assert (made["text"], made["template"], made["template_version"]) == (REMINDER["text"], template, 1)
    newer = {"en": "Tomorrow!", "es": "Manana!", "so": "Berri!"}
    await api.patch(f"/v1/templates/{template}", {"text": newer})
    path = f"/v1/actions/{action}/reminders/{made['id']}"
    changed = await api.patch(path, body)
    assert (changed["text"], changed["template_version"]) == (newer, 2)
    for wrong, status in (({"text": newer}, 422), ({"template": None}, 422), ({"template": 99}, 404)):
        await api.patch(path, body | wrong, status)
    assert (await api.get(f"/v1/alerts/{made['id']}"))["text"] == newer


async def test_a_correction_has_its_words_in_each_language_that_has_a_title(api: Api, action: int) -> None:
    offer = await api.get(f"/v1/actions/{action}/correction")
    assert sorted(offer["text"]) == sorted(JOIN_WORDS)
    assert len(set(offer["text"].values())) == 3
    assert all("{where}" in words for words in offer["text"].values())
