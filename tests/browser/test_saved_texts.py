"""A saved text on each form that writes an alert: chosen, put back and saved, with scripts and without."""

from __future__ import annotations

import pytest

from alerts.language.languages import Language
from tests.browser.conftest import OpenWindow
from tests.browser.house import LONG, House
from tests.browser.window import Window


def _press(one: Window, name: str) -> None:
    with one.page.expect_navigation():
        one.page.locator(f'main button[name="{name}"]').click()


def _text(one: Window, language: str) -> str:
    return one.page.locator(f"#text-{language}").input_value()


def _choose(one: Window, name: str) -> None:
    wanted = one.page.locator("#saved option", has_text=name).first.get_attribute("value")
    one.page.locator("#saved").select_option(wanted)


@pytest.mark.parametrize("scripts", [True, False])
def test_it_is_chosen_put_back_and_saved(house: House, window: OpenWindow, scripts: bool) -> None:
    one = window("ana", scripts=scripts)
    one.open("/alerts/new?action=1")
    one.fill({"text-en": "Typed by hand", "list-1": "1"})
    _choose(one, "Call")
    _press(one, "fill")
    assert [_text(one, language) for language in ("en", "es")] == [
        f"Come to {{where}}, {LONG}",
        "Ven a {where}",
    ]
    assert one.page.locator('[name="list-1"]').is_checked()
    _press(one, "back")
    assert _text(one, "en") == "Typed by hand"

    name = f"By hand {scripts}"
    one.page.locator("summary", has_text="Save this text").click()
    one.fill({"name": name})
    _press(one, "keep")
    one.says(f"Saved as {name}.")
    one.open("/alerts/new?action=1")
    _choose(one, name)
    _press(one, "fill")
    assert _text(one, "en") == "Typed by hand"
    assert "Ven" not in _text(one, "so")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("form", ["/alerts/new", "/actions/2/reminders/new", "/actions/{moved}/correction"])
def test_each_look_of_it_is_readable(house: House, window: OpenWindow, form: str, language: Language) -> None:
    one = window("ana")
    faults = []
    moved = house.stands_for["action_id"][-1]
    one.open(f"{form.format(moved=moved)}?action=1&language={language}")
    _press(one, "fill")  # nothing is chosen: it says so
    faults += one.looked()
    _choose(one, "Call")
    _press(one, "fill")
    assert one.page.locator('button[name="back"]').is_visible()
    faults += one.looked()
    one.page.locator("summary:has(+ label[for=name])").click()
    one.fill({"name": f"Again {language}"})
    _press(one, "keep")
    one.says(f"Again {language}")
    assert one.page.locator("html").get_attribute("lang") == language
    faults += one.looked()
    assert not faults, "\n".join(faults)
