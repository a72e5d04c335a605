"""A viewer looks at everything there is to look at, and is offered nothing that she may not do."""

from __future__ import annotations

import re

import pytest
import requests

from alerts.language.languages import Language
from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.places import Found, console_routes, kind_of, route_of

OWN = ("/account", "/sign-out")  # what is everybody's own
NOT_HTML = ("text/csv", "application/json", "text/event-stream", "application/octet-stream")


class Walk:
    """Every page that a viewer gets at, by its route or by a link, and what is wrong with what it offers."""

    def __init__(self, house: House) -> None:
        self.pages: dict[str, Found] = {}
        self.faults: list[str] = []
        self._house = house
        self._session = requests.Session()
        self._session.cookies.update(house.cookies["vera"])
        self._shapes: set[object] = set()
        self._kinds: set[object] = set()
        for route in console_routes("GET"):
            for path in house.paths(route):
                self._look(path)

    def _look(self, path: str, come_from: str = "") -> None:
        answer = self._session.get(self._house.url + path, timeout=30, stream=True)
        if answer.status_code != 200:
            if come_from or answer.status_code not in (403, 404):
                self.faults.append(f"{come_from} leads to {path}: {answer.status_code}")
            return
        if answer.headers["Content-Type"].partition(";")[0] in NOT_HTML or answer.history:
            answer.close()
            return
        html, found = answer.text, Found()
        found.feed(html)
        shape = route_of(path), frozenset(found.shape)
        if shape in self._shapes or not html.lstrip().startswith("<!doctype html>"):
            return
        self._shapes.add(shape)
        self.pages[path] = found
        token = re.search(r'name="csrf" value="([^"]+)"', html)
        for form in sorted(found.forms):
            if not form.startswith(OWN):
                self._press(path, form, token[1] if token else "")
        for link in sorted(found.links):
            if (kind := kind_of(link)) not in self._kinds:
                self._kinds.add(kind)
                self._look(link, path)

    def _press(self, path: str, form: str, token: str) -> None:
        data, headers = {"csrf": token}, {"Origin": self._house.url}
        answer = self._session.post(self._house.url + form, data=data, headers=headers, timeout=30)
        if answer.status_code in (403, 404) or answer.status_code >= 500:
            self.faults.append(f"{path} has a form to {form}: {answer.status_code}")


@pytest.fixture(scope="module")
def walk(house: House) -> Walk:
    return Walk(house)


def test_a_viewer_is_offered_nothing_that_she_may_not_do(walk: Walk) -> None:
    assert not walk.faults, "\n".join(walk.faults)
    routes = {route_of(path) for path in walk.pages}
    for wanted in ("/", "/actions/{action_id}", "/alerts/{alert_id}", "/lists/{list_id}", "/subscribers"):
        assert wanted in routes
    assert not routes & {"/alerts/new", "/inbox", "/team"}


def test_each_of_her_pages_is_readable(walk: Walk, window: OpenWindow) -> None:
    one, faults = window("vera"), []
    for path in walk.pages:
        one.open(f"{path}{'&' if '?' in path else '?'}language={Language.ES}")
        faults += [f"{path}: {fault}" for fault in one.looked()]
    assert not faults, "\n".join(faults)
