"""``python -m bench.engine``: the engine without records, or the writing of an audience, as a process.

Told ``n`` it sends n texts through ``Dispatch`` with everything that it has (pace, SDK, transport) but
PostgreSQL: deliveries come from memory and outcomes go nowhere.
"""

from __future__ import annotations

import itertools
import sys
import time

from sqlalchemy import text

from alerts.broadcasts import dispatch
from alerts.broadcasts.batches import UnderWay
from alerts.broadcasts.claims import Claimed
from alerts.broadcasts.fanout import prepare
from alerts.broadcasts.outcomes import Recorder
from alerts.carrier.pacing import Rank
from alerts.carrier.sending import Outcome
from alerts.settings import settings
from alerts.storage.engine import session_scope
from bench import peers
from bench.house import FAST, SENDERS
from bench.measure import obey
from workers import runtime

NOBODYS = 10**15  # deliveries that no other measurement has


class Forgets(Recorder):
    """Takes outcomes and writes nothing."""

    def add(self, one: Claimed, outcome: Outcome) -> None:
        """Forget it."""


async def send(texts: int) -> int:
    """Send so many from memory; how many were sent."""
    left = iter(range(1, texts + 1))

    async def claim(
        _way: object, _alert: int, _sender: str, most: int, _after: int, _closed: object
    ) -> list[Claimed]:
        return [
            Claimed(NOBODYS + number, number, "es", 1, peers.recipient(number))
            for number in itertools.islice(left, most)
        ]

    async def look() -> list[UnderWay]:
        return [UnderWay(1, Rank.ALERT, {"es": peers.BODY}, {"es": 1}, unwritten=False)]

    engine = await runtime.dispatch()
    engine._senders = [SENDERS[FAST]]  # noqa: SLF001 - nothing waits for the others
    engine._look = look  # type: ignore[method-assign]  # noqa: SLF001
    dispatch.claim = claim  # type: ignore[attr-defined, assignment]
    dispatch.Recorder = Forgets  # type: ignore[attr-defined]
    return await engine.stint(60.0)


async def write(alert_id: int) -> dict[str, float]:
    """Write the deliveries of an alert; rows and seconds."""
    async with session_scope() as session:  # so that connecting is not measured
        await session.execute(text("SELECT 1"))
    started = time.perf_counter()
    async with session_scope() as session:
        rows = await prepare(session, alert_id, settings().senders)
    return {"rows": rows or 0, "seconds": time.perf_counter() - started}


def main() -> None:
    """The process: "send" or "write" is said on the command line."""
    work = {"send": send, "write": write}[sys.argv[1]]
    obey(lambda number: runtime.run(work(number)))
    runtime.close()


if __name__ == "__main__":
    main()
