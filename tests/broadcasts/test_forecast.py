"""What an alert will cost, when it lands, and what an organizer is told before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.broadcasts.forecast import Hint, Share, Warned, at_night, forecast, money, warnings
from alerts.broadcasts.hours import AROUND_THE_CLOCK, LANDING, Hours, ListHours, closed
from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.subscribers.taking import stint
from tests.api import Api
from tests.story import JAMES, MARIA, alert, lobby_action
from tests.worker import Worker, sent

NOON = datetime(2026, 12, 1, 20, tzinfo=UTC)  # in Los Angeles
EAST, WEST = Hours("America/Chicago"), Hours("America/Los_Angeles")


def shares(parts: int) -> list[Share]:
    """Texts that may go at any hour."""
    return [Share(parts, AROUND_THE_CLOCK)]


BODY = {Language.EN: "Rally at noon. STOP to leave."}


@pytest.mark.parametrize(
    ("parts", "rates", "seconds"),
    [
        (0, [1.0], 0),
        (1, [1.0], 2),  # 0.985 of the rate is used
        (985, [1.0], 1000),
        (985, [100.0], 10),
        (1970, [1.0, 1.0], 1000),
        (1970, [1.0, 100.0], 1000),  # half of the people are with the slow one
    ],
)
def test_the_slowest_sender_is_the_last_to_end(parts: int, rates: list[float], seconds: int) -> None:
    expected = forecast(shares(parts), rates, None, NOON)
    assert (expected.seconds, expected.lands_at) == (seconds, NOON + timedelta(seconds=seconds))
    assert expected.price is None


@pytest.mark.parametrize(
    ("parts", "price", "amount"),
    [(0, "0.0113", "0.00"), (1, "0.0113", "0.02"), (1704, "0.0113", "19.26"), (10**7, "0.000001", "10.00")],
)
def test_a_price_is_counted_in_integers_and_rounded_up(parts: int, price: str, amount: str) -> None:
    expected = forecast(shares(parts), [1.0], Decimal(price), NOON)
    assert expected.price is not None
    assert money(expected.price) == amount


HOUR = 3600  # parts, at one a second


@pytest.mark.parametrize(
    ("begins", "shares", "lands"),
    [
        (NOON, [(985, WEST)], NOON + timedelta(seconds=1000)),
        (NOON - timedelta(hours=5), [(985, WEST)], NOON - timedelta(hours=4) + timedelta(seconds=1000)),
        (NOON - timedelta(hours=5), [(985, AROUND_THE_CLOCK)], NOON - timedelta(hours=5, seconds=-1000)),
        (NOON - timedelta(hours=5), [(985, EAST)], NOON - timedelta(hours=5, seconds=-1000)),
        # Chicago is awake at 9; Los Angeles opens an hour later, when Chicago's are through.
        (NOON - timedelta(hours=5), [(985, EAST), (985, WEST)], NOON - timedelta(hours=4, seconds=-1000)),
        # Through the night: 12 hours' worth from noon, nine of which fit.
        (NOON, [(12 * HOUR * 0.985, WEST)], NOON + timedelta(hours=23)),
    ],
)
def test_texts_land_in_the_hours_of_their_lists(
    begins: datetime, shares: list[tuple[float, Hours]], lands: datetime
) -> None:
    expected = forecast([Share(parts, hours) for parts, hours in shares], [1.0], None, begins)
    assert abs(expected.lands_at - lands) <= timedelta(seconds=1)
    assert not expected.late


def test_what_a_list_that_closes_first_has_left_goes_in_its_morning() -> None:
    six = NOON + timedelta(hours=6)  # eight in Chicago
    both = [Share(2 * HOUR * 0.985, EAST), Share(2 * HOUR * 0.985, WEST)]
    expected = forecast(both, [1.0], None, six)
    # Half an hour's worth of Chicago's is out at nine; Los Angeles' are through by then but for a while.
    assert expected.lands_at == datetime(2026, 12, 2, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins", "until", "late"),
    [
        (NOON, NOON + timedelta(seconds=90), True),  # 100 seconds are needed
        (NOON, NOON + timedelta(seconds=110), False),
        (NOON - timedelta(hours=5), NOON - timedelta(hours=4), True),  # begins as the list opens
        (NOON - timedelta(hours=5), NOON - timedelta(hours=3), False),
    ],
)
def test_who_would_get_it_after_the_action_began_is_told(
    begins: datetime, until: datetime, late: bool
) -> None:
    expected = forecast([Share(98, WEST)], [1.0], None, begins, until)
    assert expected.late is late
    found = warnings(expected, BODY, put_off=0, first=False)
    assert (Warned(Hint.LANDS_LATE) in found) is late


def test_people_who_are_asleep_are_told() -> None:
    expected = forecast(shares(1), [1.0], None, NOON)
    assert warnings(expected, BODY, put_off=2, first=False) == [Warned(Hint.QUIET_HOURS)]


@pytest.mark.parametrize(
    ("link", "short"),
    [
        ("https://bit.ly/3xYz", True),
        ("BIT.LY/3xYz", True),
        ("see tinyurl.com/abc.", True),
        ("t.co/x", True),
        ("https://workers.example.org/t.co", False),
        ("https://best.company/x", False),
        ("not.co/x", False),
        ("rabbit.ly/x", False),
    ],
)
def test_shortened_links_are_told(link: str, short: bool) -> None:
    expected = forecast(shares(1), [1.0], None, NOON)
    bodies = {Language.ES: f"Firma: {link}"}
    found = warnings(expected, bodies, put_off=0, first=False)
    assert found == ([Warned(Hint.SHORT_LINK, Language.ES)] if short else [])


AT = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@given(AT, st.integers(1, 36 * 60), st.lists(st.sampled_from([EAST, WEST, AROUND_THE_CLOCK]), max_size=3))
def test_a_reminder_warns_of_lists_that_do_not_wake_before_the_action(
    due_at: datetime, minutes: int, hours: list[Hours]
) -> None:
    until = due_at + timedelta(minutes=minutes)
    lists = [ListHours(number, one) for number, one in enumerate(hours)]
    found = at_night(closed(lists, due_at).values(), until)
    asleep = [one for one in hours if not (one.is_open(due_at) and one.is_open(due_at + LANDING))]
    never = [one for one in asleep if not _is_open_between(one, due_at, until)]
    assert (Warned(Hint.NIGHT_UNTIL_ACTION) in found) is bool(never)
    assert (Warned(Hint.QUIET_HOURS) in found) is (len(never) < len(asleep))


def _is_open_between(hours: Hours, begins: datetime, ends: datetime) -> bool:
    """Read minute by minute; 8:00 and 21:00 are whole minutes."""
    moment = begins.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while moment < ends:
        if hours.is_open(moment):
            return True
        moment += timedelta(minutes=1)
    return False


@pytest.mark.anyio
async def test_what_begins_after_the_action_is_told(api: Api, inland: int) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=30)
    action = lobby_action(
        starts_at=begun.isoformat(), ends_at=(begun + timedelta(hours=2)).isoformat(), title={"en": "Rally"}
    )
    made = await api.post("/v1/actions", action)
    late = await api.post("/v1/alerts", alert(inland, made["id"], text={"en": "Now!"}))
    in_time = await api.post("/v1/actions", lobby_action())
    early = await api.post("/v1/alerts", alert(inland, in_time["id"]))
    for one, begins_late in ((late, True), (early, False)):
        told = [one["code"] for one in (await api.get(f"/v1/alerts/{one['id']}/preview"))["warnings"]]
        assert ("action_begun" in told) is begins_late


@pytest.mark.anyio
async def test_who_was_put_on_a_list_is_told_how_to_leave_it(api: Api, inland: int, worker: Worker) -> None:
    plain = {"en": "Hi", "es": "Hola", "so": "Nabad"}
    with_stop = {language: f"{words} STOP" for language, words in plain.items()}

    async def new_people(**changes: Any) -> bool:
        made = await api.post("/v1/alerts", alert(inland, None, **{"text": plain, **changes}))
        told = [one["code"] for one in (await api.get(f"/v1/alerts/{made['id']}/preview"))["warnings"]]
        return "new_people" in told

    async def alert_goes_out(**changes: Any) -> None:
        made = await api.post("/v1/alerts", alert(inland, None, **{"text": with_stop, **changes}))
        await api.post(f"/v1/alerts/{made['id']}/send", status=202)
        await worker.fan_out(made["id"])

    await alert_goes_out(text=plain)
    assert not await new_people()  # who joins by text is told at once
    body = {"phone": "+19095550107", "language": "en", "lists": [inland], "consent": "signed at the gate"}
    await api.post("/v1/subscribers", body)
    assert await new_people()
    assert not await new_people(text=with_stop)
    await alert_goes_out(text=plain)
    await alert_goes_out(audience={"lists": [inland], "languages": ["es"]})
    assert await new_people()  # not all of them were told
    await alert_goes_out()
    assert not await new_people()
    async with session_scope() as session:  # one that does not open stops no other
        await session.execute(text("UPDATE alerts SET bodies = 'broken' WHERE id = 1"))
    assert not await new_people()
    query = f"/v1/subscribers/import?lists={inland}&language=es&consent_source=sheet&consent_date=2026-11-20"
    headers = {"Content-Type": "text/csv"}
    answer = await api.client.post(query, content=b"phone\n+19095550108\n", headers=headers)
    assert answer.status_code == 202
    while await stint():
        pass
    assert await new_people()


@pytest.mark.anyio
async def test_the_preview_tells_price_duration_and_warnings(
    api: Api, inland: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    dear = {
        "en": "Rally\u2019s on! bit.ly/x",
        "es": "Mitin el sábado. STOP: salir",
        "so": "Isu soo bax. STOP: ka bax",
    }
    at_noon = (datetime.now(UTC) + timedelta(days=1)).replace(hour=20, minute=0).isoformat()
    made = await api.post("/v1/alerts", alert(inland, action["id"], text=dear, send_at=at_noon))
    path = f"/v1/alerts/{made['id']}/preview"
    preview = await api.get(path)
    assert preview["price"] is None
    assert (preview["parts"], preview["seconds"]) == (3, 1)
    assert preview["languages"]["en"]["cheaper"] == {"\u2019": "'"}
    told = [(one["code"], one["language"]) for one in preview["warnings"]]
    assert told == [("short_link", "en"), ("no_way_out", "en")]
    monkeypatch.setenv("PRICE_PER_PART", "0.0113")
    settings.cache_clear()
    assert (await api.get(path))["price"] == {"amount": "0.04", "currency": "USD"}
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.anyio
async def test_a_test_goes_to_one_number_in_each_language_is_marked_and_not_counted(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await api.post("/v1/actions", lobby_action())
    made = await api.post("/v1/alerts", alert(inland, action["id"]))
    path = f"/v1/alerts/{made['id']}"
    answer = await api.post(f"{path}/test", {"phone": "909 555 0107", "languages": ["es", "so"]}, status=202)
    assert answer == {"languages": ["es", "so"]}
    await worker.fan_out(0)
    texts = sorted(one.body for one in sent(twilio))
    assert [one.to for one in sent(twilio)] == ["+19095550107"] * 2
    assert texts[0].startswith("PRUEBA: Entrega en el lobby")
    assert texts[1].startswith("TIJAABO: Ficil hoolka")
    assert (await api.get(path))["state"] == "draft"
    assert (await api.get(f"{path}/report"))["people"] == 0
    await api.post(f"{path}/test", {"phone": MARIA}, status=202)  # all languages
    await worker.fan_out(0)
    assert len([one for one in sent(twilio) if one.to == MARIA]) == 3


@pytest.mark.anyio
async def test_no_test_goes_to_whoever_left_or_to_what_is_no_number(api: Api, inland: int) -> None:
    made = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi"}))
    await api.text(JAMES, "STOP")
    path = f"/v1/alerts/{made['id']}/test"
    assert (await api.post(path, {"phone": JAMES}, status=409))["code"] == "wants_no_texts"
    assert (await api.post(path, {"phone": "hello"}, status=422))["code"] == "bad_phone_number"
    await api.post("/v1/alerts/99/test", {"phone": MARIA}, status=404)
