"""An organizer without scripts plans an action, writes, looks, sends, stops; nobody is texted by accident."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import PASSWORD, Browser, browser, invited
from tests.story import JAMES, MARIA, YASMIN, inland_empire
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
SOON = datetime.now(UTC) + timedelta(days=9)
ACTION = {
    "kind": "rally",
    "title-en": "Rally at the gate",
    "title-es": "Marcha",
    "title-so": "Isu soo bax",
    "starts": f"{SOON:%Y-%m-%d}T17:00",
    "ends": f"{SOON:%Y-%m-%d}T19:00",
    "timezone": "America/Los_Angeles",
    "place": "500 Main St",
}


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    """An organizer at a browser."""
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


async def planned(one: Browser, **changes: str) -> str:
    """The path of a new action's page."""
    answer = await one.submit("/actions/new", ACTION | changes, on="/actions/new")
    return answer.headers["location"]


async def written(one: Browser, action: str, inland: int, **changes: str) -> str:
    """The path of a new alert's page, from the form as it comes."""
    form = f"/alerts/new?action={action.rsplit('/', 1)[1]}"
    fields = await filled_in(one, form) | {f"list-{inland}": "1"} | changes
    answer = await one.submit("/alerts/new", fields, on=form)
    return answer.headers["location"]


async def filled_in(one: Browser, path: str) -> dict[str, str]:
    """What a browser would send of the form on a page if nobody touched it."""
    page = await one.open(path)
    texts = re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>([^<]*)<', page)
    inputs = re.findall(r'<input (?!type="(?:checkbox|hidden)")[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)
    hidden = re.findall(r'<input type="hidden" name="(action|version|moved)" value="([^"]*)"', page)
    ticked = re.findall(r'<input type="checkbox" name="([^"]+)" value="1" checked', page)
    chosen = re.findall(r'<select id="(\w+)"[^>]*>.*?<option value="([^"]*)" selected', page, re.DOTALL)
    fields = [*texts, *inputs, *hidden, *chosen, *((name, "1") for name in ticked)]
    return {name: unescape(value) for name, value in fields}


async def send(one: Browser, alert: str, status: int = 303) -> str:
    """Press *send* on the page of a draft; the page that comes of it."""
    fields = {"version": (await filled_in(one, alert))["version"]}
    answer = await one.submit(f"{alert}/send", fields, status, on=alert)
    return answer.text


async def test_three_workers_are_called_in_their_languages(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await planned(ana)
    assert "Rally: Rally at the gate" in await ana.open(action)
    alert = await written(ana, action, inland)
    page = await ana.open(alert)
    assert "3 people in 3 languages get 1 text each, from now, done by" in page
    assert re.search(r"Rally at the gate: \w+, \w+ \d+, 5:00 PM, 500 Main St", page)
    assert page.count("People: 1. Parts of each text: 1, in GSM-7.") == 3
    assert sent(twilio) == []

    await send(ana, alert)
    await worker.fan_out(int(alert.rsplit("/", 1)[1]))
    assert {one.to for one in sent(twilio)} == {MARIA, YASMIN, JAMES}
    await api.text(MARIA, "si, voy con 2")
    page = await ana.open(action)
    assert re.search(r">Español</th><td>1</td><td>2</td>", page)
    page = await ana.open(alert)
    assert re.search(r'<p class="state"[^>]*>Sent</p>', page)
    assert "3 of 3" in page
    assert f'href="{alert}/report"' in page
    await send_again(ana, alert)
    assert len(sent(twilio)) == 3


async def send_again(one: Browser, alert: str) -> None:
    """As a page that was left open does."""
    await one.submit(f"{alert}/send", {"version": "old"}, on="/account")


async def test_what_goes_out_is_what_was_looked_at(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    version = (await filled_in(ana, alert))["version"]
    await api.patch(f"/v1{alert}", {"text": {"en": "Another", "es": "Otro", "so": "Kale"}})
    answer = await ana.submit(f"{alert}/send", {"version": version}, 409, on=alert)
    assert "Somebody changed it meanwhile" in answer.text
    assert "Another" in answer.text
    await worker.fan_out(1)
    assert sent(twilio) == []


async def test_a_draft_comes_back_as_it_was_and_can_be_changed(api: Api, ana: Browser, inland: int) -> None:
    action = await planned(ana)
    alert = await written(
        ana, action, inland, **{"answered-yes": "1", "only-es": "1", "tags": "night, ont2", "when": "P1D"}
    )
    before = await api.get(f"/v1{alert}")
    fields = await filled_in(ana, f"{alert}/change")
    await ana.submit(f"{alert}/change", fields, on=f"{alert}/change")
    assert await api.get(f"/v1{alert}") == before
    assert before["audience"]["tags"] == ["night", "ont2"]
    assert (before["audience"]["answers"], before["send_before"]) == (["yes"], "P1D")
    fields |= {"when": "at", "at": f"{SOON:%Y-%m-%d}T09:00", "text-es": "Mañana a las 5"}
    await ana.submit(f"{alert}/change", fields, on=f"{alert}/change")
    after = await api.get(f"/v1{alert}")
    assert (after["send_before"], after["text"]["es"]) == (None, "Mañana a las 5")
    assert after["send_at"].startswith(f"{SOON:%Y-%m-%d}T09:00:00-0")


async def test_a_lead_that_the_form_does_not_offer_stays(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    await api.patch(f"/v1{alert}", {"send_before": "PT90M"})
    page = await ana.open(f"{alert}/change")
    assert '<option value="PT90M" selected>PT90M before it</option>' in page
    await ana.submit(f"{alert}/change", await filled_in(ana, f"{alert}/change"), on=f"{alert}/change")
    assert (await api.get(f"/v1{alert}"))["send_before"] == "PT90M"


async def test_dear_letters_are_marked_and_made_cheap_when_asked(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland, **{"text-es": "Mañana, ¡sábado! “Ven”"})
    page = await ana.open(alert)
    assert "Mañana, ¡s<mark>á</mark>bado! <mark>“</mark>Ven<mark>”</mark>" in page
    assert "in UCS-2" in page
    change = f"{alert}/change"
    pressed = await filled_in(ana, change) | {"cheaper": "es"}
    shown = await ana.submit(change, pressed, 200, on=change)  # a button of its own: nothing is kept yet
    assert ">Mañana, ¡sabado! &#34;Ven&#34;</textarea>" in shown.text
    assert (await api.get(f"/v1{alert}"))["text"]["es"].startswith("Mañana, ¡sábado!")
    typed = re.search(r'name="text-es"[^>]*>([^<]*)<', shown.text)
    assert typed
    del pressed["cheaper"]
    await ana.submit(change, pressed | {"text-es": unescape(typed[1])}, on=change)
    assert (await api.get(f"/v1{alert}"))["text"]["es"] == 'Mañana, ¡sabado! "Ven"'
    assert "<mark>" not in await ana.open(alert)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text-en": "{hour}"}, "There is nothing to fill in for {hour}."),
        ({"text-en": "{"}, "A brace in the text belongs to nothing"),
        ({"text-en": "", "text-es": "", "text-so": ""}, "Missing, or not possible: the text."),
        ({"text-so": "{where} " * 199}, "The text in Soomaali is too long by"),
        ({"urgent": "1"}, "An urgent alert wakes people up. Say why."),
        ({"reason": "They sack people now"}, "You wrote why it is urgent, but not that it is."),
        ({"at": f"{SOON:%Y-%m-%d}T09:00"}, 'A time is filled in, but "at the time below" was not chosen.'),
        ({"when": "P1D", "at": f"{SOON:%Y-%m-%d}T09:00"}, "A time is filled in, but"),
        ({"when": "at", "at": ""}, "at what time it goes out"),
        ({"when": "at", "at": "2027-03-14T02:30"}, "it does not exist"),
        ({"when": "at", "at": "2026-11-01T01:30"}, "this time comes twice"),
        ({"list-99999999999999999999": "1"}, "Missing, or not possible: who gets it"),
        ({"list-999": "1"}, "It is not there any more."),
    ],
)
async def test_what_is_refused_is_said_and_what_was_typed_stays(
    api: Api, ana: Browser, inland: int, changes: dict[str, str], says: str
) -> None:
    action = await planned(ana)
    form = f"/alerts/new?action={action.rsplit('/', 1)[1]}"
    fields = await filled_in(ana, form) | {f"list-{inland}": "1", "tags": "kept <as> typed"} | changes
    answer = await ana.submit("/alerts/new", fields, 404 if "list-999" in changes else 422, on=form)
    assert says in unescape(answer.text)
    assert 'value="kept &lt;as&gt; typed"' in answer.text
    assert (await api.get("/v1/alerts"))["items"] == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"title-en": "", "title-es": "", "title-so": ""}, "the title, in one language at least"),
        ({"ends": f"{SOON:%Y-%m-%d}T16:00"}, "when it ends"),
        ({"starts": "soon"}, "when it begins"),
        ({"starts": "0001-01-01T00:00"}, "when it begins"),
        ({"timezone": "Mars/Base"}, "America/Chicago"),
        ({"timezone": "America"}, "America/Chicago"),
        ({"place": " "}, "the place"),
        ({"kind": "picnic"}, "Missing, or not possible: what it is."),
    ],
)
async def test_an_action_that_cannot_be_is_refused(
    api: Api, ana: Browser, changes: dict[str, str], says: str
) -> None:
    answer = await ana.submit("/actions/new", ACTION | changes, 422, on="/actions/new")
    assert says in answer.text
    assert (await api.get("/v1/actions"))["items"] == []


async def test_a_change_that_is_refused_changes_nothing(api: Api, ana: Browser, inland: int) -> None:
    action = await planned(ana)
    alert = await written(ana, action, inland)
    before = [await api.get(f"/v1{path}") for path in (alert, action)]
    fields = await filled_in(ana, f"{alert}/change") | {"text-en": "{hour}", "text-es": "Otro"}
    answer = await ana.submit(f"{alert}/change", fields, 422, on=f"{alert}/change")
    assert "There is nothing to fill in for {hour}." in answer.text
    assert ">Otro</textarea>" in answer.text
    fields = await filled_in(ana, f"{action}/change")
    late = fields | {"ends": f"{SOON:%Y-%m-%d}T16:00", "place": "Elsewhere"}
    answer = await ana.submit(f"{action}/change", late, 422, on=f"{action}/change")
    assert "It ends before it begins." in answer.text
    assert 'value="Elsewhere"' in answer.text
    assert before == [await api.get(f"/v1{path}") for path in (alert, action)]
    await api.post(f"/v1{action}/cancel", status=200)
    assert "was called off" in (await ana.submit(f"{action}/change", fields, 409, on="/account")).text
    await send(ana, alert, 409)


async def test_who_was_told_the_old_place_is_told_the_new(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await planned(ana)
    alert = await written(ana, action, inland)
    await send(ana, alert)
    await worker.fan_out(1)
    fields = await filled_in(ana, f"{action}/change")
    await ana.submit(f"{action}/change", fields, on=f"{action}/change")
    assert "not true any more" not in await ana.open(action)
    await ana.submit(f"{action}/change", fields | {"place": "The other gate"}, on=f"{action}/change")
    assert "something that is not true any more: 3" in await ana.open(action)
    offered = await filled_in(ana, f"{action}/correction")
    answer = await ana.submit(f"{action}/correction", offered, on=action)
    correction = answer.headers["location"]
    assert "CHANGED: Rally at the gate is now" in await ana.open(correction)
    assert "chosen in another way" in await ana.open(f"{correction}/change")
    fields = await filled_in(ana, f"{correction}/change")
    await ana.submit(f"{correction}/change", fields, on=f"{correction}/change")
    await send(ana, correction)
    await worker.fan_out(2)
    assert len(sent(twilio)) == 6
    assert "not true any more" not in await ana.open(action)

    await ana.submit(f"{action}/call-off", {}, 422, on=action)
    assert "called off" not in await ana.open(action)
    await ana.submit(f"{action}/call-off", {"sure": "1"}, on=action)
    assert "(called off)" in await ana.open(action)


@pytest.mark.usefixtures("two_organizers")
async def test_many_people_take_a_second_organizer_and_a_moment(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    page = await ana.open(alert)
    assert "a second organizer approves exactly this first" in page
    assert "somebody else approves it" in page
    version = re.search(r"\w{16}", (await api.get(f"/v1{alert}/preview"))["approval"]["version"])
    assert version
    refused = await ana.submit(f"{alert}/approve", {"version": version[0]}, 403, on=alert)
    assert "somebody else approves it" in refused.text
    async with browser() as two:
        await two.settle_in(await invited("berta@example.org", Role.ORGANIZER))
        fields = {"version": (await filled_in(two, alert))["version"]}
        await two.submit(f"{alert}/approve", fields, on=alert)
    await send(ana, alert)
    page = await ana.open(alert)
    assert "Waits for its time" in page
    await ana.submit(f"{alert}/undo", {}, on=alert)
    assert "Send it to 3" in await ana.open(alert)
    await worker.tick()
    assert sent(twilio) == []


async def test_paused_gone_on_and_stopped(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    await send(ana, alert)
    moving = await ana.open(alert)
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in moving
    assert f'sse-connect="{alert}/news?' in moving
    still = await ana.open(f"{alert}?still=1")
    assert "refresh" not in still
    assert "sse-connect" not in still
    await ana.submit(f"{alert}/pause", {}, on=alert)
    await worker.fan_out(1)
    assert sent(twilio) == []
    assert "Paused" in await ana.open(alert)
    await ana.submit(f"{alert}/resume", {}, on=alert)
    await ana.submit(f"{alert}/cancel", {}, 422, on=alert)
    assert "Is going out now" in await ana.open(alert)
    await ana.submit(f"{alert}/cancel", {"sure": "1"}, on=alert)
    assert "Cancelled" in await ana.open(alert)
    await ana.submit(f"{alert}/undo", {}, 409, on="/account")
    await worker.fan_out(1)
    assert sent(twilio) == []


async def test_why_somebody_got_nothing_is_said_in_the_readers_words(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    await send(ana, alert)
    await api.text(JAMES, "STOP")
    await worker.fan_out(1)
    async with session_scope() as session:
        await session.execute(
            text("UPDATE deliveries SET state = 'undelivered', code = 30006 WHERE language = 'so'")
        )
    page = await ana.open(f"{alert}?language=es")
    assert "<li>1: es un teléfono fijo, o su compañía no acepta mensajes<br>" in page
    assert "Pídeles otro número" in page
    assert "<li>1: Salieron: dijeron STOP, con las palabras que fuera.<br>" in page
    assert "<li>1: Way ka baxeen: STOP ayay" in await ana.open(f"{alert}?language=so")


async def test_what_goes_out_next_week_is_not_looked_at_every_moment(
    api: Api, ana: Browser, inland: int
) -> None:
    at = f"{SOON - timedelta(days=1):%Y-%m-%d}T09:00"
    alert = await written(ana, await planned(ana), inland, when="at", at=at)
    assert "9:00 AM" in await ana.open(alert)
    await send(ana, alert)
    page = await ana.open(alert)
    assert "Until then nobody gets anything." in page
    assert "refresh" not in page
    await ana.submit(f"{alert}/undo", {}, on=alert)
    assert "Send it to 3" in await ana.open(alert)


async def test_who_keeps_a_number_need_not_write_it_and_no_page_shows_it(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    answer = await ana.submit(f"{alert}/test", {"phone": " "}, 422, on=alert)
    assert "No number of yours is known here." in answer.text
    kept = {"phone": "(909) 555-0176", "password": PASSWORD}
    await ana.submit("/account/phone", kept | {"password": "not hers"}, 401, on="/account")
    await ana.submit("/account/phone", kept | {"phone": "911"}, 422, on="/account")
    assert "•••" not in await ana.open("/account")
    await ana.submit("/account/phone", kept, on="/account")
    for page in ("/account", alert):
        shown = await ana.open(page)
        assert "•••76" in shown
        assert "0176" not in shown
    await ana.submit(f"{alert}/test", {"phone": ""}, on=alert)
    await worker.fan_out(1)
    assert {one.to for one in sent(twilio)} == {"+19095550176"}
    trail = [(one["what"], one["facts"]) for one in (await api.get("/v1/audit?noun=organizer"))["items"]]
    assert ("changed", {"phone": "changed"}) in trail
    await ana.submit("/account/phone", kept | {"phone": ""}, on="/account")
    assert "•••" not in await ana.open(alert)


async def test_a_test_goes_to_ones_own_number(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    answer = await ana.submit(f"{alert}/test", {"phone": "911"}, 422, on=alert)
    assert "That is not a mobile number" in answer.text
    await ana.submit(f"{alert}/test", {"phone": "909 555 0177"}, on=alert)
    await worker.fan_out(1)
    assert {one.to for one in sent(twilio)} == {"+19095550177"}
    assert all(one.body.startswith(("TEST", "PRUEBA", "TIJAABO")) for one in sent(twilio))


async def test_the_first_page_says_what_is_going_on(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    page = await ana.open("/")
    assert "No action is planned." in page
    assert "Nothing is going out, and nothing waits." in page
    action = await planned(ana)
    alert = await written(ana, action, inland)
    await api.text(JAMES, "Where do we meet if it rains, can somebody tell me?")
    page = await ana.open("/")
    assert f'href="{action}"' in page
    assert f'href="{alert}"' in page
    assert "Your draft: look at it, and send it." in page
    assert "Conversations that wait for an answer: 1" in page
    async with browser() as two:
        await two.settle_in(await invited("berta@example.org", Role.ORGANIZER))
        assert "Somebody else's draft" in unescape(await two.open("/"))
    await send(ana, alert)
    for path in ("/", "/news"):
        page = await ana.open(path)
        assert "Going out now" in page
        assert "Your draft" not in page
    assert 'hx-get="/news?language=en" hx-trigger="every 3s"' in await ana.open("/")
    await worker.fan_out(1)
    async with session_scope() as session:
        await session.execute(text("UPDATE deliveries SET state = 'undelivered' WHERE language = 'so'"))
    assert "Did not arrive: 1. Look why." in await ana.open("/news")
    async with session_scope() as session:
        trouble = {"trouble": "our Twilio account is suspended (Twilio's code 30002)"}
        await session.execute(text("UPDATE alerts SET state = 'paused', trouble = :trouble"), trouble)
    page = unescape(await ana.open("/news"))
    assert "Our Twilio account is suspended." in page
    assert "Put it right in Twilio's console" in page


async def test_a_draft_that_is_thrown_away_is_seen_no_more(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    await ana.submit(f"{alert}/cancel", {}, 422, on=alert)
    assert f'href="{alert}"' in await ana.open("/")
    page = await ana.open(alert)
    assert f'action="{alert}/cancel"' in page
    assert "Throw this draft away" in page
    await ana.submit(f"{alert}/cancel", {"sure": "1"}, on=alert)
    assert f'href="{alert}"' not in await ana.open("/")
    assert "Cancelled" in await ana.open(alert)


@pytest.mark.usefixtures("two_organizers")
async def test_what_waits_for_approval_is_not_pushed_away_by_newer_drafts(
    api: Api, ana: Browser, inland: int
) -> None:
    empty = await api.post("/v1/lists", inland_empire(name="Nobody", join_words={"en": "NOBODY"}))
    many = {"text": {"en": "a", "es": "a", "so": "a"}, "audience": {"lists": [inland]}}
    few = [{"lists": [empty["id"]]}, {"lists": [inland], "tags": ["night"]}]
    await api.post("/v1/alerts", many)
    for number in range(11):
        await api.post("/v1/alerts", many | {"audience": few[number % 2]})
    async with browser() as two:
        await two.settle_in(await invited("berta@example.org", Role.ORGANIZER))
        page = await two.open("/")
    assert 'href="/alerts/1"' in page
    assert page.count("It waits for your approval.") == 1
    assert page.index("It waits for your approval.") < page.index("Somebody else")
    assert 'href="/alerts/2"' not in page  # of plain drafts the newest ten


async def test_every_alert_there_was(api: Api, ana: Browser, inland: int, worker: Worker) -> None:
    assert "No alert was written yet." in await ana.open("/alerts")
    alert = await written(ana, await planned(ana), inland)
    await send(ana, alert)
    await worker.fan_out(1)
    facts = {"text": {"en": "a", "es": "a", "so": "a"}, "audience": {"lists": [inland]}}
    for _ in range(26):
        await api.post("/v1/alerts", facts)
    first = await ana.open("/alerts")
    assert [int(one) for one in re.findall(r'href="/alerts/(\d+)"', first)] == list(range(27, 2, -1))
    rest = await ana.open("/alerts?before=3")
    assert [int(one) for one in re.findall(r'href="/alerts/(\d+)"', rest)] == [2, 1]
    assert "Sent." in rest
    assert "People: 3" in rest
