"""What came of texts that were claimed: written down in groups, and what follows from their codes."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from alerts.broadcasts import effects
from alerts.broadcasts.claims import Claimed
from alerts.broadcasts.statements import RECORD
from alerts.broadcasts.states import CARRIER_STATUS, DeliveryState
from alerts.carrier.sending import Accepted, NotTaken, NotWanted, Outcome, Refused
from alerts.storage.engine import DATABASE_AWAY, autocommit, for_the_driver, session_scope
from alerts.storage.meters import DATABASE, OUTCOMES, count, timed

GROUP = 1_000  # outcomes in one statement, at most
GATHER_SECONDS = 0.05  # an outcome waits so long for others
RECORD_AGAIN_AFTER = (0.2, 1.0, 3.0, 5.0)  # seconds; what is lost even so is settled

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Gone:
    """Its person was forgotten: what became of the text is nobody's to know."""


class Recorder:
    """Writes outcomes down in groups, while other texts are being sent. ``unwritten``: how many wait.

    ``written`` is set whenever these have become fewer.
    """

    def __init__(self, written: asyncio.Event) -> None:
        self._written = written
        self._waiting: list[tuple[Claimed, Outcome]] = []
        self._enough = asyncio.Event()
        self._closed = False
        self.unwritten = 0

    def add(self, one: Claimed, outcome: Outcome) -> None:
        """To be written down soon."""
        self._waiting.append((one, outcome))
        self.unwritten += 1
        if len(self._waiting) >= GROUP:
            self._enough.set()

    def close(self) -> None:
        """``run`` ends when all is written."""
        self._closed = True
        self._enough.set()

    async def run(self) -> None:
        """Write a group whenever one is full, or some have waited long enough; until closed."""
        while self._waiting or not self._closed:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), GATHER_SECONDS)
            group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
            if len(self._waiting) < GROUP and not self._closed:
                self._enough.clear()
            if group:
                await record(group)
                self.unwritten -= len(group)
                self._written.set()


async def record(outcomes: Sequence[tuple[Claimed, Outcome | Gone]]) -> None:
    """Write down what came of texts, in one statement, and do what their codes ask for.

    While PostgreSQL is away it is tried again; what cannot be written even so stays ``sending``
    until its lease ends, and is settled. One that cannot be written harms no other.
    """
    rows = [{"id": one.id, "attempt": one.attempt, **outcome_as_row(outcome)} for one, outcome in outcomes]
    counted = Counter((str(row["state"]), one.language) for row, (one, _) in zip(rows, outcomes, strict=True))
    for labels, number in counted.items():
        count(OUTCOMES, *labels, by=number)
    try:
        await _record_again(rows)
    except DATABASE_AWAY as error:
        log.error("outcomes not recorded, to be settled: error=%s", type(error).__name__)  # noqa: TRY400
    except Exception as error:  # noqa: BLE001 - found out one by one
        log.error("a group was not recorded, trying one by one: error=%s", type(error).__name__)  # noqa: TRY400
        for row in rows:
            await _record_alone(row)


async def _record_again(rows: list[dict[str, object]]) -> None:
    for pause in RECORD_AGAIN_AFTER:
        try:
            return await _record(rows)
        except DATABASE_AWAY as error:  # to record twice is to record once
            log.warning("outcomes not recorded, trying again: error=%s", type(error).__name__)
            await asyncio.sleep(pause)
    return await _record(rows)


async def _record_alone(row: dict[str, object]) -> None:
    try:
        await _record([row])
    except Exception as error:  # noqa: BLE001 - the text's own state matters more than what follows from it
        log.error("delivery not recorded in full: delivery=%s error=%s", row["id"], type(error).__name__)  # noqa: TRY400
        with suppress(*DATABASE_AWAY):  # then it is settled
            async with session_scope() as session:
                await session.execute(RECORD, {"outcomes": json.dumps([row])})


async def _record(rows: list[dict[str, object]]) -> None:
    given = {"outcomes": json.dumps(rows)}
    if not any(row.get("code") for row in rows):  # as a rule: then nothing follows from it
        with timed(DATABASE, "outcomes"):
            async with autocommit() as connection:
                await connection.execute(_RECORD, given)
        return
    async with session_scope() as session:
        coded = (await session.execute(RECORD, given)).all()
        await effects.follow(session, [effects.Coded(*row) for row in coded])


_RECORD = for_the_driver(RECORD)


def outcome_as_row(outcome: Outcome | Gone) -> dict[str, object]:
    """An outcome in the columns of the RECORD statement; ``wait`` in seconds."""
    match outcome:
        case Accepted(sid, status, code):
            # A status that is new to us is still an acceptance: there is a MessageSid.
            state = CARRIER_STATUS.get(status, DeliveryState.ACCEPTED)
            return {"state": state, "sid": sid, "code": code}
        case Refused(code):
            return {"state": DeliveryState.FAILED, "code": code}
        case NotTaken(wait, code):
            return {"state": DeliveryState.WAITING, "wait": wait.total_seconds(), "code": code}
        case NotWanted(left):
            state = DeliveryState.SKIPPED if left else DeliveryState.WAITING
            return {"state": state, "reason": "left" if left else None}
        case Gone():
            return {"state": DeliveryState.SKIPPED, "reason": "gone"}
        case _:
            return {"state": DeliveryState.UNKNOWN}
