"""Letters as keys of the inbox: nothing until they are switched on, and the focus stays where it was."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.house import House
from tests.browser.window import DESKTOP, Window

FOCUSED = "() => document.activeElement.id"


def _focused(one: Window) -> str:
    return str(one.page.evaluate(FOCUSED))


def test_letters_do_nothing_until_they_are_switched_on(house: House, window: OpenWindow) -> None:
    one = window("ana", viewport=DESKTOP)
    one.open("/inbox?show=all")
    for letter in "jjkurnl":
        one.page.keyboard.press(letter)
    assert _focused(one) == ""
    assert one.page.url.endswith("/inbox?show=all")
    one.page.locator('main a[href="/account#shortcuts"]').click()
    one.page.locator('[name="shortcuts"]').check()
    with one.page.expect_navigation():
        one.page.locator('form[action="/account/shortcuts"] button').click()
    assert one.page.locator('[name="shortcuts"]').is_checked()

    one.open("/inbox?show=all")
    rows = one.page.locator("[data-row]").evaluate_all("(all) => all.map((one) => one.id)")
    one.page.keyboard.press("j")
    assert _focused(one) == rows[0]
    one.page.keyboard.press("j")
    one.page.keyboard.press("j")
    one.page.keyboard.press("k")
    assert _focused(one) == rows[1]
    with one.page.expect_navigation():
        one.page.keyboard.press("Enter")
    assert one.page.url.endswith(rows[1].replace("row-", "/inbox/"))
    one.page.keyboard.press("r")
    assert _focused(one) == "text"
    one.page.keyboard.type("jkurnl")  # in a field a letter is a letter
    assert one.page.locator("#text").input_value() == "jkurnl"
    one.page.locator("#text").evaluate("(box) => box.blur()")
    with one.page.expect_navigation():
        one.page.keyboard.press("u")
    assert one.page.url.endswith("/inbox")


def test_the_focus_stays_on_its_row_when_the_list_comes_anew(house: House, window: OpenWindow) -> None:
    one = window("ana", viewport=DESKTOP)
    one.open("/inbox?show=all")
    row = one.page.locator("[data-row]").nth(1)
    name = row.get_attribute("id")
    row.focus()
    with one.page.expect_response(lambda answer: "/inbox/news" in answer.url and answer.status == 200):
        house.system.twilio.text("+19095550118", "Una pregunta más, por favor: ¿dónde?")
    expect(one.page.locator("#conversations")).to_contain_text("Una pregunta más")
    assert _focused(one) == name
