"""Each page in each language, on a phone and at a desk: readable, whole, and in nobody's way."""

from __future__ import annotations

import pytest

from alerts.language.languages import Language
from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.places import console_routes
from tests.browser.window import DESKTOP, PHONE, Window

IN_ENGLISH = ("/docs",)  # for programs, as code is
WRITE_NOTHING = {"/alerts/look"}  # counts while one types; without scripts a button of the form does
ROUTES = console_routes("GET")
# 1280 pixels at 200 % are 640, and at 400 % the 320 of WCAG 1.4.10.
NARROW = (PHONE["width"], 640, 320)


def test_no_page_is_forgotten(house: House) -> None:
    assert set(ROUTES) == set(house.places) | house.others


def test_everything_that_writes_stands_on_a_page_as_a_form(house: House) -> None:
    assert set(console_routes("POST")) - house.forms == WRITE_NOTHING


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("route", ROUTES)
def test_a_page(house: House, window: OpenWindow, route: str, language: Language) -> None:
    faults = []
    for who in {place.who for place in house.places.get(route, [])}:
        one = window(who)
        for place in house.places[route]:
            if place.who == who:
                one.open(place.in_language(language))
                wanted = Language.EN if route in IN_ENGLISH else language
                assert one.page.locator("html").get_attribute("lang") == wanted, place
                faults += [
                    f"{place.path} {where}: {fault}" for where, found in _looked(one) for fault in found
                ]
    assert not faults, "\n".join(faults)


def _looked(one: Window) -> list[tuple[str, list[str]]]:
    """By width, colours and how much may move."""
    page = one.page
    one.unfold()
    found = [("policy", one.broken()), ("buttons", one.look("idle"))]
    for width in NARROW:
        page.set_viewport_size({"width": width, "height": 740})
        found.append((f"at {width}", one.look("overflow")))
    page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
    found.append(("on a phone", one.axe()))
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [("in the dark", one.axe("color-contrast")), ("with nothing moving", one.look("motion"))]
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size({"width": DESKTOP["width"], "height": DESKTOP["height"]})
    found += [("at a desk", one.axe()), ("wide", one.look("overflow"))]
    return found
