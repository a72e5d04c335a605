"""A flyer on paper: one sheet, with the name of who calls on it."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import OpenWindow

SHEET = re.compile(rb"/Type\s*/Page\b")


@pytest.mark.parametrize("paper", ["Letter", "A4"])
def test_a_flyer_is_one_sheet_that_says_who_calls(window: OpenWindow, paper: str) -> None:
    one = window("marisol")
    one.open("/lists/1/flyer?language=en")
    we = one.page.locator("header .top p").inner_text()
    assert we
    one.page.emulate_media(media="print")
    calls = one.page.locator(".flyer")
    assert calls.count() == 3
    for call in calls.all():
        assert call.get_by_role("heading").is_visible()
        assert call.get_by_role("heading").inner_text() == we
        assert call.locator(".terms").is_visible()
    assert not one.page.locator("h1").is_visible()  # the list's name is for those who keep it
    assert not one.page.locator("header").is_visible()
    assert len(SHEET.findall(one.page.pdf(format=paper))) == 1
