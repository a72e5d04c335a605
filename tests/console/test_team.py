"""The team's pages: invited, changed, shut out; what was done; lockdown."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from sqlalchemy import text

import alerts
from alerts.broadcasts.locking import TROUBLE, unlock
from alerts.broadcasts.models import Copy
from alerts.carrier.simulator.server import SimulatorServer
from alerts.console import trail
from alerts.console.trail_words import DEEDS, NOUNS
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.team import audit
from alerts.team.actors import Role
from alerts.team.lockdown import LockedDown, require_open
from tests.api import Api
from tests.conftest import PUBLIC_URL
from tests.console.browser import PASSWORD, Browser, browser, invited
from tests.story import JAMES, MARIA, alert, inland_empire, lobby_action
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio


async def _admin(one: Browser, role: Role = Role.ADMIN) -> Browser:
    await one.settle_in(await invited("marisol@example.org", role))
    return one


@pytest.mark.parametrize(
    ("page", "form", "fields", "says"),
    [
        (
            "/team",
            "/team/invite",
            {"name": "Ana", "role": "viewer"},
            "Missing, or not possible: ",
        ),
        (
            "/account",
            "/account/keys",
            {"name": "Tally", "read": ""},
            "Missing, or not possible: what it may do.",
        ),
        (
            "/team",
            "/team/invite",
            {"name": "Ana", "role": "viewer", "email": "ana@example.org"},
            "Type in your own password, too.",
        ),
        ("/team/2", "/team/2/invite", {}, "Type in your own password, too."),
    ],
)
async def test_what_is_left_out_is_asked_for(
    api: Api, page: str, form: str, fields: dict[str, str], says: str
) -> None:
    async with browser() as one:
        await _admin(one)
        assert says in (await one.submit(form, fields, 422, on=page)).text


async def test_an_admin_invites_and_changes_people(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _admin(one)
        form = {"name": "Ana <b>", "email": "ana@example.org", "role": "viewer", "phone": "909 555 0107"}
        form |= {"password": PASSWORD}
        page = (await one.submit("/team/invite", form, 200, on="/team")).text
        assert "Ana &lt;b&gt;" in page
        assert "Ana <b>" not in page
        link = re.findall(rf'"secret">({PUBLIC_URL}/welcome/[^<]+)<', page)[0]
        await two.settle_in(link)
        assert "The team" not in await two.open("/account")
        assert "You may not do this" in await two.open("/team", 403)
        [number] = set(re.findall(r'"/team/(\d+)"', page)) - {"2"}
        await one.submit(f"/team/{number}", {"role": "admin", "name": "Ana", "phone": "x"}, 422, on="/team")
        for more in ({"role": "admin"}, {"role": "viewer", "numbers": "1"}):
            page = (await one.submit(f"/team/{number}", more, 422, on="/team")).text
            assert "Type in your own password, too." in page
        await one.submit(f"/team/{number}", {"role": "admin", "password": "wrong"}, 401, on="/team")
        assert "The team" not in await two.open("/account")
        form = {"role": "admin", "name": "Ana", "password": PASSWORD}
        await one.submit(f"/team/{number}", form, on="/team")
        assert "The team" in await two.open("/team")
        await one.submit(f"/team/{number}", {"role": "admin", "disabled": "1"}, on="/team")
        assert "Sign in" in await two.open("/team")
        await one.submit(f"/team/{number}", {"role": "viewer"}, 422, on="/team")  # in again
        await one.submit("/team/2", {"role": "viewer"}, 409, on="/team")
        trail = await one.open("/team/audit")
        assert "viewer → admin" in trail
        assert "marisol" not in trail


@pytest.mark.parametrize("phone", ["not a number", "800 555 0100"])
async def test_a_number_for_alarms_must_be_a_mobile(api: Api, phone: str) -> None:
    async with browser() as one:
        await _admin(one)
        form = {
            "name": "Ana",
            "email": "ana@example.org",
            "role": "viewer",
            "phone": phone,
            "password": PASSWORD,
        }
        assert "not a mobile" in (await one.submit("/team/invite", form, 422, on="/team")).text


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("path", ["/account", "/sign-in", "/docs"])
async def test_every_page_in_every_language(api: Api, path: str, language: Language) -> None:
    async with browser() as one:
        await _admin(one)
        if path == "/sign-in":
            await one.submit("/sign-out", {}, on="/account")
        page = await one.open(f"{path}?language={language}")
        assert f'<html lang="{"en" if path == "/docs" else language}">' in page
        assert "<script" not in page
        assert 'style="' not in page
        assert " object at 0x" not in page
        assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page)


async def test_lockdown_stops_everything_but_the_answers(
    api: Api, worker: Worker, twilio: SimulatorServer
) -> None:
    made = await api.post("/v1/lists", inland_empire())
    for phone in (MARIA, JAMES):
        person = {"phone": phone, "language": "en", "lists": [made["id"]], "consent": "test"}
        await api.post("/v1/subscribers", person)
    action = await api.post("/v1/actions", lobby_action())
    going = await api.post("/v1/alerts", alert(made["id"], action["id"]))
    await api.post(f"/v1/alerts/{going['id']}/send", status=202)
    later = await api.post(
        "/v1/alerts", alert(made["id"], action["id"]) | {"asks_rsvp": False, "send_before": "PT1H"}
    )
    await api.post(f"/v1/alerts/{later['id']}/send", status=202)
    await api.text(JAMES, "Where do we meet if it rains, can somebody tell me?")
    [thread] = (await api.get("/v1/conversations"))["items"]
    await api.post(f"/v1/conversations/{thread['id']}/messages", {"text": "Inside."}, 202)
    async with browser() as one, browser() as two:
        await _admin(one)
        await two.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        waiting = await invited("late@example.org")
        await two.submit("/team/lockdown/now", {"why": "x", "sure": "1"}, 403)
        await one.submit("/team/lockdown/now", {"why": "A phone was seized."}, 422, on="/team/lockdown")
        await one.submit(
            "/team/lockdown/now", {"why": "A phone was seized.", "sure": "1"}, 200, on="/team/lockdown"
        )
        for each in (one, two):
            assert "<h1>Sign in</h1>" in await each.open("/account")
        await one.submit("/sign-in", {"email": "marisol@example.org", "password": "x"}, 423)
        assert "This link is over" in await two.open(waiting, 404)
    await api.get("/v1/lists", 401)
    await worker.tick()
    await worker.fan_out(going["id"])
    assert sent(twilio) == []
    assert await api.text(MARIA, "STOP") is not None  # workers are answered still
    async with session_scope() as session:
        with pytest.raises(LockedDown):
            await require_open(session)
        assert await unlock(session) == []
        assert await unlock(session) is None
        states = await session.execute(text("SELECT state, trouble FROM alerts WHERE to_subscriber IS NULL"))
        assert [tuple(row) for row in states] == [("paused", TROUBLE)] * 2
    await worker.tick()
    await worker.fan_out(going["id"])
    # Alerts wait until somebody has looked at them; a letter that somebody wrote goes out.
    assert [(one.to, one.body) for one in sent(twilio)] == [(JAMES, "Inside.")]


async def test_whoever_chose_a_language_keeps_it(api: Api) -> None:
    async with browser() as one:
        await _admin(one)
        await one.submit("/account/language", {"language": "so"}, on="/account")
        assert '<html lang="so">' in await one.open("/team")
        await one.submit("/account/language", {"language": "xx"}, on="/account")
        assert '<html lang="so">' in await one.open("/team")


async def test_the_trail_names_who_settled_in(api: Api) -> None:
    async with browser() as one:
        await _admin(one)
    [invited_, settled, signed] = (await api.get("/v1/audit?noun=organizer"))["items"]
    assert (invited_["who"], settled["who"], signed["who"]) == ("the command line", "Marisol", "Marisol")


async def test_an_admin_signs_somebody_out(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _admin(one)
        await two.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        page = await one.open("/team/3")
        [session] = re.findall(r"/team/3/sessions/(\d+)/end", page)
        await two.submit("/team/3/sessions/end", {}, 403, on="/account")
        await one.submit(f"/team/3/sessions/{session}/end", {}, on="/team/3")
        assert "Sign in" in await two.open("/account")
        assert "Nowhere." in await one.open("/team/3")
        await two.sign_in("ana@example.org")
        await one.submit("/team/3/sessions/end", {"sure": "1"}, on="/team/3")
        assert "Sign in" in await two.open("/account")
        trail = await one.open("/team/audit?noun=organizer")
        assert "signed Marisol out of one browser" in trail
        assert "signed Marisol out everywhere" in trail


async def test_an_admin_sees_and_ends_every_key(api: Api) -> None:
    async with browser() as one, browser() as two:
        await _admin(one)
        await two.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        await two.submit(
            "/account/keys", {"name": "<i>Sheet", "read": "1", "password": PASSWORD}, 200, on="/account"
        )
        page = await one.open("/team/keys")
        assert "&lt;i&gt;Sheet" in page
        assert "<i>" not in page
        assert "the command line" in page
        assert "&lt;i&gt;Sheet" in await one.open("/team/3")
        number = max(map(int, re.findall(r"/team/keys/(\d+)/end", page)))
        await two.submit(f"/team/keys/{number}/end", {}, 403, on="/account")
        await one.submit(f"/team/keys/{number}/end", {"sure": "1"}, on="/team/keys")
        assert "Sheet" not in await one.open("/team/keys")


async def test_an_admin_fills_in_where_alarms_go(api: Api) -> None:
    async with browser() as one:
        await _admin(one)
        form = {"role": "admin", "name": "Marisol R.", "phone": "909 555 0107"}
        assert "Type in your own" in (await one.submit("/team/2", form, 422, on="/team/2")).text
        form |= {"password": PASSWORD}
        await one.submit("/team/2", form, on="/team/2")
        page = await one.open("/team/2")
        assert 'value="+19095550107"' in page
        assert "Marisol R." in page
        assert "0107" not in await one.open("/team/audit")
        await one.submit("/team/2", form | {"phone": ""}, on="/team/2")
        assert "0107" not in await one.open("/team/2")


async def test_the_trail_is_narrowed_and_goes_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail, "ENTRIES", 2)
    for name in ("One", "Two", "Three"):
        await api.post("/v1/lists", inland_empire(name=name, join_words={"en": f"WORD {name}"}))
    async with browser() as one:
        await _admin(one)
        page = await one.open("/team/audit?noun=list")
        assert "made list 3" in page
        assert "made list 1" not in page
        [older] = re.findall(r'href="(/team/audit[^"]*before=\d+)"', page)
        page = await one.open(older.replace("&amp;", "&"))
        assert "made list 1" in page
        assert 'href="/lists/1"' in page
        assert not re.search(r'href="[^"]*before=', page)
        assert "made list" not in await one.open("/team/audit?actor=2&noun=list")
        assert "made list" not in await one.open("/team/audit?until=2026-01-01&noun=list")
        assert "made list" in await one.open("/team/audit?until=yesterday&noun=list&actor=x")


def test_all_that_is_written_into_the_trail_has_its_words() -> None:
    written = set()
    for file in Path(alerts.__file__).parent.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call):
                written |= _deeds_of(call)
    assert len(written) > 40
    assert written - set(DEEDS) == set()
    assert {noun for _, noun in written} <= set(NOUNS)


def _deeds_of(call: ast.Call) -> set[tuple[str, str]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    known = {"BACKUP": audit.BACKUP, "NUMBERS": audit.NUMBERS}
    words = [
        one.value
        if isinstance(one, ast.Constant)
        else known.get(getattr(one, "attr", getattr(one, "id", "")))
        for one in call.args
    ]
    place = {"note": (2, 3), "note_of": (3, 4), "_note": (2, None), "numbers_opened": (2, None)}.get(name)
    if place is None or len(words) <= place[0] or not isinstance(words[place[0]], str):
        return set()
    noun = words[place[1]] if place[1] else "organizer" if name == "_note" else audit.NUMBERS
    return {(str(words[place[0]]), str(noun))} if noun else set()


async def test_what_is_kept_and_what_twilio_has_still(api: Api) -> None:
    async with session_scope() as session:
        session.add(Copy(message_sid="SM" + "a" * 32, tries=2, code=20404))
    async with browser() as one:
        await _admin(one)
        page = await one.open("/team/retention?language=es")
    assert "30 días" in page
    assert "SM" + "a" * 32 in page
