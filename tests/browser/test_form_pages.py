"""Each page that answers a form, in each language, on a phone and at a desk. None has an address."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from alerts.language.languages import Language
from tests.browser.conftest import OpenWindow
from tests.browser.house import House, whole_system
from tests.browser.places import console_routes
from tests.browser.window import Window
from tests.console.browser import PASSWORD, code_at

Come = Callable[[House, OpenWindow, Language], tuple[Window, int]]  # ends with the status that is awaited
OURS = {"password": PASSWORD}
GONE = "00000000-0000-4000-8000-000000000000"  # no job is called so
# They lead to a page that has an address, or to one of test_error_pages.py, or answer with a file or a part.
LEAD_ELSEWHERE = {
    "/account/keys/{key_id}/end",
    "/account/language",
    "/account/sessions/end-others",
    "/account/sessions/{session_id}/end",
    "/account/shortcuts",
    "/actions/{action_id}/call-off",
    "/actions/{action_id}/reminders/{alert_id}/remove",
    "/alerts/look",
    "/alerts/texts/{template_id}/remove",
    "/alerts/{alert_id}/cancel",
    "/alerts/{alert_id}/pause",
    "/alerts/{alert_id}/resume",
    "/alerts/{alert_id}/undo",
    "/imports/{import_id}/take-back",
    "/inbox/kept/{canned_id}/remove",
    "/inbox/{subscriber_id}/assign",
    "/inbox/{subscriber_id}/close",
    "/inbox/{subscriber_id}/reopen",
    "/inbox/{subscriber_id}/take",
    "/inbox/{subscriber_id}/unread",
    "/sign-out",
    "/subscribers/export",
    "/subscribers/{subscriber_id}/left",
    "/subscribers/{subscriber_id}/take-off",
    "/team/keys/{key_id}/end",
    "/team/{organizer_id}/sessions/end",
    "/team/{organizer_id}/sessions/{session_id}/end",
}


@dataclass(frozen=True)
class Sent:
    """A form as somebody sends it, and with which status its page comes."""

    on: str  # the page it stands on; names in braces: see ``_named``
    to: str  # how its address begins
    filled: Mapping[str, str] = field(default_factory=dict)
    status: int = 422
    button: str = ""
    who: str = "marisol"

    def __call__(self, house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
        names = _named(house)
        one = window(self.who, awaited=(self.status,), locale=f"{language}-US")
        one.open(f"{self.on.format_map(names)}?language={language}")
        one.submit(self.to.format_map(names), self.filled, self.button)
        return one, self.status


def _named(house: House) -> dict[str, str]:
    """What the names in braces stand for: what there is one of, and what is right for such a page."""
    some = house.stands_for
    reminder, draft, large, *_ = some["alert_id"]
    return {
        "reminder": reminder,
        "draft": draft,
        "large": large,  # it takes an approval
        "action": some["action_id"][0],
        "moved": max(some["action_id"], key=int),
        "list": some["list_id"][0],
        "empty": some["empty"][0],
        "worker": some["subscriber_id"][0],
        "canned": some["canned_id"][0],
        "saved": some["template_id"][0],
        "colleague": some["organizer_id"][0],
        "invitation": f"/welcome/{some['token'][0]}",
    }


def _forgotten(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    phone = f"+1909555019{list(Language).index(language)}"
    facts = {"phone": phone, "language": "en", "lists": [1], "consent": "At the gate"}
    gone = house.system.post("/v1/subscribers", facts)["id"]
    return Sent(f"/subscribers/{gone}", f"/subscribers/{gone}/forget", {"sure": "1"}, 200)(
        house, window, language
    )


def _invited(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    who = {"name": "Nadia", "email": f"nadia-{language}@example.org"}
    return Sent("/team", "/team/invite", OURS | who, 200)(house, window, language)


def _invited_again(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    _invitation(house, f"again-{language}")
    new = house.system.get("/v1/organizers?limit=100")["items"][-1]["id"]
    return Sent(f"/team/{new}", f"/team/{new}/invite", OURS, 200)(house, window, language)


def _invitation(house: House, name: str) -> str:
    more = ("--name", name, "--role", "admin")
    link = house.system.command("organizer", "create", f"{name}@example.org", *more)
    return link.removeprefix(house.url)


def _settled_in(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    """They have their recovery codes before them; the last of ``house.secrets`` is what their app knows."""
    name = f"new-{len(house.secrets)}"
    link, one = _invitation(house, name), window(awaited=(401, 422), locale=f"{language}-US")
    one.open(f"{link}?language={language}")
    secret = house.secrets[name] = one.page.locator(".secret").inner_text().replace(" ", "")
    one.submit(link, OURS | {"code": code_at(secret, time.time())})
    return one, 200


def _wrong_password(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    stranger = {"email": f"stranger-{language}@example.org"}  # of one address few are let guess
    return Sent("/sign-in", "/sign-in", OURS | stranger, 401, who="")(house, window, language)


def _signed_out_while_writing(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    one, _ = _settled_in(house, window, language)
    one.open(f"/lists/new?language={language}")
    one.context.clear_cookies()
    one.submit("/lists/new", {"name": "The ones at the docks"})
    return one, 401


def _on_the_way_in(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    one, _ = _signed_out_while_writing(house, window, language)
    one.submit("/sign-in", OURS | {"email": f"{list(house.secrets)[-1]}@example.org"})
    return one, 200


def _back_again(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    one, _ = _on_the_way_in(house, window, language)
    one.submit("/sign-in/code", {"code": code_at(list(house.secrets.values())[-1], time.time() + 30)})
    return one, 200


def _wrong_code(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
    one, _ = _on_the_way_in(house, window, language)
    one.submit("/sign-in/code", {"code": "no code"})
    return one, 401


def _of_a_job_that_is_gone(what: str) -> Come:
    def come(house: House, window: OpenWindow, language: Language) -> tuple[Window, int]:
        one = window("marisol", awaited=(404,), locale=f"{language}-US")
        one.open(f"/team/jobs?language={language}")
        form = one.page.locator(f'main form[action*="/{what}"]').first
        form.evaluate(
            "(form, to) => form.setAttribute('action', to)", f"/team/jobs/{GONE}/{what}?language={language}"
        )
        one.submit(f"/team/jobs/{GONE}/{what}")
        return one, 404

    return come


# Of each form that is answered by a page: the ways to it.
PAGES: dict[str, list[Come]] = {
    "/account/keys": [
        Sent("/account", "/account/keys?", OURS | {"name": "laptop"}),
        Sent("/account", "/account/keys?", OURS | {"name": "laptop", "read": "1"}, 200),
    ],
    "/account/password": [Sent("/account", "/account/password", OURS | {"new": "short"})],
    "/account/phone": [Sent("/account", "/account/phone", OURS | {"phone": "12"})],
    "/account/recovery": [
        Sent("/account", "/account/recovery", OURS),
        Sent("/account", "/account/recovery", OURS | {"sure": "1"}, 200),
    ],
    "/actions/kit": [Sent("/actions/kit", "/actions/kit", {"starts": "2030-01-01T10:00"})],
    "/actions/new": [Sent("/actions/new", "/actions/new")],
    "/actions/{action_id}/change": [
        Sent("/actions/{action}/change", "/actions/{action}/change", {"place": "", "timezone": "nowhere"})
    ],
    "/actions/{action_id}/correction": [
        Sent(
            "/actions/{moved}/correction", "/actions/{moved}/correction", {"text-en": "", "text-es": "{wen}"}
        )
    ],
    "/actions/{action_id}/reminders/new": [
        Sent("/actions/{action}/reminders/new", "/actions/{action}/reminders/new", {"reason": "Rain"})
    ],
    "/actions/{action_id}/reminders/{alert_id}": [
        Sent("/actions/2/reminders/{reminder}", "/actions/2/reminders/{reminder}?", {"text-so": "{"})
    ],
    "/alerts/new": [
        Sent("/alerts/new", "/alerts/new", {"text-so": "Kaalay", "at": "2030-01-01T10:00"}),
        Sent("/alerts/new", "/alerts/new", {"text-en": "Come"}, button="[name=keep]"),
        Sent("/alerts/new", "/alerts/new", {"list-1": "1", "text-en": "“Come”", "look": "1"}, 200),
    ],
    "/alerts/texts/{template_id}": [Sent("/alerts/texts/{saved}", "/alerts/texts/{saved}?", {"name": ""})],
    "/alerts/{alert_id}/approve": [
        Sent("/alerts/{large}", "/alerts/{large}/approve", {"version": "old"}, 409, who="ana")
    ],
    "/alerts/{alert_id}/change": [
        Sent("/alerts/{draft}/change", "/alerts/{draft}/change", {"text-en": "", "reason": "Rain"})
    ],
    "/alerts/{alert_id}/send": [Sent("/alerts/{draft}", "/alerts/{draft}/send", {"version": "old"}, 409)],
    "/alerts/{alert_id}/test": [Sent("/alerts/{draft}", "/alerts/{draft}/test", {"phone": "12"})],
    "/imports/new": [Sent("/imports/new", "/imports/new", {"source": "Sheet"})],
    "/inbox/kept": [Sent("/inbox/kept", "/inbox/kept", {"text-es": "Gracias"})],
    "/inbox/kept/{canned_id}": [Sent("/inbox/kept/{canned}", "/inbox/kept/{canned}?", {"name": ""})],
    "/inbox/{subscriber_id}/answer": [Sent("/inbox/{worker}", "/inbox/{worker}/answer")],
    "/inbox/{subscriber_id}/count": [
        Sent("/inbox/{worker}", "/inbox/{worker}/answer", {"text": "¿Vienes?"}, 200, "[formaction]")
    ],
    "/join/{list_id}": [
        Sent("/join/{list}", "/join/{list}", {"phone": "12"}, who=""),
        Sent("/join/{list}", "/join/{list}", {"phone": "909 555 0198"}, 200, who=""),
    ],
    "/lists/new": [Sent("/lists/new", "/lists/new", {"name": "Docks", "word-en": "STOP"})],
    "/lists/{list_id}/change": [Sent("/lists/{list}/change", "/lists/{list}/change", {"name": ""})],
    "/lists/{list_id}/delete": [Sent("/lists/{empty}", "/lists/{empty}/delete")],
    "/sign-in": [
        _wrong_password,
        _signed_out_while_writing,
        _on_the_way_in,
    ],
    "/sign-in/code": [_wrong_code, _back_again],
    "/subscribers/find": [
        Sent("/subscribers", "/subscribers/find", {"phone": "12"}),
        Sent("/subscribers", "/subscribers/find", {"phone": "909 555 0199"}, 404),
    ],
    "/subscribers/new": [Sent("/subscribers/new", "/subscribers/new", {"phone": "909 555 0199"})],
    "/subscribers/{subscriber_id}/change": [
        Sent("/subscribers/{worker}", "/subscribers/{worker}/change", {"reads": ""})
    ],
    "/subscribers/{subscriber_id}/forget": [_forgotten],
    "/team/invite": [Sent("/team", "/team/invite", OURS | {"name": "Nadia"}), _invited],
    "/team/jobs/{job_id}/again": [_of_a_job_that_is_gone("again")],
    "/team/jobs/{job_id}/delete": [_of_a_job_that_is_gone("delete")],
    "/team/lockdown/now": [Sent("/team/lockdown", "/team/lockdown/now", {"sure": "1"})],
    "/team/{organizer_id}": [Sent("/team/{colleague}", "/team/{colleague}?", {"phone": "12"})],
    "/team/{organizer_id}/invite": [Sent("/team/{colleague}", "/team/{colleague}/invite"), _invited_again],
    "/welcome/{token}": [
        Sent("{invitation}", "{invitation}", {"password": "short", "code": "123456"}, who=""),
        _settled_in,
    ],
}
WAYS = [
    pytest.param(come, id=f"{route} {at}") for route, ways in PAGES.items() for at, come in enumerate(ways)
]


def test_no_form_is_forgotten() -> None:
    assert set(console_routes("POST")) == set(PAGES) | LEAD_ELSEWHERE
    assert not set(PAGES) & LEAD_ELSEWHERE


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("come", WAYS)
def test_a_page_of_a_form(house: House, window: OpenWindow, come: Come, language: Language) -> None:
    one, status = come(house, window, language)
    _is_right(one, status, language)


def test_the_page_after_a_lockdown(window: OpenWindow, tmp_path: Path) -> None:
    with whole_system(tmp_path) as system:
        locked = House(system)
        for language in Language:
            one, _ = _settled_in(locked, partial(window, base=locked.url), language)
            one.open(f"/team/lockdown?language={language}")
            one.submit("/team/lockdown/now", {"why": "A phone is gone", "sure": "1"})
            _is_right(one, 200, language)
            system.command("unlock")


def _is_right(one: Window, status: int, language: Language) -> None:
    assert one.status == status, one.page.locator("main").inner_text()
    assert one.page.locator("html").get_attribute("lang") == language
    said = one.page.locator("main #trouble, main .notice[role=status]").count()
    assert said or status == 200, one.page.locator("main").inner_text()
    faults = one.looked()
    assert not faults, "\n".join(faults)
