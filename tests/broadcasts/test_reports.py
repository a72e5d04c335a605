"""A report is the sum of its deliveries, always; and says what happened in plain words."""

from __future__ import annotations

import csv
import io
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from alerts.broadcasts.callbacks import Callback, record_callbacks
from alerts.broadcasts.letters import forget as forget_texts
from alerts.broadcasts.reasons import PLAIN, Reason
from alerts.broadcasts.states import MOVES, DeliveryState, may_move
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.engine import autocommit, session_scope
from tests.api import Api
from tests.broadcasts.letters import someone
from tests.story import JAMES, MARIA, YASMIN, alert, inland_empire
from tests.worker import Worker

pytestmark = pytest.mark.anyio
PLAIN_TEXT = {"en": "Hi", "es": "Hola", "so": "Nabad"}


async def change(statement: str, **given: Any) -> None:
    async with session_scope() as session:
        await session.execute(text(statement), given)


ALIKE = "alert_id, language, state, coalesce(list_id, 0), coalesce(code, 0), coalesce(reason, '')"


async def counted() -> None:
    """What is kept as deliveries move is what there is when each is counted."""
    async with session_scope() as session:
        there = await session.execute(text(f"SELECT {ALIKE}, count(*) FROM deliveries GROUP BY {ALIKE}"))
        kept = await session.execute(
            text(
                f"SELECT {ALIKE}, sum(deliveries) FROM progress GROUP BY {ALIKE} HAVING sum(deliveries) <> 0"
            )
        )
        assert sorted(map(tuple, kept)) == sorted(map(tuple, there))


def summed(report: dict[str, Any]) -> None:
    """Every way to add it up is the same."""
    people = report["people"]
    assert sum(report["states"].values()) == people
    assert sum(sum(states.values()) for states in report["languages"].values()) == people
    assert sum(sum(one["states"].values()) for one in report["lists"]) == people
    assert sum(report["skipped"].values()) == report["states"]["skipped"]
    assert sum(report["failed"].values()) == report["states"]["failed"] + report["states"]["undelivered"]


async def test_it_says_who_got_it_who_did_not_and_why(
    api: Api, inland: int, worker: Worker, twilio: SimulatorServer
) -> None:
    await api.text("+19095550190", "JOIN")  # the carrier refuses this one: no phone number
    await api.text(YASMIN, "JOOJI")
    made = await api.post("/v1/alerts", alert(inland, None, text={**PLAIN_TEXT, "es": "a" * 161}))
    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.fan_out(made["id"])
    report = await api.get(f"/v1/alerts/{made['id']}/report/whole")
    summed(report)
    await counted()
    assert report["people"] == 4
    assert report["failed"] == {"this is not a phone number": 1}
    assert report["skipped"] == {PLAIN[Reason.LEFT]: 1}
    assert report["lists"] == [{"list": inland, "states": {"accepted": 2, "failed": 1, "skipped": 1}}]
    assert report["parts"] == 3  # two of the Spanish text, one of the English
    assert report["price"] is None


async def test_answers_and_leavers_are_those_of_its_own_texts(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    await api.text(MARIA, "si")
    await api.text(JAMES, "no")
    await api.text(YASMIN, "JOOJI")
    report = await api.get(f"/v1/alerts/{called}/report/whole")
    assert Counter({one["answer"]: one["people"] for one in report["answers"]}) == {"yes": 1, "no": 1}
    assert report["left"] == 1
    second = await api.post("/v1/alerts", alert(1, None, text=PLAIN_TEXT))
    await api.post(f"/v1/alerts/{second['id']}/send", status=202)
    await worker.fan_out(second["id"])
    await api.text(JAMES, "stop")
    assert (await api.get(f"/v1/alerts/{called}/report/whole"))[
        "left"
    ] == 1  # James left because of the second
    report = await api.get(f"/v1/alerts/{second['id']}/report/whole")
    assert (report["left"], report["answers"]) == (1, [])


async def test_who_left_because_of_a_text_said_so_and_had_it(api: Api, called: int, worker: Worker) -> None:
    await worker.fan_out(called)
    await change("UPDATE deliveries SET state = 'failed', code = 21610 WHERE subscriber_id = 1")
    await api.text(MARIA, "ALTO")  # it never came to her
    await api.client.delete(f"/v1/subscribers/{await someone(api, YASMIN)}")  # an organizer did that
    report = await api.get(f"/v1/alerts/{called}/report/whole")
    assert report["left"] == 0
    second = await api.post("/v1/alerts", alert(1, None, text=PLAIN_TEXT))
    await api.post(f"/v1/alerts/{second['id']}/send", status=202)
    await worker.prepare(second["id"])
    await change("UPDATE deliveries SET state = 'skipped', claimed_at = now() WHERE alert_id = 2")
    await api.text(JAMES, "stop")  # the second was looked at, and never left
    report = await api.get(f"/v1/alerts/{called}/report/whole")
    assert report["left"] == 1


async def test_the_report_of_an_action_is_the_sum_of_its_alerts(
    api: Api, called: int, worker: Worker
) -> None:
    await worker.fan_out(called)
    more = await api.post("/v1/alerts", alert(1, 1, audience={"lists": [1], "languages": ["es"]}))
    await api.post(f"/v1/alerts/{more['id']}/send", status=202)
    await worker.fan_out(more["id"])
    whole = await api.get("/v1/actions/1/report")
    summed(whole)
    parts = [await api.get(f"/v1/alerts/{number}/report/whole") for number in (called, more["id"])]
    assert whole["people"] == sum(one["people"] for one in parts) == 4
    assert whole["parts"] == sum(one["parts"] for one in parts)


async def test_as_csv_numbers_are_masked_and_no_cell_is_a_formula(
    api: Api, trusted_api: Api, worker: Worker
) -> None:
    made = await api.post("/v1/lists", inland_empire(name="=HYPERLINK()"))
    await api.text(MARIA, "UNETE")
    sent = await api.post("/v1/alerts", alert(made["id"], None, text=PLAIN_TEXT))
    await api.post(f"/v1/alerts/{sent['id']}/send", status=202)
    await worker.fan_out(sent["id"])
    for client, phone in ((api, "•••01"), (trusted_api, "'" + MARIA)):
        answer = await client.client.get(f"/v1/alerts/{sent['id']}/report.csv")
        assert answer.headers["content-disposition"] == f'attachment; filename="alert-{sent["id"]}.csv"'
        [row] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
        assert (row["phone"], row["list"], row["state"]) == (phone, "'=HYPERLINK()", "accepted")
    assert len((await api.client.get(f"/v1/alerts/{sent['id']}/report.csv")).text.splitlines()) == 2


async def test_every_reason_that_a_statement_writes_has_plain_words() -> None:
    assert set(PLAIN) == set(Reason)


async def test_none_and_nothing_are_counted_as_one(api: Api, called: int, worker: Worker) -> None:
    """A carrier that says error 0 beside others that say nothing, in one group of callbacks."""
    await worker.prepare(called)
    await change("UPDATE deliveries SET code = CASE WHEN subscriber_id = 1 THEN 0 END, language = 'en'")
    await counted()


walks = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(DeliveryState)), max_size=25)


@given(walks)
@settings(max_examples=60)
def test_the_move_table_never_leaves_anybody_without_a_state(walk: list[tuple[int, DeliveryState]]) -> None:
    people = [DeliveryState.WAITING] * 3
    for who, state in walk:
        if may_move(people[who], state):
            people[who] = state
        assert sum(Counter(people).values()) == 3
        assert all(one in MOVES for one in people)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_moves_people_are_partitioned_over_the_states(
    api: Api, inland: int, worker: Worker, seed: int
) -> None:
    """At random, by the statements that the house uses: claims, outcomes, callbacks, leaving, cancelling."""
    chance = random.Random(seed)
    made = await api.post("/v1/alerts", alert(inland, None, text=PLAIN_TEXT))

    async def hear() -> None:
        one = chance.choice((await api.get(f"/v1/alerts/{made['id']}/deliveries"))["items"])
        state = chance.choice((DeliveryState.SENT, DeliveryState.UNDELIVERED, DeliveryState.FAILED))
        code = chance.choice((30003, 30005, None))
        callback = Callback(one["id"], one["message_sid"] or f"SM{one['id']:032x}", state, code)
        async with session_scope() as session:
            await record_callbacks(session, [callback])

    async def forget() -> None:
        async with autocommit() as connection, connection.transaction():
            await forget_texts(connection, [await someone(api, JAMES)])

    await api.post(f"/v1/alerts/{made['id']}/send", status=202)
    await worker.prepare(made["id"])
    steps = {
        "claim": lambda: worker.claim(made["id"]),
        "stint": lambda: worker.dispatch.stint(0.1),
        "lose": worker.lose_claims,
        "settle": worker.settle,
        "tick": worker.tick,
        "hear": hear,
        "forget": forget,
        "leave": lambda: api.text(YASMIN, "JOOJI"),
        "pause": lambda: api.client.post(f"/v1/alerts/{made['id']}/pause"),
        "resume": lambda: api.client.post(f"/v1/alerts/{made['id']}/resume"),
        "cancel": lambda: api.client.post(f"/v1/alerts/{made['id']}/cancel"),
    }
    for name in [*chance.choices(sorted(set(steps) - {"cancel"}), k=8), "cancel", "tick", "settle", "tick"]:
        await steps[name]()
        whole = await api.get(f"/v1/alerts/{made['id']}/report/whole")
        summed(whole)
        assert whole["people"] == 3
        await counted()
