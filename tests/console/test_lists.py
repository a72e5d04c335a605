"""The pages of lists, and flyers that open a phone's texts with number and word filled in."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerts.console.flyers import opens_texts
from alerts.settings import settings
from alerts.team.actors import Role
from tests.api import Api
from tests.conftest import OUR_NUMBER
from tests.console.browser import Browser, browser, invited

pytestmark = pytest.mark.anyio
NIGHT = {"name": "Night shift", "timezone": "America/Chicago", "word-es": "NOCHE", "word-so": "HABEEN"}


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    """An organizer at a browser."""
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


async def test_a_list_is_made_and_can_be_joined(api: Api, ana: Browser, inland: int) -> None:
    await ana.submit("/lists/new", NIGHT | {"confirms": "1"}, on="/lists/new")
    page = await ana.open("/lists")
    assert "Night shift" in page
    assert "People who can be texted: 3" in page
    assert "People who can be texted: 0" in page
    assert "SI" in str(await api.text("+19095550150", "noche"))


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"name": ""}, 422, "the name"),
        ({"name": "Inland Empire"}, 409, "There is a list with this name already."),
        ({"word-es": "UNETE"}, 409, "UNETE means something already."),
        ({"word-es": "STOP"}, 422, "STOP means something already."),
        ({"word-es": "", "word-so": ""}, 422, "a join word, in one language at least"),
        ({"timezone": "Mars/Base"}, 422, "America/Chicago"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(
    api: Api, ana: Browser, inland: int, changes: dict[str, str], status: int, says: str
) -> None:
    answer = await ana.submit("/lists/new", NIGHT | changes, status, on="/lists/new")
    assert says in answer.text
    assert len((await api.get("/v1/lists"))["items"]) == 1


async def test_a_flyer_calls_in_three_languages(ana: Browser, inland: int) -> None:
    page = await ana.open(f"/lists/{inland}/flyer")
    assert page.count("<svg") == 3
    for call in (
        "Text JOIN to (909) 555-0100",
        "Manda UNETE al (909) 555-0100",
        "KU BIIR u dir (909) 555-0100",
    ):
        assert call in page
    assert page.count(f"<h2>{settings().organization_name}</h2>") == 3
    for terms in ("Message and data rates may apply", "Pueden aplicar tarifas", "Kharash fariin iyo data"):
        assert terms in page
    assert page.count("HELP") == page.count("STOP") == 3


def test_the_square_opens_a_text_with_number_and_word() -> None:
    assert opens_texts(OUR_NUMBER, "KU BIIR") == f"sms:{OUR_NUMBER}?&body=KU%20BIIR"


async def test_a_list_shows_how_many_there_were_in_a_picture_and_a_table(ana: Browser, inland: int) -> None:
    page = await ana.open(f"/lists/{inland}")
    assert 'role="img"' in page
    assert page.count("<polyline") == 3
    assert 'style="' not in page
    assert page.count('<tr><th scope="row">') == 13
    assert "KU BIIR" in page
    assert f"/join/{inland}" in page


async def test_a_list_is_changed_and_an_empty_one_deleted(api: Api, ana: Browser, inland: int) -> None:
    path = f"/lists/{inland}/change"
    form = {"name": "Night", "timezone": "America/Chicago", "word-en": "NIGHT", "opens": "20:00"}
    assert "hours" in (await ana.submit(path, form, 422, on=path)).text
    await ana.submit(path, form | {"closes": "06:00"}, on=path)
    changed = await api.get(f"/v1/lists/{inland}")
    assert (changed["name"], changed["join_words"]) == ("Night", {"en": "NIGHT"})
    assert changed["hours"] == {"opens": "20:00", "closes": "06:00"}
    for name in ("Night", "NIGHT", "America/Chicago", "20:00", "06:00"):
        assert f'value="{name}"' in await ana.open(path)
    gone = f"/lists/{inland}/delete"
    await ana.submit(gone, {"sure": "1"}, 409, on=path)
    made = await ana.submit("/lists/new", NIGHT, on="/lists/new")
    await ana.submit(made.headers["location"] + "/delete", {}, 422, on=path)
    await ana.submit(made.headers["location"] + "/delete", {"sure": "1"}, on=path)
    assert len((await api.get("/v1/lists"))["items"]) == 1
