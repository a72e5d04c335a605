"""Whatever goes wrong on a page, a person reads what, in their language, and finds the way on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from html import unescape

import pytest
from sqlalchemy import text

from alerts.bounds import MOST_OCTETS
from alerts.console.error_pages import NOT_RIGHT, NOTHING_HERE, OUR_FAULT
from alerts.console.troubles import TOO_MUCH
from alerts.headers import HEADERS
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.console.browser import FROM_A_FORM, Browser

pytestmark = pytest.mark.anyio
JSON = "application/problem+json"


@pytest.fixture
async def broken(ana: Browser) -> AsyncIterator[None]:
    """Something that should be in the database is not."""
    async with session_scope() as session:
        await session.execute(text("ALTER TABLE canned_answers RENAME TO gone"))
    yield
    async with session_scope() as session:
        await session.execute(text("ALTER TABLE gone RENAME TO canned_answers"))


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/nothing", 404, NOTHING_HERE),
        ("/alerts/x", 404, NOTHING_HERE),
        ("/alerts/new?action=x", 404, NOTHING_HERE),
        ("/alerts/999", 404, "It is not there any more."),
        ("/alerts/1/send", 405, NOTHING_HERE),  # the address of a form, opened again
        ("/team", 403, "You may not do this. Ask an admin."),
    ],
)
async def test_a_page_that_cannot_be(
    ana: Browser, path: str, status: int, says: str, language: Language
) -> None:
    page = unescape(await ana.open(f"{path}{'&' if '?' in path else '?'}language={language}", status))
    assert f'<html lang="{language}">' in page
    assert tr(language, says) in page
    assert tr(language, "To the first page") in page


async def test_it_is_in_the_language_of_whoever_is_signed_in_and_leads_where_they_may_go(
    api: Api, ana: Browser
) -> None:
    await ana.submit("/account/language", {"language": "so"}, on="/account")
    page = await ana.open("/alerts/999", 404)
    assert '<html lang="so">' in page
    assert 'href="/inbox"' in page
    assert 'href="/team"' not in page
    assert 'aria-current="page"' not in page  # they are in none of these rooms
    answer = await ana.submit("/alerts/999/undo", {}, 404, on="/account")
    assert 'name="here" value="/"' in answer.text  # not the form's address, where nothing is to be seen


@pytest.mark.usefixtures("broken")
async def test_what_breaks_is_told_with_its_number_and_nothing_else(ana: Browser) -> None:
    answer = await ana.client.get("/inbox/kept?language=es")
    assert answer.status_code == 500
    assert tr(Language.ES, OUR_FAULT) in answer.text
    assert answer.headers["X-Request-Id"] in answer.text
    assert "canned_answers" not in answer.text
    assert answer.headers["Cache-Control"].startswith("no-store")
    assert HEADERS.keys() <= {name.title() for name in answer.headers} | {"Content-Security-Policy"}
    assert answer.headers["Content-Type"].startswith("text/html")


async def test_too_much_is_told_before_it_is_read(ana: Browser) -> None:
    form = {"text-en": "x" * MOST_OCTETS}
    answer = await ana.client.post("/alerts/new?language=so", data=form, headers=FROM_A_FORM)
    assert answer.status_code == 413
    assert tr(Language.SO, TOO_MUCH) in answer.text


async def test_what_the_database_refuses_is_told(ana: Browser) -> None:
    form = {"name": "a\0b", "word-en": "NIGHTS", "timezone": "America/Chicago"}
    answer = await ana.submit("/lists/new?language=es", form, 422, on="/lists/new")
    assert tr(Language.ES, NOT_RIGHT) in answer.text


async def test_programs_get_problems(api: Api) -> None:
    for path in ("/v1/nothing", "/v1/alerts/x", "/assets/nothing"):
        answer = await api.client.get(path)
        assert answer.headers["Content-Type"] == JSON, path
