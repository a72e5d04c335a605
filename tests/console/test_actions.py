"""The pages around an action: a month, who will come, the roster, reminders, corrections, reports, kits."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import FROM_A_FORM, Browser, browser, invited
from tests.console.test_alerts import ACTION, SOON, filled_in, planned, send, written
from tests.story import JAMES, MARIA, YASMIN, inland_empire, lobby_action
from tests.story import alert as an_alert
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    """An organizer at a browser."""
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


async def answered(api: Api, ana: Browser, inland: int, worker: Worker) -> str:
    """The path of an action to which Maria said yes with two guests, James no, and Yasmin maybe."""
    action = await planned(ana)
    alert = await written(ana, action, inland)
    await send(ana, alert)
    await worker.fan_out(1)
    await api.text(MARIA, "si, voy con 2")
    await api.text(JAMES, "no")
    await api.text(YASMIN, "malaha")
    return action


# --- when


STRIKE = {"starts_at": "2031-03-08T20:00:00-08:00", "ends_at": "2031-03-10T00:00:00-07:00"}


async def test_a_month_shows_each_day_of_an_action_by_the_clocks_of_its_place(api: Api, ana: Browser) -> None:
    """The clocks change in this night, and midnight at the end is no day more."""
    made = await api.post("/v1/actions", lobby_action(kind="strike", **STRIKE))
    page = await ana.open("/actions/calendar?month=2031-03")
    assert "<h1>March 2031</h1>" in page
    link = rf'<time datetime="(2031-03-\d\d)">(?:(?!<time).)*?/actions/{made["id"]}"'
    days = re.findall(link, page, re.DOTALL)
    assert days == ["2031-03-08", "2031-03-09"]
    assert page.count('<span class="number">8:00 PM</span>') == 1
    assert 'href="/actions/calendar?month=2031-02"' in page
    assert 'href="/actions/calendar?month=2031-04"' in page
    spanish = await ana.open("/actions/calendar?month=2031-03&language=es")
    assert "<h1>marzo 2031</h1>" in spanish
    assert "No action is planned in this month." in await ana.open("/actions/calendar?month=2031-05")


@pytest.mark.parametrize("month", ["2031-13", "soon", "0001-01", "9999-12", "2031-1-1"])
async def test_a_month_that_is_none_is_refused(ana: Browser, month: str) -> None:
    assert "Missing, or not possible: the month." in await ana.open(f"/actions/calendar?month={month}", 422)


@pytest.mark.parametrize("language", list(Language))
async def test_today_is_marked_and_weeks_begin_as_readers_count(ana: Browser, language: Language) -> None:
    page = await ana.open(f"/actions/calendar?language={language}")
    assert page.count('aria-current="date"') == 1
    assert page.count('<th scope="col">') == 7


async def test_what_is_over_is_read_page_by_page_the_latest_first(
    api: Api, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.console.calendar.MOST", 2)
    begun = datetime(2020, 5, 1, 17, tzinfo=UTC)
    for day in range(5):
        starts = begun + timedelta(days=day)
        times = {"starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat()}
        await api.post("/v1/actions", lobby_action(**times))
    path, seen = "/actions/past", []
    while path:
        page = await ana.open(path)
        seen += re.findall(r'<li><a href="/actions/(\d)"', page)
        more = re.search(r'href="(/actions/past\?before=\d+)"', page)
        path = more[1] if more else ""
    assert seen == ["5", "4", "3", "2", "1"]
    assert "No action is planned." in await ana.open("/actions")


# --- who will come


async def test_answers_stand_by_language_and_list_with_a_picture_and_its_figures(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await answered(api, ana, inland, worker)
    page = await ana.open(action)
    assert re.search(r">Español</th><td>1</td><td>2</td><td>0</td><td>0</td>", page)
    assert re.search(r">Soomaali</th><td>0</td><td>0</td><td>1</td><td>0</td>", page)
    assert re.search(r">Inland Empire</th><td>1</td><td>2</td><td>1</td><td>1</td>", page)
    total = re.search(r'<svg class="bar".*?</svg>', page, re.S)
    assert total
    assert re.findall(r'width="([\d.]+)"', total[0]) == ["33.3", "33.3", "33.3"]
    assert "style=" not in page
    summary = await api.get(f"/v1{action}/summary")
    assert summary["lists"] == [{"list": inland, "answers": {"yes": 1, "no": 1, "maybe": 1, "guests": 2}}]
    assert sum(one["people"] for one in summary["hours"]) == 3


async def test_answers_over_time_add_up(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await answered(api, ana, inland, worker)
    at = datetime(2026, 11, 3, 20, 59, tzinfo=UTC)
    for earlier, times in ((timedelta(0), 0), (timedelta(hours=5), 6), (timedelta(days=10), 11)):
        async with session_scope() as session:
            moved = "UPDATE rsvps SET answered_at = CASE answer WHEN 'no' THEN :before ELSE :at END"
            await session.execute(text(moved), {"at": at, "before": at - earlier})
        page = await ana.open(action)
        rows = re.findall(r'<th scope="row">[^<]+</th><td>(\d)</td><td>(\d)</td><td>(\d)</td></tr>', page)
        assert len(rows) == times  # by the hour, then by the day, also where the clocks change between
        assert ('role="img"' in page) == bool(times)
        if times:
            assert (rows[0], rows[-1]) == (("0", "0", "1"), ("1", "1", "1"))


async def test_the_roster_is_masked_until_somebody_who_may_asks_for_more(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await answered(api, ana, inland, worker)
    page = await ana.open(f"{action}/roster?numbers=1")
    assert "•••01" in page
    [person] = re.findall(r'<a href="(/subscribers/\d+)">[^<]*•••01</a>', page)
    assert "•••01" in await ana.open(person)
    assert MARIA not in page
    assert "Show whole numbers" not in page
    assert "<td>2</td>" in page
    assert "•••03" in await ana.open(f"{action}/roster?answer=no")
    assert "5:00 PM, 500 Main St" in page  # by the clocks of its place
    file = await ana.open(f"{action}/roster.csv")
    assert MARIA not in file
    assert file.splitlines()[1].startswith("•••01,yes,2,es,Inland Empire,")
    async with browser() as rosa:
        await rosa.settle_in(await invited("rosa@example.org", Role.ORGANIZER, may_read_numbers=True))
        assert MARIA not in await rosa.open(f"{action}/roster")
        assert _opened(await api.get("/v1/audit?limit=500")) == []
        assert MARIA in await rosa.open(f"{action}/roster?numbers=1")
        assert MARIA in await rosa.open(f"{action}/roster.csv")
    assert _opened(await api.get("/v1/audit?limit=500")) == [("read", 1), ("exported", 3)]


def _opened(audit: dict[str, list[dict[str, dict[str, int]]]]) -> list[tuple[object, int]]:
    return [(one["what"], one["facts"]["people"]) for one in audit["items"] if str(one["noun"]) == "numbers"]


async def test_a_long_roster_goes_on_where_the_page_ended(
    api: Api,
    ana: Browser,
    inland: int,
    worker: Worker,
    twilio: SimulatorServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("alerts.console.roster.MOST", 1)
    action = await answered(api, ana, inland, worker)
    async with session_scope() as session:
        await session.execute(text("UPDATE rsvps SET answer = 'yes'"))
    path, seen = f"{action}/roster", []
    while path:
        page = await ana.open(path)
        seen += re.findall(r"•••(\d\d)", page)
        more = re.search(r'href="([^"]+after=\d+)"', page)
        path = unescape(more[1]) if more else ""
    assert sorted(seen) == ["01", "02", "03"]


# --- reminders


async def reminder_of(api: Api, action: str) -> dict[str, object]:
    [one] = (await api.get(f"/v1{action}/reminders"))["items"]
    return dict(one)


async def test_a_reminder_is_set_changed_and_taken_back(api: Api, ana: Browser, inland: int) -> None:
    action = await planned(ana)
    form = f"{action}/reminders/new"
    await ana.submit(form, await filled_in(ana, form), on=form)
    made = await reminder_of(api, action)
    assert (made["state"], made["send_before"]) == ("scheduled", "P1D")
    assert made["audience"]["answers"] == ["yes", "maybe"]  # type: ignore[index]
    page = await ana.open(action)
    assert "To those who said yes, said maybe. Waits for its time" in page

    change = f"{action}/reminders/{made['id']}"
    fields = await filled_in(ana, change)
    fields.pop("answered-yes")
    fields |= {"before": "PT3H", "answered-silent": "1", "text-so": "Xusuusin"}
    await ana.submit(change, fields, on=change)
    changed = await reminder_of(api, action)
    assert (changed["id"], changed["state"], changed["send_before"]) == (made["id"], "scheduled", "PT3H")
    assert changed["audience"]["answers"] == ["maybe", "silent"]  # type: ignore[index]
    assert changed["text"]["so"] == "Xusuusin"  # type: ignore[index]
    due = datetime.fromisoformat(str(changed["due_at"]))
    assert (due.hour, due.date()) == (14, SOON.date())

    await ana.submit(f"{change}/remove", {"sure": "1"}, on=change)
    assert (await reminder_of(api, action))["state"] == "cancelled"
    await ana.submit(f"{change}/remove", {"sure": "1"}, on="/account")  # twice is once
    await ana.submit(change, fields, 409, on="/account")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text-so": ""}, "A text is missing in: Soomaali."),
        ({"answered-yes": None, "answered-maybe": None}, "whom it is for: an answer"),
        ({"before": "soon"}, "That is no time before an action."),
        ({"before": "P" * 21}, "how long before the action"),
        ({"before": "P30D"}, "That time is over. Choose a later one."),
        ({"text-en": "{hour}"}, "There is nothing to fill in for {hour}."),
    ],
)
async def test_a_reminder_that_cannot_be_is_refused_and_nothing_is_left(
    api: Api, ana: Browser, inland: int, changes: dict[str, str | None], says: str
) -> None:
    action = await planned(ana)
    form = f"{action}/reminders/new"
    fields = await filled_in(ana, form)
    fields = {name: value for name, value in (fields | changes).items() if value is not None}
    answer = await ana.submit(form, fields, 422, on=form)
    assert says in unescape(answer.text)
    assert (await api.get("/v1/alerts"))["items"] == []


async def test_a_reminder_into_the_night_says_so_on_the_actions_page_and_may_wake_people(
    api: Api, ana: Browser, inland: int
) -> None:
    action = await planned(ana)  # it begins at five in the afternoon
    await api.patch(f"/v1/lists/{inland}", {"hours": {"opens": "19:00", "closes": "21:00"}})
    form = f"{action}/reminders/new"
    fields = await filled_in(ana, form) | {"before": "PT3H"}
    await ana.submit(form, fields, on=form)
    assert "It is night on some lists from then until the action begins" in await ana.open(action)
    made = await reminder_of(api, action)
    change = f"{action}/reminders/{made['id']}"
    reason = {"reason": "The gate moved"}
    refused = await ana.submit(change, await filled_in(ana, change) | reason, 422, on=change)
    assert "but not that it is" in unescape(refused.text)
    await ana.submit(change, await filled_in(ana, change) | reason | {"urgent": "1"}, on=change)
    changed = await reminder_of(api, action)
    assert (changed["urgent"], changed["urgent_reason"]) == (True, "The gate moved")
    assert "It is night on some lists" not in await ana.open(action)
    assert (await filled_in(ana, change))["urgent"] == "1"


async def test_what_may_say_the_old_stands_under_what_went_wrong(
    api: Api, ana: Browser, inland: int, worker: Worker
) -> None:
    action = await planned(ana)
    number = int(action.rsplit("/", 1)[1])
    typed = {"en": "Saturday at gate 4", "es": "Sabado, porton 4", "so": "Sabti, albaabka 4"}
    made = await api.post("/v1/alerts", an_alert(inland, number, text=typed, send_before="P1D"))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await api.patch(f"/v1{action}", {"place": "Gate 5"})
    await worker.tick()
    for page in ("/", f"/alerts/{made['id']}"):
        assert "its text may say the old time or place" in unescape(await ana.open(page))
    [entry] = (await api.get(f"/v1/audit?noun=alert&number={made['id']}&limit=50"))["items"][2:]
    assert entry["what"] == "put back"
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    assert "its text may say the old" not in unescape(await ana.open("/"))


async def test_a_change_of_a_reminder_that_is_refused_leaves_it_as_it_was(
    api: Api, ana: Browser, inland: int
) -> None:
    action = await planned(ana)
    form = f"{action}/reminders/new"
    await ana.submit(form, await filled_in(ana, form), on=form)
    before = await reminder_of(api, action)
    change = f"{action}/reminders/{before['id']}"
    fields = await filled_in(ana, change) | {"text-en": "{hour}"}
    answer = await ana.submit(change, fields, 422, on=change)
    assert ">{hour}</textarea>" in answer.text
    assert await reminder_of(api, action) == before
    other = await planned(ana)
    await ana.open(f"{other}/reminders/{before['id']}", 404)


async def test_reminders_by_the_api(api: Api, ana: Browser) -> None:
    action = await planned(ana)
    body = {"before": "P1D", "answers": ["yes"], "text": {"en": "Hi", "es": "Hola", "so": "Haye"}}
    made = await api.post(f"/v1{action}/reminders", body)
    path = f"/v1{action}/reminders/{made['id']}"
    assert (await api.patch(path, body | {"before": "PT1H"}))["send_before"] == "PT1H"
    gone = await api.client.delete(path)
    assert (gone.status_code, gone.json()["state"]) == (200, "cancelled")
    assert (await api.patch(path, body, 409))["code"] == "wrong_state"
    assert (await api.client.delete(f"/v1{action}/reminders/999")).status_code == 404


# --- moved, called off


async def test_a_change_leads_to_the_correction_for_exactly_those_who_know(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await answered(api, ana, inland, worker)
    fields = await filled_in(ana, f"{action}/change") | {"place": "The other gate"}
    answer = await ana.submit(f"{action}/change", fields, on=f"{action}/change")
    assert answer.headers["location"] == f"{action}/correction"
    page = await ana.open(f"{action}/correction")
    assert "something that is not true any more: 3" in page
    offered = await filled_in(ana, f"{action}/correction")
    assert offered["text-en"].startswith("CHANGED: {title} is now {when}, {where}.")
    answer = await ana.submit(f"{action}/correction", offered, on=f"{action}/correction")
    await send(ana, answer.headers["location"])
    await worker.fan_out(2)
    [told] = [one.body for one in sent(twilio)[3:] if one.to == JAMES]
    assert told.startswith("CHANGED: Rally at the gate")
    assert "there is nothing to correct" in await ana.open(f"{action}/correction")

    off = await ana.submit(f"{action}/call-off", {"sure": "1"}, on=action)
    assert off.headers["location"] == f"{action}/correction"
    assert "CALLED OFF" in await ana.open(f"{action}/correction")


async def test_what_nobody_was_told_needs_no_correction(api: Api, ana: Browser) -> None:
    action = await planned(ana)
    fields = await filled_in(ana, f"{action}/change") | {"place": "The other gate"}
    answer = await ana.submit(f"{action}/change", fields, on=f"{action}/change")
    assert answer.headers["location"] == action
    await ana.submit(f"{action}/correction", {}, 422, on=action)


# --- reports


async def test_reports_add_up_and_come_as_files(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await answered(api, ana, inland, worker)
    for path in (f"{action}/report", "/alerts/1/report"):
        page = await ana.open(path)
        assert re.search(r'<th scope="row">All</th><td>3</td><td>3</td>', page), page
        assert re.search(r">Español</th><td>1</td><td>1</td>", page)
        assert re.search(r">Inland Empire</th><td>3</td><td>3</td>", page)
        assert "Message parts: 3." in page
        file = await ana.open(f"{path}.csv")
        assert len(file.splitlines()) == 4
        assert MARIA not in file
    other = await planned(ana)
    assert "Nothing was sent yet." in await ana.open(f"{other}/report")
    await ana.open("/alerts/99/report", 404)
    await ana.open("/alerts/99/report.csv", 404)


# --- kits


async def take(one: Browser, octets: bytes, fields: dict[str, str], status: int = 303) -> str:
    """Hand in a file; where that leads to, or the page that says why not."""
    found = re.search(r'name="csrf" value="([^"]+)"', await one.open("/actions/kit"))
    assert found
    answer = await one.client.post(
        "/actions/kit",
        data={"csrf": found[1]} | fields,
        files={"kit": ("kit.json", octets, "application/json")},
        headers=FROM_A_FORM,
    )
    assert answer.status_code == status, answer.text
    return unescape(answer.text) if status >= 400 else answer.headers["location"]


async def test_a_kit_goes_to_another_organization_and_becomes_an_action_and_drafts(
    api: Api, ana: Browser, inland: int
) -> None:
    action = await planned(ana)
    await written(ana, action, inland)
    form = f"{action}/reminders/new"
    await ana.submit(form, await filled_in(ana, form), on=form)
    kit = await ana.client.get(f"{action}/kit")
    assert kit.headers["content-disposition"] == 'attachment; filename="action-kit-1.json"'
    assert json.loads(kit.content) == await api.get(f"/v1{action}/kit")
    later = SOON + timedelta(days=7)
    here = {
        "starts": f"{later:%Y-%m-%d}T09:00",
        "ends": f"{later:%Y-%m-%d}T11:00",
        "timezone": "America/Chicago",
        "place": "Shakopee, gate 3",
        f"list-{inland}": "1",
    }
    made = await take(ana, kit.content, here)
    page = await ana.open(made)
    assert "Rally: Rally at the gate" in page
    assert "Shakopee, gate 3" in page
    assert "9:00 AM" in page
    assert page.count("Draft: nothing was sent") == 2
    same = await take(ana, kit.content, {})
    assert "5:00 PM" in await ana.open(same)


@pytest.mark.parametrize(
    ("octets", "fields", "says"),
    [
        (b"", {}, "the file: an action kit"),
        (b"{}", {}, "the file: an action kit"),
        (b"\xff\xfe", {}, "the file: an action kit"),
        (b"[" * 100_000, {}, "the file: an action kit"),
        (b" " * 200_001, {}, "the file: an action kit"),
        (None, {"timezone": "Mars/Base"}, "America/Chicago"),
        (None, {"starts": "soon"}, "when it begins"),
        (None, {"ends": "2020-01-01T10:00"}, "It ends before it begins."),
    ],
)
async def test_what_is_no_kit_makes_nothing(
    api: Api, ana: Browser, octets: bytes | None, fields: dict[str, str], says: str
) -> None:
    action = await planned(ana)
    kit = (await ana.client.get(f"{action}/kit")).content if octets is None else octets
    assert says in await take(ana, kit, fields | {"place": "kept as typed"}, 422)
    assert len((await api.get("/v1/actions"))["items"]) == 1


async def test_a_kit_without_its_token_is_refused(api: Api, ana: Browser) -> None:
    for fields in ({}, {"csrf": "nobodys"}):
        answer = await ana.client.post(
            "/actions/kit", data=fields, files={"kit": ("kit.json", b"{}")}, headers=FROM_A_FORM
        )
        assert answer.status_code == 403
    assert ACTION["place"] not in await ana.open("/actions")


async def test_on_two_lists_one_is_counted_in_both(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    words = {"en": "NIGHT", "es": "NOCHE", "so": "HABEEN"}
    await api.post("/v1/lists", inland_empire(name="Nights", join_words=words))
    await api.text(MARIA, "NOCHE")
    action = await answered(api, ana, inland, worker)
    page = await ana.open(action)
    assert re.search(r">Nights</th><td>1</td><td>2</td><td>0</td><td>0</td>", page)
    assert re.search(r">All</th><td>1</td><td>2</td><td>1</td><td>1</td>", page)
