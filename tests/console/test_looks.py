"""While an alert is written: letters, parts, price, people and the phone, as if it were sent now."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from html import unescape

import pytest

from alerts.console.looks import look
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import Browser, browser, invited
from tests.console.test_alerts import filled_in, planned, written
from tests.story import JAMES

pytestmark = pytest.mark.anyio
HTMX = {"HX-Request": "true"}


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PRICE_PER_PART", "0.0113")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


async def seen(one: Browser, fields: dict[str, str], query: str = "") -> str:
    """What htmx gets while somebody types."""
    answer = await one.submit(f"/alerts/look{query}", fields, 200, on="/alerts/new", **HTMX)
    return unescape(answer.text)


def piece(shown: str, name: str) -> str:
    """One of the pieces, without its tags."""
    found = re.search(rf'<(\w+) id="{name}" hx-swap-oob="innerHTML">(.*?)</\1>', shown, re.DOTALL)
    assert found, shown
    return " ".join(re.sub(r"<(?!/?mark)[^>]*>", " ", found[2]).split())


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "No text yet."),
        ("Hola", "4 letters, 1 part. 156 more fit."),
        ("a" * 160, "160 letters, 1 part. 0 more fit."),
        ("a" * 161, "161 letters, 2 parts. 145 more fit."),
        ("á" * 70, "70 letters, 1 part. 0 more fit."),
        ("á" * 71, "71 letters, 2 parts. 63 more fit."),
        ("[]", "4 letters, 1 part. 156 more fit."),
        ("{where}", "There is nothing to fill in for {where}."),
        ("{", "A brace in the text belongs to nothing that is filled in. Take it out."),
        ("{organization} " * 99, "The text in Español is too long by 874 letters."),
    ],
)
async def test_what_one_text_takes(api: Api, ana: Browser, typed: str, says: str) -> None:
    assert piece(await seen(ana, {"text-es": typed}), "count-es") == says


@pytest.mark.usefixtures("priced")
async def test_who_gets_it_and_for_how_much(api: Api, ana: Browser, inland: int) -> None:
    fields = {"text-en": "Rally", "text-es": "Marcha “ya”" * 7}
    shown = await seen(ana, fields)
    assert piece(shown, "people") == "Choose a list, an answer or a tag."
    fields |= {f"list-{inland}": "1"}
    shown = await seen(ana, fields)
    assert piece(shown, "people") == (
        "People who get it: 3 (English 1, Español 1, Soomaali 1). Message parts: 3, about $0.04."
    )
    assert "Read by: 1. About $0.03." in piece(shown, "count-es")
    assert piece(shown, "count-so") == "They read this language, and have no text yet: 1."
    await api.text(JAMES, "STOP")
    shown = await seen(ana, fields)
    assert "2 (" in piece(shown, "people")
    assert "Left out: have left: 1." in piece(shown, "people")
    assert "Nobody who can be texted." in piece(await seen(ana, fields | {"tags": "nobody"}), "people")
    assert "Lo reciben" not in shown
    assert "Personas que lo reciben: 2" in piece(await seen(ana, fields, "?language=es"), "people")


async def test_dear_letters_stand_out_where_they_are_and_one_tap_makes_them_cheap(
    api: Api, ana: Browser
) -> None:
    text = "¡sábado! " * 9
    shown = await seen(ana, {"text-es": text})
    assert "¡s<mark>á</mark>bado!" in piece(shown, "phone-es")
    assert "With the marked letters 70 letters fit in a part, not 160." in piece(shown, "dear-es")
    assert "In cheaper letters: 1 instead of 2 parts." in piece(shown, "dear-es")
    assert "Write it cheaper: á → a" in piece(shown, "dear-es")
    assert "<textarea" not in shown  # whoever types goes on typing

    shown = await seen(ana, {"text-es": text, "text-en": "á", "cheaper": "es"})
    changed = re.findall(r'<textarea id="([^"]+)"[^>]*hx-swap-oob="true"[^>]*>([^<]*)<', shown)
    assert changed == [("text-es", text.replace("á", "a"))]
    assert piece(shown, "dear-es") == ""
    assert "<mark>á</mark>" in piece(shown, "phone-en")  # only what was asked for


async def test_what_cannot_be_cheaper_is_said(api: Api, ana: Browser) -> None:
    action = await planned(ana, place="Jardín 5")
    given = {"action": action.rsplit("/", 1)[1], "text-en": "Go 😀 {where}"}
    says = piece(await seen(ana, given), "dear-en")
    assert "No cheaper spelling: 😀. Take them out." in says
    assert "These come from the action, or our name: í." in says
    assert "Write it cheaper" not in says


async def test_the_phone_shows_what_will_be_read(api: Api, ana: Browser) -> None:
    action = await planned(ana)
    given = {"action": action.rsplit("/", 1)[1], "text-es": "<b>{title}</b>: {where}"}
    answer = await ana.submit("/alerts/look", given, 200, on="/alerts/new", **HTMX)
    assert "&lt;b&gt;Marcha&lt;/b&gt;: 500 Main St" in answer.text
    assert "<b>" not in answer.text


async def test_without_javascript_a_button_counts_and_keeps_nothing(
    api: Api, ana: Browser, inland: int
) -> None:
    fields = {"text-en": "Rally", f"list-{inland}": "1", "look": "1"}
    shown = await ana.submit("/alerts/new", fields, 200, on="/alerts/new")
    assert "People who get it: 3" in shown.text
    assert ">Rally</textarea>" in shown.text
    assert (await api.get("/v1/alerts"))["items"] == []


async def test_the_people_of_a_correction_are_counted_too(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    wider = {"lists": [inland], "without": [{"languages": ["so"]}]}
    await api.patch(f"/v1{alert}", {"audience": wider})
    fields = await filled_in(ana, f"{alert}/change")
    shown = await seen(ana, fields, f"?alert={alert.rsplit('/', 1)[1]}")
    assert "People who get it: 2 (English 1, Español 1)" in piece(shown, "people")
    assert "People who get it: 2 (English 1, Español 1)" in await ana.open(f"{alert}/change")


@pytest.mark.parametrize("read", list(Language))
async def test_every_language_has_its_words(api: Api, inland: int, read: Language) -> None:
    async with session_scope() as session:
        found = await look(session, read, {Language.EN: "á" * 80 + "😀", Language.ES: "a" * 200}, None, None)
    assert [bool(one.says) for one in found.texts] == [True, True, True]
