"""``python -m bench.callbacks``: how many status callbacks one web process records a second.

Side by side in one run, interleaved, medians of ``ROUNDS``: the route as it is, each answer after its
commit; and the same route without a database (signature checked, form parsed, nothing written).
32 connections from one client process, which has its requests ready and only passes them on; every
callback is signed and moves a delivery on. Ends with 1 where a bar of ``BARS`` is missed.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import uvloop
from rich.console import Console
from rich.table import Table as Grid

from alerts.storage.embedded import embedded_postgres, embedded_valkey
from alerts.storage.migrate import upgrade
from bench.measure import BUFFERS
from bench.web import environment, post_all, signed, web

ROUNDS = 5
BARS = {"recorded_per_s": 3_000.0, "ratio": 0.7}
EACH = 6_000  # deliveries that get their callbacks in a round, two each, as in life
OTHERS = 94_000  # deliveries that stand in the table besides
PORT = {"recorded": 18101, "bare": 18102}

Round = Callable[[], tuple[float, float]]


def bare() -> object:
    """The application, with a group commit that forgets."""
    from alerts.main import app  # noqa: PLC0415 - in the web process only
    from alerts.storage.groups import GroupCommit  # noqa: PLC0415

    async def forget(_group_commit: object, _item: object) -> None:
        return None

    GroupCommit.add = forget  # type: ignore[assignment, method-assign]
    return app


def _callback(delivery: int, status: str) -> bytes:
    form = {
        "MessageSid": f"SM{delivery:032x}",
        "SmsSid": f"SM{delivery:032x}",
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": "AC" + "0" * 32,
        "From": "+19095550100",
        "To": "+19095550101",
        "ApiVersion": "2010-04-01",
    }
    return signed(f"/twilio/status/{delivery}", form)


def _fill(url: str) -> None:
    """Deliveries, of which the first ``EACH`` wait for their callbacks."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("TRUNCATE deliveries, alerts, subscribers, progress RESTART IDENTITY CASCADE")
        connection.execute(
            "INSERT INTO alerts (state, audience, text, asks_rsvp, urgent, prepared_at)"
            " VALUES ('sending', '{}', '{}', false, false, now())"
        )
        connection.execute(
            "INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state)"
            " SELECT 1, n, 'es', '+19095550100', CASE WHEN n > %s THEN 'delivered' ELSE 'sending' END"
            " FROM generate_series(1, %s) n",
            [EACH, EACH + OTHERS],
        )
        # So that no round pays for another's dead rows, nor for writing this.
        connection.execute("VACUUM ANALYZE deliveries")
        connection.execute("CHECKPOINT")


def _delivered(url: str) -> int:
    with psycopg.connect(url) as connection:
        counted = "SELECT count(*) FROM deliveries WHERE id <= %s AND state = 'delivered'"
        [(delivered,)] = connection.execute(counted, [EACH]).fetchall()
    return int(delivered)


@contextmanager
def opened() -> Iterator[Round]:
    """A round: callbacks a second, recorded and bare. Raises RuntimeError where one was not recorded."""
    requests = [
        _callback(number, status) for status in ("sent", "delivered") for number in range(1, EACH + 1)
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_postgres(buffers=BUFFERS) as url,
        embedded_valkey() as cache,
    ):
        env = environment(url, cache)
        upgrade(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with (
            web("alerts.main:app", PORT["recorded"], env, Path(folder)),
            web("bench.callbacks:bare", PORT["bare"], env, Path(folder)),
        ):

            def one_round() -> tuple[float, float]:
                _fill(url)
                recorded = uvloop.run(post_all(PORT["recorded"], requests, b"204")).a_second
                if (delivered := _delivered(url)) != EACH:
                    raise RuntimeError(f"{delivered} of {EACH} were recorded")
                return recorded, uvloop.run(post_all(PORT["bare"], requests, b"204")).a_second

            one_round()  # processes that have just started are slower
            yield one_round


def measure(told: Callable[[str], None] = print) -> dict[str, Any]:
    """``recorded_per_s`` and ``bare_per_s`` (medians), their ``ratio``, and of each the ``spread``."""
    rounds = []
    with opened() as one_round:
        for number in range(1, ROUNDS + 1):
            rounds.append(one_round())
            told(f"round {number} of {ROUNDS}: recorded {rounds[-1][0]:,.0f}/s, bare {rounds[-1][1]:,.0f}/s")
    recorded, bare_ = zip(*rounds, strict=True)
    figures = {"recorded_per_s": statistics.median(recorded), "bare_per_s": statistics.median(bare_)}
    return {
        **figures,
        "ratio": figures["recorded_per_s"] / figures["bare_per_s"],
        "spread": {
            "recorded_per_s": [min(recorded), max(recorded)],
            "bare_per_s": [min(bare_), max(bare_)],
        },
    }


def main() -> int:
    """Measure and print; 1 where a bar is missed."""
    console = Console()
    figures = measure(console.print)
    grid = Grid("callbacks", "a second (median)", "lowest", "highest")
    for name in ("recorded_per_s", "bare_per_s"):
        values = (figures[name], *figures["spread"][name])
        grid.add_row(name.removesuffix("_per_s"), *(f"{value:,.0f}" for value in values))
    console.print(grid)
    console.print(f"recorded / bare: {figures['ratio']:.2f}")
    missed = [
        f"{name} is {figures[name]:,.2f}, not {bar:,}" for name, bar in BARS.items() if figures[name] < bar
    ]
    for miss in missed:
        console.print(f"MISSED: {miss}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
