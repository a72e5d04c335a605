"""Each kind of page that says what went wrong, in each language, on a phone and at a desk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
import requests

from alerts.bounds import MOST_OCTETS
from alerts.language.languages import Language
from alerts.team.guessing import FREE
from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.window import Window

GUESSED = {"email": "nobody@example.org", "password": "wrong again and again"}


@pytest.fixture
def broken(house: House) -> Iterator[None]:
    """Something that should be in the database is not."""
    with psycopg.connect(house.system.env["DATABASE_URL"], autocommit=True) as database:
        database.execute("ALTER TABLE canned_answers RENAME TO gone")
        yield
        database.execute("ALTER TABLE gone RENAME TO canned_answers")


def _open(path: str) -> Callable[[House, Window, str], None]:
    return lambda _, one, language: one.open(f"{path}?language={language}")


def _not_filled_in(_: House, one: Window, language: str) -> None:
    one.open(f"/alerts/new?language={language}")
    one.submit("/alerts/new", {"text-en": "Come to the gate"})


def _too_old(_: House, one: Window, language: str) -> None:
    one.open(f"/lists/new?language={language}")
    one.submit("/lists/new", {"csrf": "old"})


def _too_much(_: House, one: Window, language: str) -> None:
    one.open(f"/alerts/new?language={language}")
    one.submit("/alerts/new", {"text-en": "x" * MOST_OCTETS})


def _changed_meanwhile(house: House, one: Window, language: str) -> None:
    body = {
        "audience": {"lists": [1]},
        "text": dict.fromkeys(Language, "Come"),
        "send_at": "2099-01-01T09:00",
    }
    alert = f"/alerts/{house.system.post('/v1/alerts', body)['id']}"
    house.system.post(f"/v1{alert}/send")
    one.open(f"{alert}?still=1&language={language}")
    house.system.post(f"/v1{alert}/cancel")
    one.submit(f"{alert}/undo")


def _guess(house: House, one: Window, language: str) -> None:
    for _ in range(FREE):
        requests.post(f"{house.url}/sign-in", data=GUESSED, headers={"Origin": house.url}, timeout=30)
    one.open(f"/sign-in?language={language}")
    one.submit("/sign-in", GUESSED)


# Whose window, with which status it ends, and how they come there.
PAGES: dict[str, tuple[str, int, Callable[[House, Window, str], None]]] = {
    "nothing there, for a stranger": ("", 404, _open("/nothing")),
    "nothing there": ("ana", 404, _open("/alerts/999999")),
    "no such address": ("ana", 404, _open("/alerts/x")),
    "a form's address": ("ana", 405, _open("/alerts/1/send")),
    "somebody else's": ("vera", 403, _open("/team")),
    "too old": ("ana", 403, _too_old),
    "not filled in": ("ana", 422, _not_filled_in),
    "changed meanwhile": ("ana", 409, _changed_meanwhile),
    "too much": ("ana", 413, _too_much),
    "wrong too often": ("", 429, _guess),
    "broken": ("ana", 500, _open("/inbox/kept")),
}


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_an_error(house: House, window: OpenWindow, name: str, language: Language) -> None:
    who, status, come = PAGES[name]
    one = window(who, awaited=(status,), locale=f"{language}-US")
    come(house, one, language)
    assert one.status == status
    assert one.page.locator("html").get_attribute("lang") == language
    assert one.page.locator("main .away:not(:empty)").count() == 1
    faults = one.looked()
    assert not faults, "\n".join(faults)
