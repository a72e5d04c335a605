"""A window of a real browser, that is watched while somebody uses it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, Request

HERE = Path(__file__).parent
AXE = HERE.parents[1] / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 900}
# WCAG 2.2, levels A and AA. https://github.com/dequelabs/axe-core/blob/develop/doc/API.md#axe-core-tags
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(one.value);
}).observe({ type: "layout-shift", buffered: true });
window.broken = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.broken.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
# As no thumb can: what is asked for need not be filled in, and what is folded, or for who has no scripts, is.
SUBMIT = """(form, [filled, button]) => {
  for (const [name, value] of Object.entries(filled)) {
    const hidden = Object.assign(document.createElement("input"), { type: "hidden", name });
    const field = form.elements[name] ?? form.appendChild(hidden);
    if (field.type === "checkbox") field.checked = true;
    else field.value = value;
  }
  form.noValidate = true;
  if (button) form.requestSubmit(form.querySelector(button));
  else form.submit();
}"""
UNFOLD = """() => {
  for (const one of document.querySelectorAll("details:not([open])")) {
    one.open = true;
    one.dataset.was = "folded";
  }
}"""
FOLD_AGAIN = """() => {
  for (const one of document.querySelectorAll("details[data-was]")) {
    one.open = false;
    delete one.dataset.was;
  }
}"""
NOTHING: Mapping[str, str] = MappingProxyType({})
AFTER_A_FORM = (403, 404, 409, 422, 429)  # a page that says what is wrong comes with one of these
PATIENCE_MS = 60_000
# What htmx says of a request that was taken back, because the page is left or because of newer typing. The
# first it says of each that failed, before it says how: htmx:sendError, htmx:timeout (its onerror, onabort).
TAKEN_BACK = ("htmx:afterRequest", "htmx:sendAbort")


class NotInstalled(Exception):
    """Something that these tests need is not on this machine."""


@contextmanager
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium. Raises NotInstalled."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise NotInstalled("There is no Chromium. Debian: apt-get update && apt-get install -y chromium")
    browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
    try:
        yield browser
    finally:
        browser.close()


@cache
def axe_source() -> str:
    """Of axe-core. Raises NotInstalled."""
    if not AXE.exists():
        raise NotInstalled("There is no axe-core. Run: make assets")
    return AXE.read_text("utf-8")


@cache
def _looking() -> str:
    return (HERE / "looking.js").read_text("utf-8")


class Window:
    """One page in a context of its own. ``faults``: what went wrong on the way.

    ``awaited``: with which errors a page may be answered.
    """

    def __init__(
        self,
        browser: Browser,
        base: str,
        cookies: dict[str, str] | None = None,
        *,
        scripts: bool = True,
        awaited: tuple[int, ...] = AFTER_A_FORM,
        **how: Any,
    ) -> None:
        self.base = base
        self.faults: list[str] = []
        self.by_keyboard = False
        self.scripts = scripts
        self._awaited = awaited
        self._answered: dict[str, int] = {}  # pages that came with an error: address → status
        self.context = browser.new_context(
            base_url=base, java_script_enabled=scripts, **({"viewport": PHONE, "locale": "en-US"} | how)
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.add_cookies(
            [{"name": name, "value": value, "url": base} for name, value in (cookies or {}).items()]
        )
        if scripts:
            self.context.add_init_script(SHIFTS)
        self.page: Page = self.context.new_page()
        self.page.on("request", self._asked)
        self.page.on("response", lambda one: self._answered.update({one.url: one.status}))
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self.faults.append(f"dialog: {dialog.message}"))

    def close(self) -> None:
        """Every test looks at ``faults`` before."""
        self.context.close()

    def open(self, path: str) -> None:
        """Go there, and wait until all of it is loaded."""
        self.page.goto(path, wait_until="load")

    def axe(self, *rules: str) -> list[str]:
        """What axe finds on the page; only by ``rules``, if any are given."""
        only = {"type": "rule", "values": list(rules)} if rules else {"type": "tag", "values": list(TAGS)}
        # Its source is an expression that the inspector runs: the page's policy does not let a script in.
        if not self.page.evaluate("() => 'axe' in window"):
            self.page.evaluate(axe_source())
        found = self.page.evaluate(
            "async (only) => (await axe.run(document, { runOnly: only })).violations",
            only,
        )
        return [
            f"{one['id']}: {one['help']}: {' '.join(node['html'].split())[:160]}"
            for one in found
            for node in one["nodes"]
        ]

    def look(self, name: str, given: object = None) -> Any:
        """Call a function of looking.js."""
        if not self.page.evaluate("() => 'looking' in window"):
            self.page.evaluate(f"() => {{ window.looking = {_looking()}; }}")
        return self.page.evaluate("([name, given]) => window.looking[name](given)", [name, given])

    def unfold(self) -> None:
        """Open whatever is folded: axe passes over what cannot be seen."""
        self.page.evaluate(UNFOLD)

    def looked(self) -> list[str]:
        """What is wrong with it on a phone and at a desk, unfolded; afterwards it is as it was."""
        self.unfold()
        faults = self.broken()
        faults += self.look("idle")
        for size in (PHONE, DESKTOP):
            self.page.set_viewport_size(size)  # type: ignore[arg-type]
            faults += self.axe() + self.look("overflow")
        self.page.evaluate(FOLD_AGAIN)
        return faults

    def shifted(self) -> float:
        """How much has jumped since the page began to load. https://web.dev/articles/cls"""
        return float(self.page.evaluate("() => window.shifts.reduce((sum, one) => sum + one, 0)"))

    def broken(self) -> list[str]:
        """Rules of the page's policy that something on it broke."""
        found: list[str] = self.page.evaluate("() => window.broken")
        return found

    def fill(self, fields: dict[str, str]) -> None:
        """Write into the form's fields, by their names; "1" ticks a box."""
        for name, value in fields.items():
            one = self.page.locator(f'main form [name="{name}"]:not([type="hidden"])').first
            kind = one.get_attribute("type")
            if self.by_keyboard:
                self._type(one, kind, value)
            elif kind == "checkbox":
                one.check()
            elif kind is None and one.locator("option").count():
                one.select_option(value)
            else:
                one.fill(value)

    def press(self, where: str) -> None:
        """Send the form that goes to an address that begins so; wait for the page that answers."""
        form = self.page.locator(f'main form[method="post"][action^="{where}"]')
        button = form.locator('button:not([tabindex="-1"]):not([formaction]):not([name])').first
        with self.page.expect_navigation():
            if self.by_keyboard:
                self.tab_to(button)
                self.page.keyboard.press("Enter")
            else:
                button.click()

    def submit(self, where: str, filled: Mapping[str, str] = NOTHING, button: str = "") -> None:
        """Send the form that goes to an address that begins so, whatever the browser would say of it.

        ``button``: which of its buttons is pressed, as a selector.
        """
        form = self.page.locator(f'main form[method="post"][action^="{where}"]').first
        with self.page.expect_navigation():
            form.evaluate(SUBMIT, [dict(filled), button])

    @property
    def status(self) -> int:
        """With which the page came that is shown."""
        return self._answered[self.page.url.partition("#")[0]]

    def follow(self, where: str) -> None:
        """Go by the first link on the page to an address."""
        link = self.page.locator(f'main a[href="{where}"]').first
        with self.page.expect_navigation():
            if self.by_keyboard:
                self.tab_to(link)
                self.page.keyboard.press("Enter")
            else:
                link.click()

    def says(self, words: str) -> None:
        """Wait until the page says so."""
        self.page.locator("main", has_text=words).wait_for()

    def _type(self, one: Locator, kind: str | None, value: str) -> None:
        self.tab_to(one)
        if kind == "checkbox":
            if not one.is_checked():
                self.page.keyboard.press("Space")
        elif kind in ("datetime-local", "date", "time"):
            one.fill(value)  # how it is typed, the browser says; that it is reached was seen
        elif kind is None and one.locator("option").count():
            wanted = one.locator(f'option[value="{value}"]').inner_text()
            self.page.keyboard.type(wanted)
        else:
            self.page.keyboard.press("Control+A")
            self.page.keyboard.type(value)

    def tab_to(self, wanted: Locator) -> None:
        """Press Tab until it has the focus."""
        for _ in range(200):
            if wanted.evaluate("one => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {wanted}")

    def _asked(self, request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob") and f"{url.scheme}://{url.netloc}" != self.base:
            self.faults.append(f"asks another host: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        status = self._answered.get(message.location.get("url", ""), 200)
        if "Failed to load resource" in message.text and status in self._awaited:
            return  # the page itself came with this status
        if message.text.split(",")[0] in TAKEN_BACK:
            return
        self.faults.append(f"{message.type}: {message.text} {json.dumps(message.location)}")
