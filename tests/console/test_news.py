"""Watching an alert go out: pieces come as they change, and end with it or with the watcher's session."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from html import unescape

import pytest
from sqlalchemy import delete, select, text

from alerts.broadcasts.reasons import PLAIN
from alerts.carrier.codes import CODES
from alerts.carrier.simulator.server import SimulatorServer
from alerts.console import news
from alerts.console.alerts_shown import REASONS
from alerts.console.remedies import TO_DO, TROUBLES, trouble_in_words, whys
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from alerts.team.actors import Role
from alerts.team.models import OrganizerSession
from alerts.team.sessions import SignedIn, signed_in
from tests.api import Api
from tests.console.browser import Browser, browser, invited
from tests.console.test_alerts import planned, send, written
from tests.story import JAMES
from tests.worker import Worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(news, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(news, "SLOW_SECONDS", 0.05)


async def who_is(one: Browser) -> SignedIn:
    cookie = one.client.cookies.get("session")
    assert cookie
    async with session_scope() as session:
        found = await signed_in(session, cookie, "")
    assert found
    return found


def read(events: list[str]) -> list[tuple[str, str]]:
    """Their names, and what is in them."""
    told = []
    for event in events:
        name, *lines = event.rstrip("\n").split("\n")
        assert all(line.startswith("data:") for line in lines), event
        told.append((name.removeprefix("event: "), "\n".join(line[6:] for line in lines)))
    return told


async def test_pieces_come_as_they_change_until_all_have_arrived(
    api: Api, ana: Browser, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    alert = await written(ana, await planned(ana), inland)
    number = int(alert.rsplit("/", 1)[1])
    await send(ana, alert)
    events: list[str] = []
    reader = await who_is(ana)

    async def watch() -> None:
        async for event in news.news(number, reader, Language.EN):
            events.append(event)  # noqa: PERF401 - they are read while it goes on

    watching = asyncio.create_task(watch())
    await worker.fan_out(number)
    for row in (await api.get(f"/v1/alerts/{number}/deliveries"))["items"]:
        await api.status(row["id"], row["message_sid"], "delivered")
    async with asyncio.timeout(20):
        await watching
    told = read(events)
    assert [name for name, _ in told][:3] == ["state", "buttons", "now"]
    assert [piece for name, piece in told if name == "state"][-1] == "Sent"
    last = [piece for name, piece in told if name == "now"][-1]
    assert "3 of 3" in last
    assert re.search(r"Arrived</th><td>3</td><td>1</td><td>1</td><td>1</td>", last)
    assert [name for name, _ in told][-2:] == ["after", "over"]
    assert "Message parts: 3." in told[-2][1]
    assert len(set(told)) == len(told)
    assert "pause" in next(piece for name, piece in told if name == "buttons")
    assert "<form" not in [piece for name, piece in told if name == "buttons"][-1]


async def test_it_ends_with_the_session_and_does_not_prolong_it(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    await send(ana, alert)
    reader = await who_is(ana)
    async with session_scope() as session:
        await session.execute(text("UPDATE organizer_sessions SET seen_at = now() - interval '100 minutes'"))
    before = await seen_at(reader)
    pieces = news.news(int(alert.rsplit("/", 1)[1]), reader, Language.EN)
    async with asyncio.timeout(20):
        assert [(await anext(pieces)).split("\n")[0] for _ in range(3)] == [
            "event: state",
            "event: buttons",
            "event: now",
        ]
        assert await seen_at(reader) == before
        async with session_scope() as session:
            await session.execute(delete(OrganizerSession))
        assert [event async for event in pieces] == [
            news.signed_out_line(Language.EN, alert).removesuffix(news.OVER),
            news.OVER,
        ]


async def seen_at(reader: SignedIn) -> object:
    async with session_scope() as session:
        query = select(OrganizerSession.seen_at).where(OrganizerSession.id == reader.session_id)
        return await session.scalar(query)


@pytest.mark.usefixtures("two_organizers")
async def test_what_can_be_undone_counts_its_seconds(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    async with browser() as two:
        await two.settle_in(await invited("berta@example.org", Role.ORGANIZER))
        version = re.search(r'name="version" value="(\w+)"', await two.open(alert))
        assert version
        await two.submit(f"{alert}/approve", {"version": version[1]}, on=alert)
    await send(ana, alert)
    page = await ana.open(alert)
    assert re.search(r'sse-swap="clock">It begins in (\d\d) seconds.<', page)
    pieces = news.news(int(alert.rsplit("/", 1)[1]), await who_is(ana), Language.ES)
    async with asyncio.timeout(20):
        told = read([await anext(pieces) for _ in range(5)])
    clocks = [piece for name, piece in told if name == "clock"]
    assert len(clocks) == 2
    assert all(re.fullmatch(r"Empieza en \d\d segundos\.", one) for one in clocks)
    await ana.submit(f"{alert}/undo", {}, on=alert)
    async with asyncio.timeout(20):
        rest = read([event async for event in pieces])
    assert ("state", "Borrador: no se envió nada") in rest
    assert rest[-1][0] == "over"


async def test_a_draft_and_what_is_not_there_have_no_news(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    answer = await ana.client.get(f"{alert}/news")
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.text.endswith(news.OVER)
    await ana.open("/alerts/999/news", 404)


async def test_people_who_sleep_are_not_counted_as_seconds(
    api: Api, ana: Browser, inland: int, worker: Worker
) -> None:
    alert = await written(ana, await planned(ana), inland)
    await send(ana, alert)
    await worker.fan_out(1)
    async with session_scope() as session:
        await session.execute(
            text("UPDATE deliveries SET state = 'waiting', not_before = now() + interval '9 hours'")
        )
        await session.execute(text("UPDATE alerts SET state = 'sending'"))
    page = await ana.open(alert)
    assert "for whom the carrier asks to wait: 3. It goes on" in page


async def test_why_it_stopped_is_said_with_what_to_do(api: Api, ana: Browser, inland: int) -> None:
    alert = await written(ana, await planned(ana), inland)
    await send(ana, alert)
    await api.text(JAMES, "STOP")
    trouble = f"{CODES[30034].meaning} (Twilio's code 30034)"
    async with session_scope() as session:
        query = text("UPDATE alerts SET state = 'paused', trouble = :trouble")
        await session.execute(query, {"trouble": trouble})
    page = unescape(await ana.open(alert))
    assert "Our number is not registered for texting. Put it right in Twilio's console" in page
    page = unescape(await ana.open(f"{alert}?language=so"))
    assert "konsoolka Twilio" in page


@pytest.mark.parametrize("read", list(Language))
def test_every_reason_has_its_words_and_something_to_do(read: Language) -> None:
    assert set(TO_DO) == REASONS
    assert all(one.says and one.to_do for one in whys(Counter(REASONS), read))
    [other] = whys(Counter({"of another version": 2}), read)
    assert (other.people, other.says, other.to_do) == (2, "of another version", "")
    assert trouble_in_words("something else", read) == ("something else", "")
    assert all(all(trouble_in_words(f"{begins} …", read)) for begins in TROUBLES)
    assert trouble_in_words(next(iter(PLAIN.values())), read)[1]
