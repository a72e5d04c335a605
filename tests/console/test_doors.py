"""Every page for every role, in every language: who comes in, and that each has its words."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape

import pytest
from fastapi.routing import APIRoute

from alerts.console import (
    action_shown,
    actions,
    calendar,
    canned_answers,
    flyers,
    going_out,
    imports,
    inbox,
    kits,
    lists,
    lockdown,
    person,
    reminders,
    report_pages,
    retention,
    review,
    roster,
    saved_text_pages,
    sent,
    settings_check,
    subscribers,
    team,
    thread,
    trail,
    writing,
)
from alerts.language.languages import Language
from alerts.subscribers import taking
from alerts.team.actors import Role
from tests.api import Api
from tests.browser.places import console_routes, kind_of, route_of
from tests.console.browser import FROM_A_FORM, PASSWORD, Browser, browser, invited
from tests.story import JAMES, TEXTS, alert, lobby_action
from tests.worker import Worker

pytestmark = pytest.mark.anyio
PIECES = re.compile(r".*/news|.*\.csv|/actions/1/kit")  # of pages, and files: no page
EVERYBODY = frozenset(Role)
WRITERS = frozenset({Role.ORGANIZER, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})
PAGES = {
    "/": EVERYBODY,
    "/actions": EVERYBODY,
    "/actions/1": EVERYBODY,
    "/actions/past": EVERYBODY,
    "/actions/calendar": EVERYBODY,
    "/actions/kit": WRITERS,
    "/actions/1/kit": EVERYBODY,
    "/actions/1/roster": EVERYBODY,
    "/actions/1/roster.csv": EVERYBODY,
    "/actions/1/report": EVERYBODY,
    "/actions/1/report.csv": EVERYBODY,
    "/actions/1/correction": EVERYBODY,
    "/actions/1/reminders/new": WRITERS,
    "/actions/1/reminders/3": WRITERS,
    "/alerts/2/report": EVERYBODY,
    "/alerts/2/report.csv": EVERYBODY,
    "/actions/new": WRITERS,
    "/actions/1/change": WRITERS,
    "/alerts/1": EVERYBODY,
    "/alerts/2": EVERYBODY,
    "/alerts/1/news": EVERYBODY,
    "/alerts": EVERYBODY,
    "/news": EVERYBODY,
    "/alerts/new": WRITERS,
    "/alerts/new?action=1": WRITERS,
    "/alerts/1/change": WRITERS,
    "/alerts/new?saved=1": WRITERS,
    "/alerts/texts": EVERYBODY,
    "/alerts/texts/1": EVERYBODY,
    "/inbox": WRITERS,
    "/inbox?show=all": WRITERS,
    "/inbox/news": WRITERS,
    "/inbox/3": WRITERS,
    "/inbox/3/news": WRITERS,
    "/inbox/kept": WRITERS,
    "/inbox/kept/1": WRITERS,
    "/lists": EVERYBODY,
    "/lists/new": WRITERS,
    "/lists/1": EVERYBODY,
    "/lists/1/change": WRITERS,
    "/lists/1/flyer": EVERYBODY,
    "/subscribers": EVERYBODY,
    "/subscribers/new": WRITERS,
    "/subscribers/1": EVERYBODY,
    "/imports": EVERYBODY,
    "/imports/1": EVERYBODY,
    "/imports/new": WRITERS,
    "/team": ADMINS,
    "/team/2": ADMINS,
    "/team/keys": ADMINS,
    "/team/audit": ADMINS,
    "/team/retention": ADMINS,
    "/team/lockdown": ADMINS,
    "/settings": ADMINS,
    "/settings/far": ADMINS,
}
FILES = {"/imports/1/refused": EVERYBODY}  # what is not a page
UNCHANGED = ("/v1/alerts", "/v1/actions", "/v1/lists", "/v1/conversations", "/v1/templates")
FORMS = [
    "/actions/new",
    "/actions/1/change",
    "/actions/1/call-off",
    "/actions/kit",
    "/actions/1/correction",
    "/actions/1/reminders/new",
    "/actions/1/reminders/3",
    "/actions/1/reminders/3/remove",
    "/alerts/new",
    "/alerts/1/change",
    "/alerts/look",
    "/alerts/texts/1",
    "/alerts/texts/1/remove",
    "/alerts/1/send",
    "/alerts/1/approve",
    "/alerts/1/test",
    "/alerts/1/undo",
    "/alerts/1/pause",
    "/alerts/1/resume",
    "/alerts/1/cancel",
    "/inbox/3/answer",
    "/inbox/3/count",
    "/inbox/3/take",
    "/inbox/3/assign",
    "/inbox/3/unread",
    "/inbox/3/close",
    "/inbox/3/reopen",
    "/inbox/kept",
    "/inbox/kept/1",
    "/inbox/kept/1/remove",
    "/lists/new",
    "/lists/1/change",
    "/lists/1/delete",
    "/subscribers/new",
    "/subscribers/find",
    "/subscribers/export",
    "/subscribers/1/change",
    "/subscribers/1/take-off",
    "/subscribers/1/left",
    "/subscribers/1/forget",
    "/imports/new",
    "/imports/1/take-back",
    "/team/invite",
    "/team/2",
    "/team/2/invite",
    "/team/2/sessions/end",
    "/team/2/sessions/1/end",
    "/team/keys/1/end",
    "/team/lockdown/now",
]


@pytest.fixture
async def things(api: Api, inland: int) -> None:
    """One of each: a draft, an alert that is out, a conversation."""
    await api.post("/v1/actions", lobby_action())
    for _ in range(2):
        await api.post("/v1/alerts", alert(inland, 1))
    await api.post("/v1/alerts/2/send", status=202)
    await api.post("/v1/actions/1/reminders", {"before": "P1D", "answers": ["yes"], "text": TEXTS})
    await api.post("/v1/templates", {"name": "Call", "text": TEXTS})
    await api.post("/v1/canned-answers", {"name": "Rain", "text": {"en": "Under the roof."}})
    await api.text(JAMES, "Where do we meet if it rains, can somebody tell me?")
    file = "phone,language,consent,date\n12,en,Sheet,2026-11-20\n"
    await api.client.post(f"/v1/subscribers/import?lists={inland}", content=file.encode())


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize("role", list(Role))
async def test_who_may_open_what(api: Api, role: Role) -> None:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", role))
        for path, who in PAGES.items():
            page = await one.open(path, 200 if role in who else 403)
            links = re.findall(r'href="(/[^"?]*)', page.partition("<main")[2])
            assert ("/alerts/new" in links) <= (role in WRITERS), path


@pytest.mark.usefixtures("things")
async def test_a_viewer_changes_nothing(api: Api) -> None:
    before = [await api.get(path) for path in UNCHANGED]
    async with browser() as one:
        await one.settle_in(await invited("vera@example.org", Role.VIEWER))
        for path in FORMS:
            await one.submit(path, {"sure": "1"}, 403, on="/account")
    assert before == [await api.get(path) for path in UNCHANGED]


@pytest.mark.usefixtures("things")
async def test_without_signing_in_nothing_opens(api: Api) -> None:
    async with browser() as one:
        for path in PAGES.keys() - {"/"}:
            assert "<h1>Sign in</h1>" in await one.open(path)
        for path in FORMS:
            answer = await one.submit(path, {})
            assert answer.headers["location"] == "/sign-in"
        assert "lobby" not in (await one.open("/")).lower()


@pytest.mark.usefixtures("things")
async def test_a_form_without_its_token_is_refused(api: Api) -> None:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ADMIN))
        for path in FORMS:
            await one.submit(path, {"sure": "1"}, 403)


@pytest.mark.usefixtures("things")
@pytest.mark.parametrize("language", list(Language))
async def test_every_page_is_whole_in_every_language(api: Api, language: Language) -> None:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ADMIN))
        for path in [path for path in PAGES if not PIECES.fullmatch(path)]:
            page = await one.open(f"{path}{'&' if '?' in path else '?'}language={language}")
            assert f'<html lang="{language}">' in page
            ids = Counter(re.findall(r' id="([^"]+)"', page))
            assert max(ids.values(), default=1) == 1, (path, ids)
            named = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
            fields = re.findall(r'<(?:textarea|select|input)(?! type="(?:hidden|checkbox)")[^>]*>', page)
            for field in fields:
                found = re.search(r' id="([^"]+)"', field)
                assert "aria-label" in field or (found and found[1] in named), (path, field)
            assert page.count("<h1>") == 1
            # One look at it, on a bad signal (issue 7: at most 60 KB with the looks).
            assert len(page.encode()) < 40_000, path


# What nobody can bring back, or only whoever it was taken from.
FOR_GOOD = re.compile(
    r".*/(remove|cancel|call-off|delete|take-off|left|forget|take-back|now)|.*(keys/\d+|sessions)/end"
)


@pytest.mark.usefixtures("things")
async def test_what_cannot_be_undone_is_asked_about_first(api: Api) -> None:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ADMIN))
        await one.submit(
            "/account/keys", {"name": "laptop", "read": "1", "password": PASSWORD}, 200, on="/account"
        )
        [own] = re.findall(r'action="(/account/keys/\d+/end)"', await one.open("/account"))
        watched = (*UNCHANGED, "/v1/subscribers", "/v1/canned-answers", "/v1/keys", "/v1/subscribers/imports")
        before = [await api.get(path) for path in watched]
        for path in [own, "/account/recovery", *filter(FOR_GOOD.fullmatch, FORMS)]:
            answer = await one.client.post(
                path, data={"csrf": await one.token("/account"), "list": "1"}, headers=FROM_A_FORM
            )
            assert answer.status_code == 422, path
        assert [await api.get(path) for path in watched] == before
        await one.open("/account")  # and they are signed in still
        for path in [path for path in PAGES if not PIECES.fullmatch(path)] + ["/account"]:
            for form in re.findall(r"<form .*?</form>", await one.open(path), re.DOTALL):
                to = re.search(r'action="([^"?]+)', form)
                alarming = 'class="alarm"' in form or (to and FOR_GOOD.fullmatch(to[1]))
                assert ('name="sure" value="1" required' in form) == bool(alarming), (path, form)


# Where no link leads: pieces of pages, and pages that one is sent to.
NO_WAY = re.compile(r".*/news|/welcome/.*|/sign-in/code")


@pytest.mark.usefixtures("things")
async def test_links_lead_to_every_page_from_the_first(api: Api, worker: Worker) -> None:
    await worker.fan_out(2)
    await taking.stint()
    await api.patch("/v1/actions/1", {"place": "The other gate"})
    found: set[str | None] = set()
    async with browser() as one:
        waiting = await _links(one, "/")  # as a visitor sees it
        await one.settle_in(await invited("ana@example.org", Role.ADMIN, may_read_numbers=True))
        waiting, seen = ["/", *waiting], set[object]()
        while waiting:
            path = waiting.pop()
            kind = kind_of(path) if "?" in path else path  # the month after the next is as the next
            if kind not in seen:
                seen.add(kind)
                found.add(route_of(path))
                waiting += await _links(one, path)
    assert {route for route in console_routes("GET") if not NO_WAY.fullmatch(route)} - found == set()


async def _links(one: Browser, path: str) -> list[str]:
    """Where the links on a page lead, but for those to itself in another language."""
    answer = await one.client.get(path, follow_redirects=True)
    assert answer.status_code == 200, path
    links = map(unescape, re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text))
    return [link for link in links if "/?language=" not in link and not link.startswith(f"{path}?language=")]


ROOMS = (
    actions.router,
    review.router,
    sent.router,
    action_shown.router,
    calendar.router,
    kits.router,
    reminders.router,
    report_pages.router,
    roster.router,
    saved_text_pages.router,
    writing.router,
    going_out.router,
    inbox.router,
    thread.router,
    canned_answers.router,
    lists.router,
    flyers.router,
    subscribers.router,
    person.router,
    imports.router,
    team.router,
    trail.router,
    retention.router,
    lockdown.router,
    settings_check.router,
)


def test_no_page_and_no_form_is_missing_here() -> None:
    for router in ROOMS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            wanted = re.compile(re.sub(r"\{\w+\}", r"\\d+", route.path))
            with_method = {**PAGES, **FILES} if "GET" in (route.methods or ()) else FORMS
            assert any(wanted.fullmatch(path.partition("?")[0]) for path in with_method), route.path
