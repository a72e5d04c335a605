"""Whatever a worker texts, and whatever a title holds, is text: on every page where it is shown."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.conftest import OpenWindow
from tests.browser.house import HOSTILE, MARK, House

# Nothing of what was written became part of the page, or ran.
BECAME = """() => ["img[src='x']", "main script:not([src])", "b"].filter((one) => document.querySelector(one))
  .concat("hit" in window ? ["it ran"] : [])"""


def test_what_workers_write_is_harmless_wherever_it_is_shown(house: House, window: OpenWindow) -> None:
    one, shown, faults = window("marisol"), set(), []
    for route, places in house.places.items():
        for place in (place for place in places if place.who == "marisol"):
            one.open(place.path)
            found = one.look("turned", MARK)
            if found["found"]:
                shown.add(route)
            faults += [f"{place.path}: turns around what is beside it: {fault}" for fault in found["faults"]]
            faults += [f"{place.path}: {fault}" for fault in one.page.evaluate(BECAME)]
    assert not faults, "\n".join(faults)
    assert {"/inbox", "/inbox/{subscriber_id}"} <= shown


def test_each_hostile_text_is_read_as_it_was_written(house: House, window: OpenWindow) -> None:
    one = window("marisol")
    paths = [place.path for place in house.places["/inbox/{subscriber_id}"]]
    said = "".join(_bubbles(one.page, path) for path in paths)
    missing = [text for text in HOSTILE if text not in said]
    assert not missing, missing


def _bubbles(page: Page, path: str) -> str:
    page.goto(path)
    return "\n".join(page.locator(".bubble").all_text_contents())
