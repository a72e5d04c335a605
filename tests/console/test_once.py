"""A form that is tapped twice is done once, and the second tap is answered as the first."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from sqlalchemy import text

from alerts.console import doors
from alerts.console.once import FormRoute
from alerts.main import app
from alerts.storage.engine import session_scope
from alerts.team import presses
from alerts.team.actors import Role
from tests.api import Api
from tests.browser.places import NOT_FOR_PEOPLE
from tests.console.browser import FROM_A_FORM, PASSWORD, Browser, browser, code_at, invited
from tests.story import JAMES, alert
from tests.worker import Worker

pytestmark = pytest.mark.anyio

WORDS = {"text-en": "Come at noon", "text-es": "Ven al mediodia", "text-so": "Kaalay duhurkii"}
TIMES = {"starts": "2027-01-05T17:00", "ends": "2027-01-05T19:00", "timezone": "America/Chicago"}
PEOPLE = b"phone\n909 555 0188\n"
# Every form that makes something: on which page it stands, what is filled in, and of what there is one more.
MAKES: dict[str, tuple[str, dict[str, str], str]] = {
    "/actions/new": (
        "/actions/new",
        {"kind": "rally", "place": "Gate", "title-en": "Rally"} | TIMES,
        "actions",
    ),
    "/actions/1/reminders/new": (
        "/actions/1/reminders/new",
        {"before": "P1D", "answered-yes": "1"} | WORDS,
        "alerts",
    ),
    "/actions/1/correction": ("/actions/1/correction", WORDS, "alerts"),
    "/alerts/new": ("/alerts/new", {"list-1": "1", "when": "now"} | WORDS, "alerts"),
    "/alerts/new?keep": ("/alerts/new", {"keep": "1", "name": "Noon"} | WORDS, "template_versions"),
    "/alerts/2/test": ("/alerts/2", {"phone": "909 555 0103"}, "deliveries"),
    "/inbox/3/answer": ("/inbox/3", {"text": "At the gate."}, "messages"),
    "/inbox/kept": ("/inbox/kept", {"name": "Gate"} | WORDS, "canned_answers"),
    "/lists/new": ("/lists/new", {"name": "Nights", "word-en": "NIGHTS", "timezone": "UTC"}, "lists"),
    "/subscribers/new": (
        "/subscribers/new",
        {"phone": "909 555 0177", "reads": "en", "list-1": "1", "consent": "At the gate"},
        "consent_events",
    ),
    "/team/invite": (
        "/team",
        {"name": "Nadia", "email": "nadia@example.org", "role": "viewer", "password": PASSWORD},
        "organizers",
    ),
    "/team/2/invite": ("/team/2", {"password": PASSWORD}, "audit"),
    "/account/keys": ("/account", {"name": "laptop", "read": "1", "password": PASSWORD}, "api_keys"),
    "/account/recovery": ("/account", {"password": PASSWORD, "sure": "1"}, "audit"),
}
MADE = {"/alerts/2/test": 3}  # a text in each language; of all others one
# The same with a file: what is filled in, the file's field, and of what there is one more.
FILES = {
    "/actions/kit": ({"list-1": "1"}, "kit", "actions"),
    "/imports/new": (
        {"list-1": "1", "source": "Sheet", "date": "2026-11-01", "reads": "en"},
        "file",
        "imports",
    ),
}
# They change nothing, or may be sent as often as one likes: a half session, a language, a sign-up that is
# asked about once a week.
AS_OFTEN_AS_ONE_LIKES = {
    "/alerts/look",
    "/inbox/{subscriber_id}/count",
    "/subscribers/find",
    "/subscribers/export",
    "/sign-in",
    "/join/{list_id}",
}
STRANGERS = {"/sign-in/code", "/welcome/{token}"}  # they have no session yet


@pytest.fixture
async def marisol(api: Api, called: int, worker: Worker) -> AsyncIterator[Browser]:
    """An admin, where there is something of each: who was called was told what is not true any more."""
    await worker.fan_out(called)
    await api.patch("/v1/actions/1", {"place": "Gate 7"})
    await api.post("/v1/alerts", alert(1, 1))
    await api.text(JAMES, "Where do we meet if it rains, can somebody tell me?")
    async with browser() as one:
        await one.settle_in(await invited("marisol@example.org"))
        yield one


async def _count(table: str) -> int:
    async with session_scope() as session:
        found: int = (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
        return found


async def _hidden(one: Browser, page: str) -> dict[str, str]:
    """What a form on ``page`` carries by itself."""
    html = await one.open(page)
    return {
        name: found[1]
        for name in ("csrf", "moved")
        if (found := re.search(rf'name="{name}" value="([^"]+)"', html))
    }


async def _twice(one: Browser, path: str, **sent: Any) -> list[httpx.Response]:
    return await asyncio.gather(*(one.client.post(path, headers=FROM_A_FORM, **sent) for _ in range(2)))


def _same(first: httpx.Response, second: httpx.Response) -> None:
    assert first.status_code in (200, 303), first.text
    assert first.status_code == second.status_code
    assert first.headers.get("location") == second.headers.get("location")
    assert first.text == second.text
    assert first.headers.get("content-security-policy") == second.headers.get("content-security-policy")


@pytest.mark.parametrize("name", MAKES)
async def test_two_taps_at_once_make_one(marisol: Browser, name: str) -> None:
    page, fields, table = MAKES[name]
    path = name.partition("?")[0]
    form = await _hidden(marisol, page) | fields
    before = await _count(table)
    _same(*await _twice(marisol, path, data=form))
    assert await _count(table) == before + MADE.get(name, 1)
    late = await marisol.client.post(path, data=form, headers=FROM_A_FORM)
    assert late.status_code in (200, 303)
    assert await _count(table) == before + MADE.get(name, 1)


@pytest.mark.parametrize("path", FILES)
async def test_a_file_that_is_sent_twice_is_taken_once(marisol: Browser, path: str) -> None:
    fields, field, table = FILES[path]
    form = await _hidden(marisol, path) | fields
    file = PEOPLE if field == "file" else (await marisol.client.get("/actions/1/kit")).content
    before = await _count(table)
    _same(*await _twice(marisol, path, data=form, files={field: ("file", file)}))
    assert await _count(table) == before + 1


async def test_the_same_form_filled_in_otherwise_is_another(marisol: Browser) -> None:
    page, fields, table = MAKES["/actions/1/reminders/new"]
    form = await _hidden(marisol, page) | fields
    before = await _count(table)
    for lead in ("P1D", "PT2H"):
        await marisol.submit(page, form | {"before": lead})
    assert await _count(table) == before + 2


async def test_what_was_refused_is_done_when_it_comes_again(marisol: Browser) -> None:
    form = await _hidden(marisol, "/account") | {"name": "laptop", "read": "1", "password": PASSWORD}
    async with session_scope() as session:
        await session.execute(text("ALTER TABLE api_keys RENAME TO gone"))
    await marisol.submit("/account/keys", form, 500)
    async with session_scope() as session:
        await session.execute(text("ALTER TABLE gone RENAME TO api_keys"))
    assert "This is the key" in (await marisol.submit("/account/keys", form, 200)).text


async def test_nobody_gets_anothers_answer(marisol: Browser) -> None:
    form = await _hidden(marisol, "/account") | {"name": "laptop", "read": "1", "password": PASSWORD}
    await marisol.submit("/account/keys", form, 200)
    async with browser() as ana:
        await ana.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        await ana.submit("/account/keys", form, 403)


async def test_what_is_shown_once_is_sealed_and_soon_forgotten(marisol: Browser) -> None:
    form = await _hidden(marisol, "/account") | {"name": "laptop", "read": "1", "password": PASSWORD}
    page = (await marisol.submit("/account/keys", form, 200)).text
    [key] = re.findall(r'<p class="secret">([^<]+)</p>', page)
    async with session_scope() as session:
        rows = (await session.execute(text("SELECT answer FROM presses WHERE answer IS NOT NULL"))).scalars()
        assert not any(key.encode() in bytes(row) for row in rows)
    assert key in (await marisol.submit("/account/keys", form, 200)).text
    async with session_scope() as session:
        await session.execute(text("UPDATE presses SET created_at = now() - interval '11 minutes'"))
    late = await marisol.submit("/account/keys", form, 409)
    assert "This was done already" in late.text
    async with session_scope() as session:
        await presses.forget_old(session)
        assert await session.scalar(text("SELECT count(answer) FROM presses")) == 0
        assert await session.scalar(text("SELECT count(*) FROM presses WHERE session_id IS NULL")) == 0
    await marisol.submit("/account/keys", form, 409)
    assert await _count("api_keys") == 2  # the API's own, and this one


async def test_whoever_settles_in_with_two_taps_sees_their_recovery_codes(api: Api) -> None:
    path = await invited("marisol@example.org")
    async with browser() as one:
        secret = re.findall(r'"secret">([A-Z2-7 ]+)<', await one.open(path))[0].replace(" ", "")
        form = {"password": PASSWORD, "code": code_at(secret, time.time())}
        first, second = await _twice(one, path, data=form)
        _same(first, second)
        assert len(re.findall(r"<li>[0-9a-z-]+</li>", second.text)) == 10
        assert first.headers["set-cookie"] == second.headers["set-cookie"]
        assert "Your account" in await one.open("/account")


async def test_whoever_signs_in_with_two_taps_is_in(api: Api) -> None:
    async with browser() as one:
        await one.settle_in(await invited("marisol@example.org"))
        await one.submit("/sign-out", {}, on="/account")
        await one.submit("/sign-in", {"email": "marisol@example.org", "password": PASSWORD})
        first, second = await _twice(one, "/sign-in/code", data={"code": one.code(steps=1)})
        _same(first, second)
        assert first.headers["set-cookie"] == second.headers["set-cookie"]
        assert "Your account" in await one.open("/account")


async def test_whoever_signs_out_with_two_taps_is_out(marisol: Browser) -> None:
    form = await _hidden(marisol, "/account")
    answers = await _twice(marisol, "/sign-out", data=form)
    assert {answer.status_code for answer in answers} == {303}
    assert "<h1>Sign in</h1>" in await marisol.open("/account")


def _asks(found: Dependant) -> set[object]:
    return {found.call}.union(*(_asks(one) for one in found.dependencies))


def test_every_form_is_done_once() -> None:
    once = doors.CHECKED[0].dependency
    for route in iter_route_contexts(app.routes):
        own = route.original_route
        if "POST" not in (route.methods or ()) or not route.path or route.path.startswith(NOT_FOR_PEOPLE):
            continue
        if route.path in AS_OFTEN_AS_ONE_LIKES:
            continue
        assert isinstance(own, FormRoute), route.path
        by_itself = route.path in STRANGERS or route.path in FILES
        assert by_itself or once in _asks(own.dependant), route.path
