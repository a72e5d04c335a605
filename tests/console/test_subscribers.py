"""The pages of subscribers: who is sought, one person, and what organizers may do to them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest

from alerts.subscribers import finding
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import Browser, browser, invited
from tests.story import JAMES, MARIA, YASMIN, alert
from tests.worker import Worker

pytestmark = pytest.mark.anyio
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
async def rosa(api: Api) -> AsyncIterator[Browser]:
    """An organizer who may."""
    async with browser() as one:
        await one.settle_in(await invited("rosa@example.org", Role.ORGANIZER, may_read_numbers=True))
        yield one


def ids(page: str) -> list[int]:
    return [int(one) for one in re.findall(r'href="/subscribers/(\d+)"', page)]


async def test_numbers_are_masked_but_for_who_may_read_them(inland: int, ana: Browser, rosa: Browser) -> None:
    for path in ("/subscribers", "/subscribers/1"):
        masked, whole = await ana.open(path), await rosa.open(path)
        assert "•••01" in masked
        assert MARIA not in masked
        assert MARIA in whole


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [1, 2, 3]),
        ("reads=es", [1]),
        ("on=1&reads=so", [2]),
        ("on=77", []),
        ("standing=left", [3]),
        ("tag=night", [1]),
        ("standing=nonsense&on=x&reads=", [1, 2, 3]),
        ("after=1", [2, 3]),
    ],
)
async def test_only_those_who_are_sought(
    api: Api, inland: int, ana: Browser, query: str, found: list[int]
) -> None:
    await api.patch("/v1/subscribers/1", {"tags": ["night"]})
    await api.text(JAMES, "STOP")
    assert ids(await ana.open(f"/subscribers?{query}")) == found


async def test_one_number_is_looked_for_by_a_form_and_the_trail_knows(
    api: Api, inland: int, ana: Browser
) -> None:
    answer = await ana.submit("/subscribers/find", {"phone": "(909) 555-0103"}, on="/subscribers")
    assert answer.headers["location"] == "/subscribers/3"
    answer = await ana.submit("/subscribers/find", {"phone": "909 555 0109"}, 404, on="/subscribers")
    assert "Nobody here has this number." in answer.text
    assert 'value="909 555 0109"' in answer.text
    await ana.submit("/subscribers/find", {"phone": "12"}, 422, on="/subscribers")
    trail = [one["number"] for one in (await api.get("/v1/audit?noun=numbers"))["items"]]
    assert trail == [3, 0]


async def test_who_looks_for_many_is_stopped_in_plain_words(
    api: Api, inland: int, ana: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "MOST_LOOKS", 2)
    await api.text(MARIA, "ALTO")
    form = {"phone": MARIA, "reads": "es", "list-1": "1", "consent": "Told me"}
    page = await ana.submit("/subscribers/new", form, 409, on="/subscribers/new")
    assert "ask them to text a join word" in page.text
    for status in (404, 429):
        page = await ana.submit("/subscribers/find", {"phone": "909 555 0199"}, status, on="/subscribers")
    assert "many numbers within an hour" in page.text
    trail = [one["what"] for one in (await api.get("/v1/audit?noun=numbers"))["items"]]
    assert trail == ["could not add", "looked for", "looked for too often"]


async def test_somebody_is_added_with_their_consent(api: Api, inland: int, ana: Browser) -> None:
    form = {"phone": "909 555 0107", "reads": "so", "list-1": "1", "consent": "Told me at the gate"}
    for missing in ("phone", "reads", "list-1", "consent"):
        await ana.submit("/subscribers/new", form | {missing: ""} if missing != "list-1" else {
            key: value for key, value in form.items() if key != missing
        }, 422, on="/subscribers/new")  # fmt: skip
    made = await ana.submit("/subscribers/new", form, on="/subscribers/new")
    page = await ana.open(made.headers["location"])
    assert "Told me at the gate" in page
    assert "by an organizer, here" in page
    await api.text(JAMES, "STOP")
    refused = await ana.submit("/subscribers/new", form | {"phone": JAMES}, 409, on="/subscribers/new")
    assert "Only their own text brings them back" in refused.text


async def test_taking_off_a_list_is_proven_and_nobody_leaves_by_it(
    api: Api, inland: int, ana: Browser
) -> None:
    await ana.submit("/subscribers/1/take-off", {"list": "1", "sure": "1"}, on="/subscribers/1")
    one = await api.get("/v1/subscribers/1")
    assert (one["lists"], one["standing"]) == ([], "active")
    events = (await api.get("/v1/subscribers/1/consent"))["items"]
    assert [(event["kind"], event["channel"], event["list"]) for event in events][-1] == (
        "taken off",
        "console",
        1,
    )
    await ana.submit("/subscribers/1/take-off", {"list": "1", "sure": "1"}, 404, on="/subscribers/1")
    assert [one["what"] for one in (await api.get("/v1/audit?noun=subscriber"))["items"]] == [
        "taken off a list"
    ]


async def test_who_is_marked_as_left_is_texted_no_more(
    api: Api, inland: int, ana: Browser, worker: Worker
) -> None:
    await ana.submit("/subscribers/1/left", {}, 422, on="/subscribers/1")
    await ana.submit("/subscribers/1/left", {"sure": "1"}, on="/subscribers/1")
    made = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    assert await worker.fan_out(made["id"]) == 2
    assert "Left out" in await ana.open("/subscribers/1")
    assert "Text them no more" not in await ana.open("/subscribers/1")


async def test_who_is_forgotten_is_gone_and_not_brought_back(
    api: Api, inland: int, ana: Browser, worker: Worker
) -> None:
    made = await api.post("/v1/alerts", alert(inland, None, text={"en": "Hi", "es": "Hola", "so": "Nabad"}))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    assert "Alert 1" in await ana.open("/subscribers/1")
    await ana.submit("/subscribers/1/forget", {}, 422, on="/subscribers/1")
    await ana.submit("/subscribers/1/forget", {"sure": "1"}, 200, on="/subscribers/1")
    await ana.open("/subscribers/1", 404)
    person = {"phone": MARIA, "language": "es", "lists": [inland], "consent": "test"}
    assert (await api.post("/v1/subscribers", person, 409))["code"] == "cannot_be_added"
    [entry] = (await api.get("/v1/audit?noun=subscriber"))["items"]
    assert (entry["what"], entry["number"]) == ("forgot", 1)


async def test_words_of_consent_are_for_who_may_read_numbers(
    inland: int, ana: Browser, rosa: Browser
) -> None:
    assert "UNETE" not in await ana.open("/subscribers/1")
    assert "UNETE" in await rosa.open("/subscribers/1")


async def test_where_somebody_consented_is_not_for_who_only_looks(
    api: Api, inland: int, ana: Browser
) -> None:
    person = {"phone": "+19095550108", "language": "en", "lists": [inland], "consent": "Told Rosa"}
    made = await api.post("/v1/subscribers", person)
    assert "Told Rosa" in await ana.open(f"/subscribers/{made['id']}")
    async with browser() as viewer:
        await viewer.settle_in(await invited("vera@example.org", Role.VIEWER))
        assert "Told Rosa" not in await viewer.open(f"/subscribers/{made['id']}")
    consent = f"/v1/subscribers/{made['id']}/consent"
    assert "Told Rosa" in str(await api.get(consent))
    key = (await api.post("/v1/keys", {"name": "looks", "scopes": ["read"]}))["key"]
    api.client.headers["Authorization"] = f"Bearer {key}"
    assert [one["source"] for one in (await api.get(consent))["items"]] == [None]


async def test_what_people_wrote_is_shown_as_text(
    api: Api, trusted_api: Api, inland: int, rosa: Browser
) -> None:
    await api.patch("/v1/subscribers/1", {"tags": [HOSTILE, "\u202egninrom"]})
    person = {"phone": "+19095550108", "language": "en", "lists": [inland], "consent": HOSTILE}
    made = await api.post("/v1/subscribers", person)
    await rosa.submit(
        "/subscribers/1/change", {"reads": "so", "tags": f"{HOSTILE}, late"}, on="/subscribers/1"
    )
    for path in ("/subscribers", "/subscribers/1", f"/subscribers/{made['id']}"):
        page = await rosa.open(path)
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    assert (await api.get("/v1/subscribers/1"))["language"] == "so"


async def test_all_of_them_as_a_file_only_with_numbers_and_in_the_trail(
    api: Api, inland: int, ana: Browser, rosa: Browser
) -> None:
    refused = await ana.submit("/subscribers/export", {}, 403, on="/subscribers")
    assert "may not see them" in refused.text
    file = await rosa.submit("/subscribers/export", {"reads": "so"}, 200, on="/subscribers")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert YASMIN in file.text
    assert MARIA not in file.text
    entries = (await api.get("/v1/audit?noun=numbers"))["items"]
    assert [(one["what"], one["facts"]) for one in entries][-1] == ("exported", {"people": 1})
