"""Another language, chosen at the top of a page: it lasts, the page is what it was, nothing typed is lost."""

from __future__ import annotations

import re
import time
from html import unescape

import pytest

from alerts.language.languages import Language
from tests.api import Api
from tests.console.browser import PASSWORD, Browser, browser, code_at, invited
from tests.story import lobby_action

pytestmark = pytest.mark.anyio
LONG = {
    "/alerts/new?action=1": {"text-en": "Come to the gate", "list-1": "1", "at": "2027-01-05T17:00"},
    "/actions/new": {"place": "The gate", "title-es": "Mitin", "starts": "2027-01-05T17:00"},
    "/actions/1/change": {"place": "Another gate"},
    "/actions/1/reminders/new": {"text-so": "Kaalay", "answered-no": "1"},
    "/lists/new": {"name": "Nights", "word-so": "HABEEN"},
    "/lists/1/change": {"name": "Nights"},
    "/subscribers/new": {"consent": "At the gate", "phone": "909 555 0177"},
}


def _top(page: str) -> tuple[str, dict[str, str]]:
    """Where the form at the top goes, and what it carries."""
    form = page.partition('class="tongues"')[2].partition("</form>")[0]
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    return form, {name: unescape(value) for name, value in fields.items()}


async def test_it_lasts_and_leads_back_to_what_the_page_was_about(api: Api, ana: Browser) -> None:
    await api.post("/v1/actions", lobby_action())
    _, fields = _top(await ana.open("/actions/calendar?month=2027-01&language=en&said=saved"))
    assert fields["here"] == "/actions/calendar?month=2027-01"
    answer = await ana.submit("/account/language", fields | {"language": "so"})
    assert answer.headers["location"] == "/actions/calendar?month=2027-01"
    for path in (answer.headers["location"], "/actions/1", "/inbox"):
        assert '<html lang="so">' in await ana.open(path)


async def test_it_leads_nowhere_else(ana: Browser) -> None:
    _, fields = _top(await ana.open("/inbox"))
    answer = await ana.submit("/account/language", fields | {"language": "es", "here": "//evil.example"})
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", LONG)
async def test_a_long_form_comes_back_as_it_was_filled_in(
    api: Api, inland: int, ana: Browser, path: str
) -> None:
    await api.post("/v1/actions", lobby_action())
    page = await ana.open(path)
    form, _ = _top(page)
    to = path.partition("?")[0]
    assert f'name="tongue" form="written" formaction="{to}?language=es" formnovalidate value="es"' in form
    assert page.count('id="written"') == 1
    csrf = re.findall(r'name="csrf" value="([^"]+)"', page)[-1]
    fields = {"csrf": csrf, "tongue": "es", **LONG[path]} | ({"action": "1"} if "action=1" in path else {})
    again = (await ana.submit(f"{to}?language=es", fields, 200)).text
    assert '<html lang="es">' in again
    for name, value in LONG[path].items():
        assert value == "1" or value in unescape(again), name
    assert ('href="/actions/1"' in again) or "action=1" not in path
    assert '<html lang="es">' in await ana.open("/inbox")
    assert len((await api.get("/v1/alerts"))["items"]) == 0  # nothing was made by it


async def test_a_visitor_keeps_the_page_they_look_at(api: Api) -> None:
    async with browser() as one:
        page = unescape(await one.open("/sign-in?next=/alerts/1&language=en"))
        for language in Language:
            assert f'href="/sign-in?next=%2Falerts%2F1&language={language}"' in page
        assert "set-cookie" not in (await one.client.get("/sign-in?language=so")).headers


async def test_what_is_shown_once_leads_to_no_other_language_that_would_lose_it(api: Api) -> None:
    async with browser() as marisol:
        path = await invited("marisol@example.org")
        secret = re.findall(r'"secret">([A-Z2-7 ]+)<', await marisol.open(path))[0].replace(" ", "")
        codes = await marisol.submit(path, {"password": PASSWORD, "code": code_at(secret, time.time())}, 200)
        key = {"name": "laptop", "read": "1", "password": PASSWORD}
        guest = {"name": "Ana", "email": "ana@example.org", "role": "viewer", "password": PASSWORD}
        again = {"password": PASSWORD}
        shown = [
            codes,
            await marisol.submit("/account/keys", key, 200, on="/account"),
            await marisol.submit("/account/recovery", again | {"sure": "1"}, 200, on="/account"),
            await marisol.submit("/team/invite", guest, 200, on="/team"),
            await marisol.submit("/team/2/invite", again, 200, on="/team/2"),
        ]
        for page in shown:
            assert 'class="secret"' in page.text
            assert 'lang="so"' not in page.text.partition('<main id="main"')[0]
        assert 'lang="so"' in (await marisol.open("/team")).partition('<main id="main"')[0]
