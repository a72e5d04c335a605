"""What somebody had written is not lost: their session is over, their page too old, or something breaks."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest
from sqlalchemy import text

from alerts.console import carried
from alerts.console.carried import Carried, page_of_ours
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.conftest import PUBLIC_URL
from tests.console.browser import FROM_A_FORM, PASSWORD, Browser

pytestmark = pytest.mark.anyio

WORDS = {
    "text-en": "Come to the gate\n<b>now</b>",
    "text-es": "Ven a la puerta",
    "text-so": "Kaalay albaabka",
}
ALERT = {"list-1": "1", "when": "now", "tags": ""} | WORDS
ON = {"Referer": f"{PUBLIC_URL}/alerts/new?action=1&language=es"}


async def _over() -> None:
    """Two hours in a pocket."""
    async with session_scope() as session:
        await session.execute(text("UPDATE organizer_sessions SET seen_at = now() - interval '3 hours'"))


def _hidden(page: str) -> dict[str, str]:
    """What the form in the page's main part carries by itself."""
    form = page.partition("<main")[2].partition("<form")[2].partition("</form>")[0]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in found}


async def _sent_in_vain(one: Browser, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    found = re.search(r'name="csrf" value="([^"]+)"', await one.open("/alerts/new"))
    assert found
    await _over()
    return await one.client.post(path, data={"csrf": found[1]} | fields, headers=FROM_A_FORM | headers)


async def _in_again(one: Browser, page: str) -> httpx.Response:
    """Both steps, with a slip in each."""
    sign_in = {"email": "ana@example.org", "password": "wrong"} | _hidden(page)
    page = (await one.submit("/sign-in", sign_in, 401)).text
    assert 'value="ana@example.org"' in page
    page = (await one.submit("/sign-in", sign_in | {"password": PASSWORD} | _hidden(page), 200)).text
    page = (await one.submit("/sign-in/code", {"code": "000000"} | _hidden(page), 401)).text
    return await one.submit("/sign-in/code", {"code": one.code(steps=1)} | _hidden(page), 200)


async def test_an_alert_that_was_written_is_there_after_signing_in(
    api: Api, inland: int, ana: Browser
) -> None:
    answer = await _sent_in_vain(ana, "/alerts/new?language=en", ALERT, **ON)
    assert answer.status_code == 401
    assert "What you wrote is kept" in answer.text
    assert "Ven a la puerta" not in answer.text  # whoever has the page cannot read it
    page = (await _in_again(ana, answer.text)).text
    assert "Come to the gate\n&lt;b&gt;now&lt;/b&gt;" in page
    assert 'href="/alerts/new?action=1"' in page
    fields = _hidden(page)
    assert fields | {"csrf": ""} == ALERT | {"csrf": ""}
    made = await ana.submit("/alerts/new", fields)
    draft = await api.get(f"/v1{made.headers['location']}")
    assert draft["text"]["es"] == WORDS["text-es"]


async def test_what_holds_nothing_written_leads_back_to_its_page(ana: Browser) -> None:
    answer = await _sent_in_vain(ana, "/alerts/1/pause", {}, Referer=f"{PUBLIC_URL}/alerts/1?still=1")
    assert answer.headers["location"] == "/sign-in?next=/alerts/1%3Fstill%3D1"
    page = await ana.open(answer.headers["location"])
    half = await ana.submit("/sign-in", {"email": "ana@example.org", "password": PASSWORD} | _hidden(page))
    page = await ana.open(half.headers["location"])
    whole = await ana.submit("/sign-in/code", {"code": ana.code(steps=1)} | _hidden(page))
    assert whole.headers["location"] == "/alerts/1?still=1"


async def test_a_page_that_was_asked_for_comes_after_signing_in(ana: Browser) -> None:
    await _over()
    answer = await ana.client.get("/actions/calendar?month=2027-01&language=es")
    assert answer.headers["location"] == "/sign-in?next=/actions/calendar%3Fmonth%3D2027-01"
    assert 'name="next" value="/actions/calendar?month=2027-01"' in await ana.open(answer.headers["location"])


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "evil",
        "/subscribers?tag=9095550101", "/sign-out", "/welcome/token", "/v1/alerts", "/a\nb", "/" + "a" * 400,
        "/%0d%0aSet-Cookie:x y", "/@evil.example/..//",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(elsewhere: str) -> None:
    assert page_of_ours(elsewhere) == "/"


async def test_no_secret_is_carried(ana: Browser) -> None:
    form = {"password": PASSWORD, "new": "umbrella gravel eleven piano"}
    answer = await _sent_in_vain(ana, "/account/password", form, Referer=f"{PUBLIC_URL}/account")
    assert answer.status_code == 303
    assert "umbrella" not in answer.headers["location"]


async def test_a_form_of_another_site_is_not_carried(ana: Browser) -> None:
    await _over()
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    answer = await ana.client.post("/alerts/new", data=ALERT, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("forged", ["", "x", "eJwrSS0uAQAEXQHB"])
async def test_what_is_carried_cannot_be_made_elsewhere(ana: Browser, forged: str) -> None:
    await ana.submit("/sign-out", {}, on="/account")
    form = {"email": "ana@example.org", "password": PASSWORD, "carried": forged}
    await ana.submit("/sign-in", form, 200 if forged else 303)
    await ana.submit("/sign-in/code", {"code": ana.code(steps=1), "carried": forged})
    assert carried.opened(forged) is None


def test_what_is_too_long_is_not_carried() -> None:
    import secrets

    assert carried.sealed(Carried("/alerts/new", {"text-en": secrets.token_hex(40_000)})) == ""
    kept = Carried("/alerts/new", WORDS)
    assert carried.opened(carried.sealed(kept)) == kept


async def test_a_page_that_was_too_old_gives_back_what_was_written(inland: int, ana: Browser) -> None:
    answer = await ana.submit("/alerts/new", {"csrf": "old"} | ALERT, 403, **ON)
    assert "You had written this" in answer.text
    assert 'href="/alerts/new?action=1"' in answer.text
    await ana.submit("/alerts/new", _hidden(answer.text))


async def test_what_breaks_gives_back_what_was_written(api: Api, ana: Browser) -> None:
    form = {"name": "Gate", "text-en": "At the gate."}
    csrf = _hidden(await ana.open("/alerts/new"))["csrf"]
    async with session_scope() as session:
        await session.execute(text("ALTER TABLE canned_answers RENAME TO gone"))
    try:
        answer = await ana.submit("/inbox/kept", {"csrf": csrf} | form, 500)
    finally:
        async with session_scope() as session:
            await session.execute(text("ALTER TABLE gone RENAME TO canned_answers"))
    assert "At the gate." in answer.text
    await ana.submit("/inbox/kept", _hidden(answer.text))
    assert "At the gate." in await ana.open("/inbox/kept")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("path", ["/news", "/inbox/news", "/inbox/1/news", "/settings/far"])
async def test_what_asks_by_itself_says_that_one_is_signed_out(
    ana: Browser, path: str, language: Language
) -> None:
    await _over()
    headers = {"HX-Request": "true", "HX-Current-URL": f"{PUBLIC_URL}/inbox?show=all"}
    answer = await ana.client.get(f"{path}?language={language}", headers=headers)
    assert answer.status_code == 286  # asks no more
    assert (answer.headers["hx-retarget"], answer.headers["hx-reswap"]) == ("#line", "outerHTML")
    assert tr(language, "You are signed out.") in answer.text
    assert 'href="/sign-in?next=/inbox%3Fshow%3Dall"' in answer.text
    assert "<html" not in answer.text


async def test_who_types_is_told_that_it_is_kept(ana: Browser) -> None:
    await _over()
    answer = await ana.client.post("/alerts/look", data=ALERT, headers=FROM_A_FORM | {"HX-Request": "true"})
    assert answer.status_code == 286
    assert "what you wrote is kept" in answer.text


async def test_who_listens_is_told_and_listens_no_more(ana: Browser) -> None:
    await _over()
    answer = await ana.client.get("/alerts/1/news", headers={"Accept": "text/event-stream"})
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("event: line\n")
    assert answer.text.endswith("event: over\ndata:\n\n")
