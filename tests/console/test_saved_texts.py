"""A saved text is filled in and kept on the form of an alert, without scripts; what was typed comes back."""

from __future__ import annotations

import re
from html import unescape

import pytest

from alerts.carrier.simulator.server import SimulatorServer
from tests.api import Api
from tests.console.browser import Browser
from tests.console.test_actions import answered
from tests.console.test_alerts import filled_in, planned, send, written
from tests.story import JAMES
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
CALL = {"en": "Come at 5", "es": "Ven a las 5", "so": "Imow 5"}
TYPED = {"text-en": "My own words", "text-es": "", "text-so": "Erayadayda"}
WORDS = {f"text-{language}": words for language, words in CALL.items()}


@pytest.fixture
async def call(api: Api) -> str:
    """The number of a saved text."""
    return str((await api.post("/v1/templates", {"name": "Call <b>", "text": CALL}))["id"])


async def press(one: Browser, fields: dict[str, str], path: str = "/alerts/new") -> dict[str, str]:
    """What stands in the form after one of its buttons."""
    shown = (await one.submit(path, fields, 200, on=path)).text
    return fields_of(shown) | {"shown": unescape(re.sub(r"<[^>]+>", "", shown))}


def fields_of(page: str) -> dict[str, str]:
    hidden = re.findall(r'<input type="hidden" name="((?!csrf)[^"]+)" value="([^"]*)"', page)
    texts = re.findall(r'<textarea [^>]*name="([^"]+)"[^>]*>([^<]*)<', page)
    inputs = re.findall(r'<input id="(name|tags|reason|at)"[^>]*value="([^"]*)"', page)
    chosen = re.findall(
        r'<select id="(\w+)"(?:(?!</select>).)*?<option value="([^"]*)" selected', page, re.DOTALL
    )
    ticked = re.findall(r'<input type="checkbox" name="([^"]+)" value="1" checked', page)
    fields = [*hidden, *texts, *inputs, *chosen, *((name, "1") for name in ticked)]
    return {name: unescape(value) for name, value in fields}


def texts_in(fields: dict[str, str]) -> dict[str, str]:
    return {name: words for name, words in fields.items() if name.startswith("text-")}


def by_text(fields: dict[str, str]) -> dict[str, str]:
    return {name.removeprefix("text-"): words for name, words in texts_in(fields).items()}


async def test_it_fills_every_language_and_the_rest_stays(
    api: Api, ana: Browser, inland: int, call: str
) -> None:
    rest = {f"list-{inland}": "1", "only-es": "1", "tags": "night", "when": "at", "at": "2027-01-05T17:00"}
    rest |= {"urgent": "1", "reason": "Police at the gate", "name": "Later"}
    found = await press(ana, {**rest, "saved": call, "fill": "1"})
    assert texts_in(found) == WORDS
    assert {name: found.get(name) for name in rest} == rest
    assert "something else was written here" not in found["shown"]  # there was nothing
    assert (await api.get("/v1/alerts"))["items"] == []


async def test_what_was_typed_comes_back_with_one_button(api: Api, ana: Browser, call: str) -> None:
    second = str((await api.post("/v1/templates", {"name": "Other", "text": {"en": "Other"}}))["id"])
    found = await press(ana, {**TYPED, "saved": call, "fill": "1"})
    assert texts_in(found) == WORDS
    assert "Before, something else was written here." in found.pop("shown")
    # Another one over it, a look, and one that is refused: it is still there.
    found = await press(ana, found | {"saved": second, "fill": "1"})
    assert texts_in(found) == {"text-en": "Other", "text-es": "", "text-so": ""}
    found = await press(ana, found | {"look": "1"})
    refused = await ana.submit("/alerts/new", found | {"at": "x", "when": "at"}, 422, on="/alerts/new")
    found = await press(ana, fields_of(refused.text) | {"back": "1"})
    assert texts_in(found) == TYPED
    assert "something else was written here" not in found["shown"]  # the other one is saved anyway

    found = await press(ana, found | {"saved": call, "fill": "1"})
    found = await press(ana, found | {"text-en": "Changed by hand", "back": "1"})
    assert texts_in(found) == TYPED
    found = await press(ana, found | {"back": "1"})
    assert found["text-en"] == "Changed by hand"


async def test_a_draft_takes_a_saved_text_too(api: Api, ana: Browser, inland: int, call: str) -> None:
    alert = await written(ana, await planned(ana), inland)
    change = f"{alert}/change"
    found = await press(ana, await filled_in(ana, change) | {"saved": call, "fill": "1"}, change)
    assert (texts_in(found), found["asks"]) == (WORDS, "1")
    assert "Rally" in await ana.open(alert)  # nothing is changed yet
    await ana.submit(change, found, on=change)
    assert (await api.get(f"/v1{alert}"))["text"] == CALL


async def test_what_is_written_is_saved_under_a_name_and_the_next_time_as_a_new_version(
    api: Api, ana: Browser
) -> None:
    found = await press(ana, {**TYPED, "tags": "night", "name": " Rain ", "keep": "1"})
    assert "Saved as Rain." in found["shown"]
    assert (texts_in(found), found["tags"], found["name"]) == (TYPED, "night", "")
    found = await press(ana, {**WORDS, "name": "Rain", "keep": "1"})
    assert "Rain says this from now on. What it said before is kept." in found["shown"]
    await press(ana, {**WORDS, "name": "Rain", "keep": "1"})  # again: nothing new
    [rain] = (await api.get("/v1/templates"))["items"]
    assert (rain["name"], rain["version"], rain["text"]) == ("Rain", 2, CALL)
    first = await api.get(f"/v1/templates/{rain['id']}?version=1")
    assert first["text"] == {"en": "My own words", "so": "Erayadayda"}
    assert (await api.get("/v1/alerts"))["items"] == []
    trail = [
        one["what"] for one in (await api.get("/v1/audit?limit=200"))["items"] if one["noun"] == "template"
    ]
    assert trail == ["kept", "changed"]


async def test_a_name_that_was_typed_is_not_lost_with_the_other_button(
    api: Api, ana: Browser, inland: int
) -> None:
    await ana.submit("/alerts/new", {**WORDS, f"list-{inland}": "1", "name": "Rain"}, on="/alerts/new")
    assert [one["text"] for one in (await api.get("/v1/templates"))["items"]] == [CALL]
    assert len((await api.get("/v1/alerts"))["items"]) == 1


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"fill": "1", "saved": ""}, 422, "Missing, or not possible: which saved text."),
        ({"fill": "1", "saved": "99"}, 404, "It is not there any more."),
        ({"keep": "1", "name": " "}, 422, "Missing, or not possible: the name."),
        ({"keep": "1", "name": "Rain", "text-en": " ", "text-so": ""}, 422, "the text"),
        ({"keep": "1", "name": "Rain", "text-en": "{wen}"}, 422, "There is nothing to fill in for {wen}."),
    ],
)
async def test_what_cannot_be_is_said_and_the_words_stay(
    api: Api, ana: Browser, call: str, fields: dict[str, str], status: int, says: str
) -> None:
    answer = await ana.submit("/alerts/new", TYPED | fields, status, on="/alerts/new")
    assert says in unescape(answer.text)
    assert texts_in(fields_of(answer.text)) == texts_in(TYPED | fields)
    assert len((await api.get("/v1/templates"))["items"]) == 1


@pytest.fixture
async def moved(api: Api, ana: Browser, inland: int, worker: Worker) -> str:
    """The path of an action that was moved after three were told of it, with a reminder: alert 2."""
    action = await answered(api, ana, inland, worker)
    await api.post(f"/v1{action}/reminders", {"before": "P1D", "answers": ["yes"], "text": CALL})
    await api.patch(f"/v1{action}", {"place": "The other gate"})
    return action


OTHER_FORMS = pytest.mark.parametrize("form", ["reminders/new", "reminders/2", "correction"])


@OTHER_FORMS
async def test_reminders_and_corrections_take_a_saved_text_and_keep_one(
    api: Api, ana: Browser, moved: str, form: str
) -> None:
    path = f"{moved}/{form}"
    rain = {"en": "Bring a coat", "es": "Trae un abrigo", "so": "Soo qaado jaakad"}
    number = (await api.post("/v1/templates", {"name": "Rain", "text": rain}))["id"]
    alerts = await api.get("/v1/alerts")
    first = fields_of(await ana.open(path))
    rest = {name: value for name, value in first.items() if not name.startswith(("text-", "template"))}

    found = await press(ana, first | {"saved": str(number), "fill": "1"}, path)
    assert by_text(found) == rain
    assert rest.items() <= found.items() | {("saved", "")}
    assert "Before, something else was written here." in found["shown"]
    found = await press(ana, found | {"back": "1"}, path)
    assert texts_in(found) == texts_in(first)
    found = await press(ana, found | {"text-so": "Kale", "name": "Mine", "keep": "1"}, path)
    assert "Saved as Mine." in found["shown"]
    mine = (await api.get("/v1/templates"))["items"][-1]
    assert (mine["name"], mine["text"]) == ("Mine", by_text(found))
    refused = (await ana.submit(path, found | {"fill": "1", "saved": ""}, 422, on=path)).text
    assert "Missing, or not possible: which saved text." in refused
    assert texts_in(fields_of(refused)) == texts_in(found)
    assert await api.get("/v1/alerts") == alerts  # none of these buttons wrote one

    found = await press(ana, found | {"saved": str(number), "fill": "1"}, path)
    await ana.submit(path, found | {"name": "Rain again"}, on=path)
    written = (await api.get("/v1/alerts"))["items"][1 if form == "reminders/2" else -1]
    assert (written["text"], written["template"], written["template_version"]) == (rain, number, 1)
    assert [one["name"] for one in (await api.get("/v1/templates"))["items"]] == [
        "Rain",
        "Mine",
        "Rain again",
    ]


@OTHER_FORMS
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text-en": "", "text-es": "", "text-so": ""}, "Missing, or not possible: the text."),
        ({"text-en": "{wen}"}, "There is nothing to fill in for {wen}."),
        ({"name": "x" * 61}, "Missing, or not possible: the name."),
    ],
)
async def test_what_reminders_and_corrections_cannot_say_is_refused_and_stays(
    api: Api, ana: Browser, moved: str, form: str, changes: dict[str, str], says: str
) -> None:
    path = f"{moved}/{form}"
    before = [await api.get(one) for one in ("/v1/alerts", "/v1/templates")]
    fields = fields_of(await ana.open(path)) | changes
    answer = await ana.submit(path, fields, 422, on=path)
    assert says in unescape(answer.text)
    assert texts_in(fields_of(answer.text)) == texts_in(fields)
    assert [await api.get(one) for one in ("/v1/alerts", "/v1/templates")] == before


async def test_cheaper_letters_are_not_the_saved_text(api: Api, ana: Browser, moved: str) -> None:
    dear = {"en": "Now", "es": "Ven más", "so": "Hadda"}
    number = (await api.post("/v1/templates", {"name": "Dear", "text": dear}))["id"]
    path = f"{moved}/reminders/new"
    found = await press(ana, fields_of(await ana.open(path)) | {"saved": str(number), "fill": "1"}, path)
    await ana.submit(path, found | {"cheaper": "1"}, on=path)
    written = (await api.get("/v1/alerts"))["items"][-1]
    assert (written["text"]["es"], written["template"]) == ("Ven mas", None)


async def test_an_alert_says_of_which_text_it_was_made_if_it_is_that_text(
    api: Api, ana: Browser, inland: int, call: str
) -> None:
    made = {**WORDS, f"list-{inland}": "1", "template": call}
    for changes, template in (({}, int(call)), ({"text-en": "Come at 6"}, None)):
        answer = await ana.submit("/alerts/new", made | changes, on="/alerts/new")
        alert = await api.get(f"/v1{answer.headers['location']}")
        assert (alert["template"], alert["template_version"]) == (template, 1 if template else None)


async def test_the_end_of_a_line_is_paid_for_once(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    fields = {**WORDS, "text-en": "One\r\nTwo", f"list-{inland}": "1"}  # as browsers send it
    answer = await ana.submit("/alerts/new", fields, on="/alerts/new")
    alert = answer.headers["location"]
    await send(ana, alert)
    await worker.fan_out(int(alert.rsplit("/", 1)[1]))
    assert [one.body for one in sent(twilio) if one.to == JAMES] == ["One\nTwo"]


async def test_a_page_shows_all_that_it_said_and_leads_to_an_alert(
    api: Api, ana: Browser, inland: int, call: str
) -> None:
    await press(ana, {"text-en": "Come at 6", "name": "Call <b>", "keep": "1"})
    assert f'href="/alerts/texts/{call}">Call &lt;b&gt;<' in await ana.open("/alerts/texts")
    page = await ana.open(f"/alerts/texts/{call}")
    now, before = page.split("<h2>What it said before</h2>")
    assert "Come at 6" in now
    assert "Marisol" in now  # who saved it
    assert "Come at 5" in before
    assert f'href="/alerts/new?saved={call}"' in page
    assert fields_of(await ana.open(f"/alerts/new?saved={call}"))["text-en"] == "Come at 6"
    action = (await planned(ana)).rsplit("/", 1)[1]
    found = fields_of(await ana.open(f"/alerts/new?saved={call}&action={action}"))
    assert found["text-en"] == "Come at 6"
    assert "{title}" in found["before-en"]  # the words to begin with can be had still
    await ana.open("/alerts/new?saved=99", 404)
    await ana.open("/alerts/texts/99", 404)


async def test_it_gets_another_name(api: Api, ana: Browser, call: str) -> None:
    path = f"/alerts/texts/{call}"
    await api.post("/v1/templates", {"name": "Rain", "text": CALL})
    for name, status, says in (
        ("Rain", 409, "already. Choose another name, or remove that one first."),
        (" ", 422, "Missing, or not possible: the name."),
    ):
        refused = (await ana.submit(path, {"name": name}, status, on=path)).text
        assert says in refused
        assert f'name="name" maxlength="60" autocomplete="off" value="{name}"' in refused
        assert "<h1>Call &lt;b&gt;</h1>" in refused
    await ana.submit(path, {"name": "Gate <b>"}, on=path)
    assert f'href="/alerts/texts/{call}">Gate &lt;b&gt;<' in await ana.open("/alerts/texts")
    assert "<option" in await ana.open("/alerts/new")


async def test_it_is_removed_and_forms_that_were_open_go_on(
    api: Api, ana: Browser, inland: int, call: str
) -> None:
    path = f"/alerts/texts/{call}"
    second = str((await api.post("/v1/templates", {"name": "Other", "text": {"en": "Other"}}))["id"])
    opened = await press(ana, {**TYPED, f"list-{inland}": "1", "saved": call, "fill": "1"})
    assert opened.pop("shown")
    await ana.submit(f"{path}/remove", {}, 422, on=path)  # nobody said that they are sure
    await ana.open(path)
    await ana.submit(f"{path}/remove", {"sure": "1"}, on=path)
    await ana.open(path, 404)
    assert "Call" not in await ana.open("/alerts/texts")
    assert ">Call &lt;b" not in await ana.open("/alerts/new")

    again = await ana.submit("/alerts/new", opened | {"fill": "1"}, 404, on="/alerts/new")
    assert "It is not there any more." in again.text
    assert texts_in(fields_of(again.text)) == WORDS
    found = await press(ana, opened | {"saved": second, "fill": "1"})
    assert texts_in(await press(ana, found | {"back": "1"})) == WORDS  # by now words like any others
    answer = await ana.submit("/alerts/new", opened, on="/alerts/new")
    made = await api.get(f"/v1{answer.headers['location']}")
    assert (made["template"], made["text"]) == (None, CALL)
    trail = [one for one in (await api.get("/v1/audit?limit=200"))["items"] if one["what"] == "removed"]
    assert [(one["who"], one["number"]) for one in trail] == [("Marisol", int(call))]
