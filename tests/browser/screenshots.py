"""``make screenshots``: the pages as they are after the demo's story, for README and the guides.

On a phone as it is held, with two pixels a dot; at a desk as wide as two columns need.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import House, told, whole_system
from tests.browser.window import DESKTOP, PHONE, Window, chromium

FOLDER = Path(__file__).parents[2] / "docs" / "images"
TEXTS = {
    "en": "{title}: {when}, {where}. Will you come? YES or NO. STOP to leave.",
    "es": "¡{title}! {when}, {where}. “Ven” con nosotros. SI o NO. ALTO para salir.",
    "so": "{title}: {when}, {where}. Ma imanaysaa? HAA ama MAYA. JOOJI si aad uga baxdo.",
}


def main() -> None:
    """Take all of them; what each weighs is printed."""
    with (
        tempfile.TemporaryDirectory() as logs,
        sync_playwright() as playwright,
        chromium(playwright) as browser,
        whole_system(Path(logs)) as system,
    ):
        house = told(system)
        pages = _pages(house)
        for kind, how in (
            ("phone", {"viewport": PHONE, "device_scale_factor": 2}),
            ("desk", {"viewport": DESKTOP}),
        ):
            for name, path in pages.items():
                _take(house, browser, path, FOLDER / f"{name}-{kind}.png", **how)


def _pages(house: House) -> dict[str, str]:
    """By the name of the picture."""
    system = house.system
    question = "Is there a ride from Fontana? My shift ends at four."
    system.twilio.text("+19095550103", question)
    audience = {"lists": [1, 2]}
    draft = system.post("/v1/alerts", {"audience": audience, "text": TEXTS, "action": 1, "asks_rsvp": True})[
        "id"
    ]
    [talk] = system.get("/v1/conversations?state=open")["items"]
    return {
        "home": "/",
        "action": "/actions/1",
        "compose": f"/alerts/{draft}/change",
        "review": f"/alerts/{draft}",
        "going-out": "/alerts/1",
        "conversation": f"/inbox/{talk['id']}",
        "flyer": "/lists/1/flyer",
    }


def _take(house: House, browser: Browser, path: str, file: Path, **how: Any) -> None:
    window = Window(browser, house.url, house.cookies["marisol"], reduced_motion="reduce", **how)
    window.open(path)
    window.page.screenshot(path=file, animations="disabled", caret="hide")
    window.close()
    print(f"{file.name}: {file.stat().st_size // 1000} KB")  # noqa: T201


if __name__ == "__main__":
    main()
