"""By whose clocks a time is meant, and that it is said wherever somebody could take it for their own."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from tests.api import Api
from tests.console.browser import Browser
from tests.console.test_alerts import SOON, filled_in, planned, send, written
from tests.story import YASMIN, inland_empire

pytestmark = pytest.mark.anyio
AT = f"{SOON - timedelta(days=1):%Y-%m-%d}T17:00"
TEXTS = {"text-en": "Tonight", "text-es": "Esta noche", "text-so": "Caawa"}


@pytest.fixture
async def shakopee(api: Api, inland: int) -> int:
    """A list two hours ahead of the office, beside one that is not."""
    words = {"en": "SHAKOPEE", "es": "ACCION", "so": "WARGELI"}
    facts = inland_empire(name="Shakopee", timezone="America/Chicago", join_words=words)
    made: int = (await api.post("/v1/lists", facts))["id"]
    await api.text(YASMIN, "WARGELI")
    return made


async def without_action(one: Browser, *lists: int) -> str:
    """The path of a draft for five in the afternoon."""
    fields = TEXTS | {f"list-{number}": "1" for number in lists} | {"when": "at", "at": AT}
    return (await one.submit("/alerts/new", fields, on="/alerts/new")).headers["location"]


async def test_without_an_action_a_time_is_by_the_clocks_of_the_list(
    api: Api, ana: Browser, inland: int, shakopee: int
) -> None:
    alert = await without_action(ana, shakopee)
    sent_at = datetime.fromisoformat((await api.get(f"/v1{alert}"))["send_at"])
    there = datetime.fromisoformat(f"{AT}-05:00"), datetime.fromisoformat(f"{AT}-06:00")
    assert sent_at in there
    assert (await filled_in(ana, f"{alert}/change"))["at"] == AT
    assert "5:00 PM (Chicago), done by" in await ana.open(alert)
    assert re.search(r"5:00 pm \(Chicago\)", await ana.open(f"{alert}?language=es"))
    assert re.search(r"\(Jikaago\)", await ana.open(f"{alert}?language=so"))
    await send(ana, alert)
    for path in (alert, "/"):
        assert "5:00 PM (Chicago)" in await ana.open(path)


async def test_beside_the_time_stands_by_whose_clocks_it_is(
    api: Api, ana: Browser, inland: int, shakopee: int
) -> None:
    async def says(*lists: int) -> str:
        fields = {f"list-{number}": "1" for number in lists}
        piece = (await ana.submit("/alerts/look", TEXTS | fields, 200, on="/alerts/new")).text
        found = re.search(r'<p id="clocks"[^>]*>([^<]*)</p>', piece)
        assert found
        return found[1]

    assert await says(shakopee) == "By the clocks of Chicago."
    assert await says(inland) == "By the clocks of Los Angeles."
    assert await says(inland, shakopee) == (
        "These lists have different clocks. This is by those of Los Angeles."
    )
    action = await planned(ana, timezone="America/New_York")
    form = await ana.open(f"/alerts/new?action={action.rsplit('/', 1)[1]}")
    assert '<p class="hint" id="clocks">By the clocks of New York.</p>' in form
    assert 'aria-describedby="clocks"' in form


async def test_an_action_says_where_its_clocks_are(api: Api, ana: Browser, inland: int) -> None:
    here = await planned(ana)
    alert = await written(ana, here, inland)
    for path in ("/", "/actions", here, alert, f"{alert}/change"):
        assert "Los Angeles" not in await ana.open(path)
    there = await planned(ana, timezone="America/Chicago")
    for path in ("/", "/actions", f"{there}/roster", f"{there}/correction"):
        page = await ana.open(path)
        assert "5:00 PM (Chicago)" in page
        assert "(Los Angeles)" not in page  # everybody's own
    assert "7:00 PM (Chicago)" in await ana.open(there)
    far = await written(ana, there, inland)
    assert "from now, done by" in await ana.open(far)
    assert re.search(r"done by \d+:\d\d [AP]M \(Chicago\)", await ana.open(far))
