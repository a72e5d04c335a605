"""One system and one browser for all of these tests; a window for each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.embedded import embedded_postgres, embedded_valkey
from tests.browser.house import House, built
from tests.browser.window import Window, chromium
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.journeys.system import free_port, running

OpenWindow = Callable[..., Window]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright, chromium(playwright) as started:
        yield started


@pytest.fixture(scope="session")
def house(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """With something of everything in it. After the browser: without one it is not built."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url=url + "/twilio/inbound", opt_out="off"
    )
    with (
        embedded_postgres(forgetful=True) as postgres,
        embedded_valkey() as valkey,
        SimulatorServer(config) as twilio,
    ):
        env = {
            "DATABASE_URL": postgres,
            "REDIS_URL": valkey,
            "PUBLIC_URL": url,
            "TWILIO_API_URL": twilio.url,
            "APPROVAL_ABOVE": "5",  # in the story an alert to six people is approved, those to three are not
            "RECALL_SECONDS": "2",
            "PRICE_PER_PART": "0.0113",
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        with running(env, twilio, tmp_path_factory.mktemp("logs")) as system:
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
