"""A form that is refused marks what is wrong, leads there, and keeps what was typed; done, it says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from html import unescape

import pytest
from pydantic import BaseModel

from alerts.actions.schemas import ActionChange, NewAction
from alerts.broadcasts.kits import KitUse
from alerts.broadcasts.schemas import NewAlert, NewCorrection, NewReminder, NewTemplate
from alerts.console.faults import marked
from alerts.console.fields import NotFilledIn
from alerts.console.said import SAID
from alerts.console.troubles import faults_of, in_words
from alerts.conversations.schemas import NewCannedAnswer
from alerts.errors import DomainError
from alerts.language.catalogs import tr
from alerts.language.languages import Language
from alerts.subscribers.schemas import NewList
from tests.api import Api
from tests.console.browser import FROM_A_FORM, PASSWORD, Browser, browser, invited

pytestmark = pytest.mark.anyio
TIMES = {"starts": "2027-01-05T17:00", "ends": "2027-01-05T19:00", "timezone": "America/Chicago"}
SHAPES = (
    NewAction, ActionChange, NewAlert, NewCorrection, NewReminder, NewTemplate, NewCannedAnswer, NewList,
    KitUse,
)  # fmt: skip
# The page of a form, the form, what is filled in, the fields that are wrong with it, and what stays.
REFUSED = {
    "place": ("/actions/new", "/actions/new", {"kind": "rally", "title-en": "Rally"} | TIMES, ["place"]),
    "kind": (
        "/actions/new",
        "/actions/new",
        {"kind": "picnic", "title-en": "Rally", "place": "Gate"} | TIMES,
        ["kind"],
    ),
    "title": (
        "/actions/new",
        "/actions/new",
        {"kind": "rally", "place": "Gate"} | TIMES,
        ["title-en", "title-es", "title-so"],
    ),
    "ends": (
        "/actions/new",
        "/actions/new",
        {"kind": "rally", "place": "Gate", "title-en": "Rally"} | TIMES | {"ends": "2026-01-05T19:00"},
        ["ends"],
    ),
    "text": (
        "/alerts/new",
        "/alerts/new",
        {"list-1": "1", "when": "now", "tags": "stewards"},
        ["text-en", "text-es", "text-so"],
    ),
    "audience": ("/alerts/new", "/alerts/new", {"text-en": "Come to the gate", "when": "now"}, ["list-1"]),
    "too long": ("/alerts/new", "/alerts/new", {"list-1": "1", "text-es": "x" * 1601}, ["text-es"]),
    "at": ("/alerts/new", "/alerts/new", {"list-1": "1", "text-en": "Come", "when": "at"}, ["at"]),
    "word": (
        "/lists/new",
        "/lists/new",
        {"name": "Nights", "timezone": "UTC"},
        ["word-en", "word-es", "word-so"],
    ),
    "hours": (
        "/lists/new",
        "/lists/new",
        {"name": "Nights", "word-en": "NIGHTS", "timezone": "UTC", "opens": "09:00", "closes": "09:30"},
        ["opens"],
    ),
    "somebody": (
        "/subscribers/new",
        "/subscribers/new",
        {"phone": "12", "reads": "so"},
        ["list-1", "consent"],
    ),
    "number": (
        "/subscribers/new",
        "/subscribers/new",
        {"phone": "12", "reads": "so", "list-1": "1", "consent": "At the gate"},
        ["phone"],
    ),
    "whose": ("/subscribers", "/subscribers/find", {"phone": "12"}, ["phone"]),
    "kept": ("/inbox/kept", "/inbox/kept", {"name": "Gate"}, ["text-en", "text-es", "text-so"]),
    "invited": (
        "/team",
        "/team/invite",
        {"name": "Nadia", "email": "nobody", "phone": "909 555 0100", "role": "admin", "numbers": "1"},
        ["email"],
    ),
    "taken": (
        "/team",
        "/team/invite",
        {"name": "Nadia", "email": "marisol@example.org", "role": "admin", "password": PASSWORD},
        ["email"],
    ),
    "member": ("/team/2", "/team/2", {"name": "Mari", "role": "viewer", "phone": "12"}, ["phone"]),
    "key": ("/account", "/account/keys", {"name": "laptop"}, ["read"]),
    "password": ("/account", "/account/keys", {"name": "laptop", "read": "1"}, ["password"]),
    "lockdown": ("/team/lockdown", "/team/lockdown/now", {"why": "A raid"}, ["sure"]),
    "test": ("/alerts/1", "/alerts/1/test", {"phone": "12"}, ["phone"]),
}
# The page of a form, the form, what is filled in, and what the page that follows says.
DONE = {
    "test": ("/alerts/1", "/alerts/1/test", {"phone": "909 555 0103"}, "tested"),
    "password": (
        "/account",
        "/account/password",
        {"password": PASSWORD, "new": "umbrella gravel eleven piano"},
        "password",
    ),
    "language": ("/account", "/account/language", {"language": "es"}, "saved"),
    "sessions": ("/account", "/account/sessions/end-others", {"sure": "1"}, "sessions"),
    "tags": ("/subscribers/1", "/subscribers/1/change", {"reads": "so", "tags": "steward"}, "saved"),
    "list": ("/subscribers/1", "/subscribers/1/take-off", {"list": "1", "sure": "1"}, "off"),
    "left": ("/subscribers/1", "/subscribers/1/left", {"sure": "1"}, "left"),
    "member": ("/team/3", "/team/3", {"name": "Ana", "role": "viewer"}, "saved"),
    "their sessions": ("/team/3", "/team/3/sessions/end", {"sure": "1"}, "sessions"),
}


@pytest.fixture
async def marisol(api: Api, inland: int) -> AsyncIterator[Browser]:
    """An admin, a list with people on it, a draft, and another organizer."""
    draft = {"audience": {"lists": [inland]}, "text": dict.fromkeys(Language, "Come")}
    await api.post("/v1/alerts", draft)
    async with browser() as one:
        await one.settle_in(await invited("marisol@example.org"))
        await invited("ana@example.org")
        yield one


def _tags(page: str) -> Iterator[tuple[str, str]]:
    """The name of each field, and its tag."""
    for tag in re.findall(r"<(?:input|textarea|select)\b[^>]*>", page):
        if (name := re.search(r' name="([^"]+)"', tag)) and 'type="hidden"' not in tag:
            yield name[1], tag


# Some in every language, the rest in one.
IN_ALL = ("place", "audience", "invited")


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, language) for name in REFUSED for language in (Language if name in IN_ALL else (Language.EN,))],
)
async def test_a_form_that_is_refused_marks_its_fields_and_keeps_the_rest(
    marisol: Browser, name: str, language: Language
) -> None:
    on, path, fields, wrong = REFUSED[name]
    token = re.search(r'name="csrf" value="([^"]+)"', await marisol.open(on))
    assert token
    form = {"csrf": token[1]} | fields
    answer = await marisol.client.post(f"{path}?language={language}", data=form, headers=FROM_A_FORM)
    assert answer.status_code in (409, 422)
    page = answer.text
    assert re.search(r"<title>(.*?)</title>", page)[1].startswith(  # type: ignore[index]
        tr(language, "Error: {title}", title="")
    )
    faulty = [name for name, tag in _tags(page) if 'aria-invalid="true"' in tag]
    assert faulty[: len(wrong)] == wrong
    assert all("trouble" in tag for _, tag in _tags(page) if 'aria-invalid="true"' in tag)
    first = next(tag for _, tag in _tags(page) if 'aria-invalid="true"' in tag)
    [number] = re.findall(r' id="([^"]+)"', first)
    assert f'<li><a href="#{number}">' in page
    assert name != "password" or number == "key-password"  # of the form that was sent
    for field, tag in _tags(page):
        typed = fields.get(field)
        if typed and 'type="password"' not in tag and tag.startswith("<input"):
            assert "checked" in tag or f'value="{typed}"' in unescape(tag), tag


@pytest.mark.parametrize("name", DONE)
async def test_what_was_done_is_said(marisol: Browser, name: str) -> None:
    on, path, fields, word = DONE[name]
    answer = await marisol.submit(path, fields, on=on)
    page = await marisol.open(answer.headers["location"])
    read = Language.ES if name == "language" else Language.EN
    assert f'<p class="notice" role="status">{tr(read, SAID[word])}</p>' in page
    assert '<p class="notice" role="status">' not in await marisol.open(
        answer.headers["location"].partition("?")[0]
    )


async def test_nobody_puts_other_words_there(marisol: Browser) -> None:
    page = await marisol.open("/account?said=<b>x</b>&said=saved")
    assert '<p class="notice"' not in page


async def test_no_password_and_no_code_is_filled_in_again(marisol: Browser) -> None:
    fields = {"password": "not it at all", "new": "umbrella gravel eleven piano"}
    page = (await marisol.submit("/account/password", fields, 401, on="/account")).text
    assert "not it at all" not in page
    assert "umbrella" not in page
    weak = {"password": PASSWORD, "new": "short"}
    page = (await marisol.submit("/account/password", weak, 422, on="/account")).text
    assert '<li><a href="#new">' in page


@pytest.mark.parametrize("shape", SHAPES)
def test_every_field_has_its_words(shape: type[BaseModel]) -> None:
    for name in shape.model_fields.keys() - {"alerts", "template", "version"}:
        for language in Language:
            assert not in_words(language, NotFilledIn((name,))).endswith(f": {name}."), name


def test_a_field_is_marked_once_and_nothing_else_is() -> None:
    html = (
        '<p class="away" id="trouble" role="alert">No.</p>\n<input type="hidden" name="text-x" value="1">'
        '<textarea id="text-en" name="text-en" aria-describedby="count-en">'
        '&lt;input name="text"&gt;</textarea><input type="checkbox" name="list-3" value="1">'
        '<input name="texture">'
    )
    assert marked(html, [("text", "the <text>"), ("audience", "who"), ("nowhere", "?")]) == (
        '<p class="away" id="trouble" role="alert">No.</p>\n<ul class="faults"><li><a href="#text-en">'
        'the &lt;text&gt;</a></li><li><a href="#list-3">who</a></li></ul>\n'
        '<input type="hidden" name="text-x" value="1">'
        '<textarea id="text-en" name="text-en" aria-describedby="trouble count-en" aria-invalid="true">'
        '&lt;input name="text"&gt;</textarea>'
        '<input type="checkbox" name="list-3" value="1" id="list-3" aria-invalid="true"'
        ' aria-describedby="trouble"><input name="texture">'
    )


def test_what_names_no_field_marks_none() -> None:
    assert faults_of(Language.EN, DomainError("no")) == []
