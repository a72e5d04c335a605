"""One system and one browser for all of these tests; a window for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import House, built, whole_system
from tests.browser.window import Window, chromium

OpenWindow = Callable[..., Window]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium(playwright) as started:
        yield started


@pytest.fixture(scope="session")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """With something of everything in it. After the browser: without one it is not built."""
    with whole_system(tmp_path_factory.mktemp("logs")) as system:
        yield built(system)


@pytest.fixture
def window(browser: Browser, house: House) -> Iterator[OpenWindow]:
    """Open a window: ``window("marisol", viewport=DESKTOP)``; at the end nothing was wrong in any of them."""
    opened: list[Window] = []

    def open_window(who: str = "", *, base: str = "", **how: Any) -> Window:
        opened.append(Window(browser, base or house.url, house.cookies.get(who, {}), **how))
        return opened[-1]

    yield open_window
    faults = [fault for one in opened for fault in one.faults]
    for one in opened:
        one.close()
    assert not faults, "\n".join(faults)
