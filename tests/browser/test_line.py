"""Pages that ask or listen by themselves say when they hear nothing any more, and when one is signed out."""

from __future__ import annotations

import psycopg
import pytest

from alerts.language.languages import Language
from tests.browser.conftest import OpenWindow
from tests.browser.house import House

LISTENS = "/alerts/{alert}"


@pytest.mark.parametrize("language", list(Language))
def test_a_line_that_drops_is_told_and_taken_back(
    house: House, window: OpenWindow, language: Language
) -> None:
    one = window("ana", awaited=(0, 500))
    one.open(f"/?language={language}")
    line = one.page.locator("#line")
    assert not line.is_visible()
    one.context.set_offline(True)
    line.wait_for(state="visible")
    words = line.inner_text()
    assert "{time}" not in words
    faults = one.looked()
    assert not faults, "\n".join(faults)
    one.context.set_offline(False)
    line.wait_for(state="hidden")


def test_a_page_that_is_open_when_the_session_ends_says_so(house: House, window: OpenWindow) -> None:
    one = window("vera")
    one.open("/")
    with psycopg.connect(house.system.env["DATABASE_URL"], autocommit=True) as database:
        before = database.execute("SELECT id, seen_at FROM organizer_sessions").fetchall()
        database.execute("UPDATE organizer_sessions SET seen_at = now() - interval '3 hours'")
        try:
            one.page.evaluate("() => htmx.trigger('[hx-get]', 'load') || htmx.ajax('GET', '/news', '#none')")
            one.page.locator('#line a[href^="/sign-in"]').wait_for()
        finally:
            for number, seen in before:
                database.execute("UPDATE organizer_sessions SET seen_at = %s WHERE id = %s", (seen, number))
    assert one.page.locator("h2, .rows, p").count() > 1  # what was there is there still
    faults = one.looked()
    assert not faults, "\n".join(faults)
