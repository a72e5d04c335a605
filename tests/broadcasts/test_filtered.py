"""An alert that phone companies filter is paused before all of it is lost, and says why."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from sqlalchemy import text

from alerts.broadcasts.callbacks import Callback, record_callbacks
from alerts.broadcasts.filtered import AT_LEAST
from alerts.broadcasts.states import DeliveryState
from alerts.console.remedies import trouble_in_words
from alerts.language.languages import Language
from alerts.storage.engine import session_scope
from tests.api import Api
from tests.broadcasts.test_dispatch import crowd, sent, state
from tests.worker import Worker

pytestmark = pytest.mark.anyio
SPAM, OFF = 30007, 30003
PEOPLE = 4 * AT_LEAST


@pytest.fixture
async def going(api: Api, worker: Worker) -> int:
    """An alert of which every text is on its way."""
    made = await sent(api, await crowd(api, 1))
    await worker.prepare(made)
    async with session_scope() as session:
        await session.execute(
            text("""
                INSERT INTO deliveries
                    (alert_id, subscriber_id, language, sender, state, attempts, claimed_at)
                SELECT :alert, 1000 + n, 'en', 'x', 'sending', 1, now() FROM generate_series(1, :people) AS n
            """),
            {"alert": made, "people": PEOPLE},
        )
    return made


async def told(numbers: Iterable[int], state: DeliveryState, code: int | None = None) -> None:
    """What the carrier says of these texts, at once."""
    async with session_scope() as session:
        rows = await session.execute(text("SELECT subscriber_id - 1000, id FROM deliveries"))
        ids: dict[int, int] = {number: one for number, one in rows}  # noqa: C416 - rows are no tuples to mypy
        says = [Callback(ids[number], f"SM{number:032d}", state, code) for number in numbers]
        await record_callbacks(session, says)


async def is_paused(api: Api, alert_id: int) -> bool:
    return bool((await state(api, alert_id))["state"] == "paused")


async def test_it_is_paused_and_an_organizer_reads_why_and_what_to_do(api: Api, going: int) -> None:
    await told(range(1, 11), DeliveryState.DELIVERED)
    await told([11], DeliveryState.UNDELIVERED, SPAM)
    await told(range(12, 11 + AT_LEAST), DeliveryState.UNDELIVERED, SPAM)
    assert not await is_paused(api, going)
    await told([11 + AT_LEAST], DeliveryState.UNDELIVERED, SPAM)
    assert await is_paused(api, going)
    trouble = (await state(api, going))["trouble"]
    assert "30007" in trouble
    for language in Language:
        says, to_do = trouble_in_words(trouble, language)
        assert says != trouble
        assert to_do
    trail = await api.get("/v1/audit")
    assert [one["what"] for one in trail["items"]].count("paused") == 1


async def test_many_that_arrived_before_hide_nothing(api: Api, going: int) -> None:
    """A company often begins to filter in the middle of an alert."""
    await told(range(1, 2 * AT_LEAST), DeliveryState.DELIVERED)
    for number in range(2 * AT_LEAST, 3 * AT_LEAST + 1):
        assert not await is_paused(api, going)
        await told([number], DeliveryState.UNDELIVERED, SPAM)
    assert await is_paused(api, going)


async def test_who_goes_on_is_not_stopped_by_what_was_on_its_way(api: Api, going: int) -> None:
    await told([1], DeliveryState.UNDELIVERED, SPAM)
    await told(range(2, 2 + AT_LEAST), DeliveryState.UNDELIVERED, SPAM)
    assert await is_paused(api, going)
    await told(range(60, 60 + AT_LEAST), DeliveryState.UNDELIVERED, SPAM)
    await api.post(f"/v1/alerts/{going}/resume", status=200)
    await told([111], DeliveryState.UNDELIVERED, SPAM)
    await told(range(112, 111 + AT_LEAST), DeliveryState.UNDELIVERED, SPAM)
    assert not await is_paused(api, going)
    await told([111 + AT_LEAST], DeliveryState.UNDELIVERED, SPAM)
    assert await is_paused(api, going)


@pytest.mark.parametrize(
    ("arrive", "code"),
    [(3, SPAM), (0, OFF)],
    ids=["one company in four filters it", "all phones are switched off"],
)
async def test_it_goes_on_where_it_is_not_the_text(api: Api, going: int, arrive: int, code: int) -> None:
    await told([1], DeliveryState.UNDELIVERED, code)
    for first in range(2, PEOPLE - 4, 4):
        if arrive:
            await told(range(first, first + arrive), DeliveryState.DELIVERED)
        await told(range(first + arrive, first + 4), DeliveryState.UNDELIVERED, code)
    assert not await is_paused(api, going)


async def test_where_companies_give_no_receipt_a_few_that_are_filtered_are_few(api: Api, going: int) -> None:
    await told(range(1, AT_LEAST), DeliveryState.SENT)
    for number in range(AT_LEAST, 2 * AT_LEAST):
        await told([number], DeliveryState.UNDELIVERED, SPAM)
        await told([number + 2 * AT_LEAST], DeliveryState.SENT)
    assert not await is_paused(api, going)
