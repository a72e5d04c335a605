"""What a page takes on a bad signal, and that nothing on it jumps while it comes."""

from __future__ import annotations

import pytest

from alerts.language.languages import Language
from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.places import console_routes
from tests.browser.window import Window

FIRST_OCTETS = 60_000
LATER_OCTETS = 15_000
MOST_SHIFT = 0.01  # a tenth of what is called good
# What came over the line for each part of a page, as it was encoded there, heads included; 0 from the cache.
# https://www.w3.org/TR/resource-timing/#dom-performanceresourcetiming-transfersize
CAME = """() => Object.fromEntries(
  [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .map((one) => [one.name, one.transferSize]))"""


@pytest.mark.parametrize("language", list(Language))
def test_pages_are_light_and_nothing_jumps(house: House, window: OpenWindow, language: Language) -> None:
    windows = {who: window(who) for who in ("", "marisol")}
    lines = {who: one.context.new_cdp_session(one.page) for who, one in windows.items()}
    faults = []
    for place in (place for route in console_routes("GET") for place in house.places.get(route, [])):
        one, path = windows[place.who], place.in_language(language)
        lines[place.who].send("Network.clearBrowserCache")
        first, later = _came(one, path), _came(one, path)
        assert 0 < sum(later.values()) < sum(first.values()), (place, first, later)
        if sum(first.values()) > FIRST_OCTETS or sum(later.values()) > LATER_OCTETS:
            faults.append(f"{place.path}: first {first}, later {later}")
        if one.shifted() > MOST_SHIFT:
            faults.append(f"{place.path}: jumps by {one.shifted():.3f}")
    assert not faults, "\n".join(faults)


def _came(window: Window, path: str) -> dict[str, int]:
    window.open(path)
    found: dict[str, int] = window.page.evaluate(CAME)
    return found
