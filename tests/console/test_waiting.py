"""What waits for whom on the first page: somebody else's alert to approve, one's own that is not approved."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from html import unescape

import pytest
from sqlalchemy import text

from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import Browser, browser, invited
from tests.console.test_alerts import filled_in, planned, send, written
from tests.worker import Worker, sent

pytestmark = pytest.mark.anyio
THEIRS = "It waits for your approval. Look at it first."
MINE = "It waits for somebody else's approval: you wrote it, or changed it or its action last."


@pytest.fixture
async def berta(api: Api) -> AsyncIterator[Browser]:
    async with browser() as one:
        await one.settle_in(await invited("berta@example.org", Role.ORGANIZER))
        yield one


async def waits(one: Browser) -> list[tuple[str, str]]:
    """Where the rows lead to, and what they say."""
    page = unescape(await one.open("/"))
    ids = Counter(re.findall(r' id="([^"]+)"', page))
    assert max(ids.values()) == 1, ids
    part = page.partition("<h2>What waits for you</h2>")[2].partition("<h2>")[0]
    return re.findall(r'href="([^"]+)">[^<]+</a><br><span>([^<]+)<', part)


async def approve(one: Browser, alert: str) -> None:
    version = (await filled_in(one, alert))["version"]
    await one.submit(f"{alert}/approve", {"version": version}, on=alert)


@pytest.mark.usefixtures("two_organizers")
async def test_who_did_not_write_it_is_asked_and_who_did_is_told(
    api: Api, ana: Browser, berta: Browser, inland: int
) -> None:
    action = await planned(ana)
    alert = await written(ana, action, inland)
    assert (await waits(ana), await waits(berta)) == ([(alert, MINE)], [(alert, THEIRS)])
    await approve(berta, alert)
    assert await waits(ana) == await waits(berta) == [(alert, "Approved: it can be sent.")]
    await api.patch(f"/v1{action}", {"place": "Another gate"})  # what was approved is not what it is now
    assert (await waits(ana), await waits(berta)) == ([(alert, MINE)], [(alert, THEIRS)])
    # Who changed it last is its writer.
    change = f"{alert}/change"
    await berta.submit(change, await filled_in(berta, change) | {"text-en": "Now!"}, on=change)
    assert (await waits(ana), await waits(berta)) == ([(alert, THEIRS)], [(alert, MINE)])


@pytest.mark.usefixtures("two_organizers")
async def test_few_people_take_no_approval(api: Api, ana: Browser, berta: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland, **{"only-en": "1", "only-es": "1"})
    assert await waits(ana) == [(alert, "Your draft: look at it, and send it.")]
    assert await waits(berta) == [(alert, "Somebody else's draft. It can be sent without your approval.")]


@pytest.mark.usefixtures("two_organizers")
async def test_nothing_waits_for_who_may_do_nothing(api: Api, ana: Browser, inland: int) -> None:
    await written(ana, await planned(ana), inland)
    async with browser() as vera:
        await vera.settle_in(await invited("vera@example.org", Role.VIEWER))
        assert "What waits for you" not in await vera.open("/")


@pytest.mark.usefixtures("two_organizers")
async def test_what_was_to_go_out_and_changed_is_approved_again_on_its_page(
    api: Api, ana: Browser, berta: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    action = await planned(ana)
    alert = await written(ana, action, inland)
    assert "Approve exactly this" not in await ana.open(alert)
    await approve(berta, alert)
    await send(ana, alert)
    assert await waits(berta) == []
    await api.patch(f"/v1{action}", {"title": {"en": "Walkout", "es": "Huelga", "so": "Shaqo joojin"}})
    assert await waits(berta) == [(alert, THEIRS)]  # it has its time still
    async with session_scope() as session:
        await session.execute(text("UPDATE alerts SET due_at = now()"))
    await worker.tick()
    assert "To so many, a second organizer approves exactly this first." in await ana.open("/")
    assert "antes otro organizador aprueba" in await ana.open("/?language=es")  # not in the words of the log
    assert (await waits(ana), await waits(berta)) == ([(alert, MINE)], [(alert, THEIRS)])
    assert "Approve exactly this" not in await ana.open(alert)
    assert "Walkout: " in await berta.open(alert)
    await approve(berta, alert)
    assert await waits(berta) == []
    assert "Approve exactly this" not in await berta.open(alert)
    await ana.submit(f"{alert}/resume", {}, on=alert)
    await worker.fan_out(int(alert.rsplit("/", 1)[1]))
    assert len(sent(twilio)) == 3


@pytest.mark.usefixtures("two_organizers")
@pytest.mark.parametrize("language", list(Language))
async def test_every_language_has_its_words(
    api: Api, ana: Browser, berta: Browser, inland: int, language: Language
) -> None:
    alert = await written(ana, await planned(ana), inland)
    for one in (ana, berta):
        assert f'href="{alert}"' in await one.open(f"/?language={language}")
