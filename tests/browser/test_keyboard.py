"""With the keyboard alone: everything is reached, is seen where it is, and works."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response, Route, expect
from playwright.sync_api import TimeoutError as PatienceLost

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.places import console_routes
from tests.browser.window import DESKTOP, PATIENCE_MS, Window
from tests.console.browser import PASSWORD

MOST_STEPS = 400
# What is typed where something must be; a field of any other kind gets the last.
TYPED = {
    "email": "new@example.org",
    "password": PASSWORD,
    "tel": "9095550107",
    "number": "10",
    "": "Shakopee",
}
FILLED_OTHERWISE = {"datetime-local": "2027-01-05T17:00", "date": "2027-01-05", "time": "08:00"}


class Walk:
    """Tab through a page, and do with each thing what a person would, so that its form can be sent."""

    def __init__(self, window: Window) -> None:
        self._page = window.page
        self._window = window
        self.faults: list[str] = []
        self._page.route("**/*", _keep_what_is_posted)

    def through(self, path: str) -> None:
        """From the top of the page until Tab comes round again."""
        self._window.open(path)
        self._window.look("note")
        reached: list[int] = []
        for _ in range(MOST_STEPS):
            self._page.keyboard.press("Tab")
            now = self._window.look("focused")
            if now is None or (reached and now["place"] == reached[0]):
                break
            if now["place"] not in reached:  # the parts of a date are stops of their own
                reached.append(now["place"])
                self._at(path, now)
        else:
            self.faults.append(f"{path}: no way out of it")
        self.faults += [f"{path}: passed over {one}" for one in self._window.look("missed", reached)]

    def _at(self, path: str, now: dict[str, Any]) -> None:
        if not now["shows"]:
            self.faults.append(f"{path}: no sign that it has the focus: {now['html']}")
        if not now["free"]:
            self.faults.append(f"{path}: hidden behind something: {now['html']}")
        keyboard = self._page.keyboard
        if now["opens"]:
            keyboard.press("Enter")
            self._window.look("note")
        if now["required"] and now["kind"] == "checkbox" and not now["checked"]:
            keyboard.press("Space")
        elif now["required"] and now["empty"]:
            self._fill_in(now["kind"])
        if now["posts"] is not None:
            self._send(path, now)

    def _send(self, path: str, now: dict[str, Any]) -> None:
        """Press the button, and wait until it was answered: the next one would take its request back."""

        def is_its(answer: Response) -> bool:
            asked = answer.request
            by_it = (
                asked.is_navigation_request()
                if now["asks"] is None
                else asked.headers.get("hx-trigger") == now["asks"]
            )
            return asked.method == "POST" and urlsplit(asked.url).path == now["posts"] and by_it

        self._at_rest()
        try:
            with self._page.expect_response(is_its):
                self._page.keyboard.press("Enter")
        except PatienceLost:
            self.faults.append(f"{path}: Enter does not send {now['html']}")
        self._at_rest()

    def _at_rest(self) -> None:
        """Nothing that htmx asked for is on its way."""
        expect(self._page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE_MS)

    def _fill_in(self, kind: str) -> None:
        if kind in FILLED_OTHERWISE:  # how a date is typed, the browser says; that it is reached was seen
            self._page.locator("*:focus").fill(FILLED_OTHERWISE[kind])
        elif kind == "file":
            file = {"name": "people.csv", "mimeType": "text/csv", "buffer": b"phone\n"}
            self._page.locator("*:focus").set_input_files(file)  # type: ignore[arg-type]
        else:
            self._page.keyboard.type(TYPED.get(kind, TYPED[""]))


def _keep_what_is_posted(route: Route) -> None:
    if route.request.method != "POST":
        route.continue_()
        return
    route.fulfill(status=204)  # the browser stays where it is


@pytest.mark.parametrize("route", console_routes("GET"))
def test_everything_on_a_page_is_reached_and_pressed(house: House, window: OpenWindow, route: str) -> None:
    faults = []
    for who in {place.who for place in house.places.get(route, [])}:
        walk = Walk(window(who, viewport=DESKTOP, reduced_motion="reduce"))
        for place in house.places[route]:
            if place.who == who:
                walk.through(place.path)
        faults += walk.faults
    assert not faults, "\n".join(faults)
