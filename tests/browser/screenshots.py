"""``make screenshots``: the pages as they are after the demo's story, for README and the guides.

On a phone as it is held, with two pixels a dot; at a desk as wide as two columns need. What a guide shows is
taken in its language: ``home-phone.png``, ``home-phone-es.png``.
``python -m tests.browser.screenshots home-phone-es`` takes only those that are named.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import House, told, whole_system
from tests.browser.window import DESKTOP, PHONE, Window, chromium

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "images"
PAGES = {
    "home": "/",
    "action": "/actions/1",
    "compose": "/alerts/{draft}/change",
    "review": "/alerts/{draft}",
    "going-out": "/alerts/1",
    "conversation": "/inbox/{talk}",
    "flyer": "/lists/1/flyer",
}
TEXTS = {
    "en": "{title}: {when}, {where}. Will you come? YES or NO. STOP to leave.",
    "es": "¡{title}! {when}, {where}. “Ven” con nosotros. SI o NO. ALTO para salir.",
    "so": "{title}: {when}, {where}. Ma imanaysaa? HAA ama MAYA. JOOJI si aad uga baxdo.",
}


def shown(language: str) -> set[str]:
    """Names of the pictures that the guide in this language shows, without what says the language."""
    pages = (DOCS / "organizers" / language).glob("*.md")
    links = {name for page in pages for name in re.findall(r"images/([\w-]+)\.png", page.read_text("utf-8"))}
    return {named(name, "", language) for name in links}


def named(name: str, to: str, language: str = "") -> str:
    """A picture's name in another language; "" and English are without."""
    name = name.removesuffix(f"-{language}") if language not in ("", "en") else name
    return name if to in ("", "en") else f"{name}-{to}"


def main(only: frozenset[str]) -> None:
    """Take those, or all of them; what each weighs is printed."""
    guides = sorted(folder.name for folder in (DOCS / "organizers").iterdir() if folder.is_dir())
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
                for language in guides:
                    picture = f"{name}-{kind}"
                    file = named(picture, language)
                    if (language == "en" or picture in shown(language)) and (not only or file in only):
                        _take(house, browser, path, FOLDER / f"{file}.png", language, **how)


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
    return {name: path.format(draft=draft, talk=talk["id"]) for name, path in PAGES.items()}


def _take(house: House, browser: Browser, path: str, file: Path, language: str, **how: Any) -> None:
    window = Window(browser, house.url, house.cookies["marisol"], reduced_motion="reduce", **how)
    window.open(f"{path}?language={language}")
    window.page.screenshot(path=file, animations="disabled", caret="hide")
    window.close()
    print(f"{file.name}: {file.stat().st_size // 1000} KB")  # noqa: T201


if __name__ == "__main__":
    main(frozenset(sys.argv[1:]))
