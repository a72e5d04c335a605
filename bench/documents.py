"""Writes the figures of ``bench/results.json`` where documents tell them; also ``python -m bench.documents``.

What is between ``<!-- NAME -->`` and ``<!-- end of NAME -->`` is written here, and by nobody's hand:
``tests/bench/test_documents.py`` compares.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import console, counting, imports, inbound, ours
from bench.bars import AIOHTTP, CELERY, RQ
from bench.measure import SLOW_CARRIER_SECONDS
from bench.report import RESULTS

HOUSE = Path(__file__).parents[1]
MILLIONS_A_DAY = (1, 10, 100)
HOURS = 2  # in which all texts of a day go out
CALLBACKS_A_TEXT = 3


class Run:
    """The figures of a whole run, in words."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.figures, self.bars, self.date = told["figures"], told["bars"], told["date"]

    def median(self, name: str) -> float:
        """As measured."""
        return float(self.figures[name]["median"])

    def cpu(self, name: str) -> float:
        """Microseconds of a worker's processor a text."""
        return float(self.figures[name]["cpu_seconds_per_1000"]) * 1000

    def servers_cpu(self, name: str) -> float:
        """Microseconds of PostgreSQL's and Valkey's processor a text."""
        return float(self.figures[name]["servers_cpu_seconds_per_1000"]) * 1000

    def short(self, name: str) -> str:
        """The median alone."""
        return _short(self.median(name))

    def spread(self, name: str) -> str:
        """The median, with the lowest and highest of the rounds."""
        one = self.figures[name]
        return f"{_short(one['median'])} ({_short(one['lowest'])} to {_short(one['highest'])})"

    def missed(self) -> list[str]:
        """The bars that were not met, each with what it wants and what was measured."""
        return [
            f"{bar['bar']}: {_short(bar['measured'])} ({bar['wanted']})" for bar in self.bars if not bar["ok"]
        ]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _sending(run: Run) -> str:
    rows = [
        ("one RQ job a text", RQ),
        ("Celery prefork, 2 processes", CELERY),
        ("a plain aiohttp loop that keeps no record", AIOHTTP),
        ("**ours, 1 worker, every text claimed, paced and recorded**", ours.ONE_WORKER),
        ("the same with numbers that are not sealed", ours.NOT_SEALED),
        ("the same without records", ours.NO_RECORDS),
        ("ours, 2 workers", ours.TWO_WORKERS),
        ("ours, 1 worker, one core for all of it", ours.ONE_CORE),
        ("ours, 1 worker, carrier takes 100 ms", ours.SLOW_CARRIER),
        ("ours, 2 workers, carrier takes 100 ms", ours.SLOW_CARRIER_TWO),
    ]
    told = [f"| {words} | {run.spread(name)} | {run.cpu(name) / 1000:.3g} |" for words, name in rows]
    return _table(["sending", "texts a second", "CPU s a 1,000"], told)


def _others(run: Run) -> str:
    pace = ", ".join(run.short(ours.PACE_KEPT[rate]) for rate in ours.RATES)
    size = run.median(ours.LARGE_ALERT) / run.median(ours.SMALL_ALERT)
    memory = max(
        run.figures[name]["peak_mb"] for name in (ours.ONE_WORKER, ours.SMALL_ALERT, ours.LARGE_ALERT)
    )
    rows = {
        "pace kept at 10, 100, 1,000 parts/s by 4 workers, of the rate": pace,
        "from `send` to the first text out (95th percentile)": f"{run.short(ours.FIRST_TEXT)} ms",
        "a text in an alert to 1,000,000, of one in an alert to 10,000": _short(size),
        "deliveries written for an audience": f"{run.spread(ours.DELIVERIES_WRITTEN)} rows/s",
        f"an audience counted, of 1,000,000 subscribers, the slowest of {len(counting.KINDS)} kinds": (
            f"{run.spread(counting.SLOWEST_OF_ALL)} ms"
        ),
        "the same of whoever said nothing, of 500,000 who were asked": (
            f"{run.spread(counting.SILENT_OF_HALF)} ms"
        ),
        "the slowest page of the console at 100,000 subscribers (95th percentile)": (
            f"{run.spread(console.SLOWEST)} ms"
        ),
        "import of 100,000 rows; a bare COPY of the same rows, sealed, into the same tables": (
            f"{run.short(imports.OURS)}; {run.short(imports.COPY)} rows/s"
        ),
        "status callbacks recorded by one web process": (
            f"{run.short(ours.CALLBACKS)}/s; {run.short(ours.CALLBACKS_BARE)}/s without a database"
        ),
        "texts of workers answered by one web process, after their commit": (
            f"{run.spread(inbound.ANSWERED)}/s, 99 in 100 within {run.short(inbound.ANSWERED_P99)} ms"
        ),
        "the same without a database; a plain ORM handler": (
            f"{run.short(inbound.BARE)}/s; {run.short(inbound.ORM)}/s"
        ),
        "a page while 10,000 answers come in (95th percentile)": f"{run.short(inbound.PAGE)} ms",
        "a worker's memory, at any size": f"{memory:.0f} MB",
    }
    apart = _short(run.median(ours.TWO_WORKERS) / run.median(ours.ONE_CORE))
    together = _short(run.cpu(ours.ONE_WORKER) + run.servers_cpu(ours.ONE_WORKER))
    return (
        _table(["", "median"], [f"| {words} | {told} |" for words, told in rows.items()])
        + "\n\nBars that this run missed:\n\n"
        + "\n".join(f"- {bar}" for bar in run.missed() or ["none"])
        + "\n\nTwo workers are not twice as fast here because the four of them have two cores:\n"
        f"worker and PostgreSQL take {together} us of processor time a text, the stub its own, and two\n"
        f"cores have 2 s a second. Two on two cores are {apart} times as fast as one on one core."
    )


def _unit_costs(run: Run) -> str:
    slow, rows_a_second = ours.SLOW_CARRIER, run.short(ours.DELIVERIES_WRITTEN)
    written, callbacks = 1e6 / run.median(ours.DELIVERIES_WRITTEN), _callbacks(run)
    of_the_rule = run.median(slow) * SLOW_CARRIER_SECONDS / ours.IN_FLIGHT
    memory = run.figures[ours.ONE_WORKER]["peak_mb"]
    rows = [
        ("processor of a worker, carrier takes 100 ms", f"{run.cpu(slow):.0f} µs", f'"{slow}"'),
        (
            "processor of PostgreSQL and Valkey for it",
            f"{run.servers_cpu(slow):.0f} µs",
            "the same row, servers",
        ),
        (
            f"processor of web and PostgreSQL for {CALLBACKS_A_TEXT} callbacks",
            f"{callbacks:.0f} µs",
            f'"{ours.CALLBACKS}", {run.short(ours.CALLBACKS)}/s: one core can do no more',
        ),
        ("writing its delivery", f"{written:.0f} µs", f'"{ours.DELIVERIES_WRITTEN}", {rows_a_second} rows/s'),
        (
            "requests in flight",
            "rate times latency",
            f"{ours.IN_FLIGHT} at 100 ms gave {run.short(slow)} texts/s: {of_the_rule:.2g} of the rule",
        ),
        ("memory", "none", f"a worker has {memory:.0f} MB at any size"),
    ]
    whole = run.cpu(slow) + run.servers_cpu(slow) + callbacks + written
    return _table(["of one text", "measured", "from"], [f"| {' | '.join(row)} |" for row in rows]) + (
        f"\n\nSo a text takes about {whole:.0f} µs of processor from the first row to the last callback:\n"
        f"a worker core has room for {_short(1e6 / run.cpu(slow))} texts/s,"
        f" a web core for {_short(1e6 / callbacks)}."
    )


def _needs(run: Run) -> str:
    slow = ours.SLOW_CARRIER
    each = run.median(slow)
    callbacks = run.median(ours.CALLBACKS)
    rows: dict[str, Callable[[float], str]] = {
        f"texts/s, in {HOURS} hours": lambda rate: f"{rate:,.0f}",
        "short codes at 100 parts/s": lambda rate: f"{math.ceil(rate / 100):,}",
        "or long codes at 1 part/s": lambda rate: f"{rate:,.0f}",
        "requests in flight at 100 ms": lambda rate: f"{rate * 0.1:,.0f}",
        f"worker cores ({run.cpu(slow):.0f} µs)": lambda rate: f"{rate * run.cpu(slow) / 1e6:.2g}",
        f"worker processes ({each:,.0f} texts/s each)": lambda rate: f"{math.ceil(rate / each)}",
        f"callbacks/s ({CALLBACKS_A_TEXT} a text)": lambda rate: f"{rate * CALLBACKS_A_TEXT:,.0f}",
        f"web processes ({callbacks:,.0f}/s each)": lambda rate: (
            f"{math.ceil(rate * CALLBACKS_A_TEXT / callbacks)}"
        ),
        f"PostgreSQL cores for sending alone ({run.servers_cpu(slow):.0f} µs)": (
            lambda rate: f"{rate * run.servers_cpu(slow) / 1e6:.1g}"
        ),
    }
    rates = [millions * 1e6 / (HOURS * 3600) for millions in MILLIONS_A_DAY]
    head = ["texts a day", *(f"{millions} million" for millions in MILLIONS_A_DAY)]
    return _table(head, [f"| {' | '.join([words, *map(of, rates)])} |" for words, of in rows.items()])


def _callbacks(run: Run) -> float:
    return CALLBACKS_A_TEXT * 1e6 / run.median(ours.CALLBACKS)


def _table(head: list[str], rows: list[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |".replace("|  |", "| |"), "|" + "---|" * len(head), *rows])


PLACES: dict[str, dict[str, Callable[[Run], str]]] = {
    "README.md": {"sending": _sending, "other figures": _others},
    "docs/scale.md": {"unit costs": _unit_costs, "needs": _needs},
}


def written(document: str, run: Run) -> str:
    """A document of ``PLACES`` with the figures of ``run``. Raises ValueError where a place is lacking."""
    told = (HOUSE / document).read_text()
    for name, figures in PLACES[document].items():
        begins, ends = f"<!-- {name} -->\n", f"\n<!-- end of {name} -->"
        before, found, rest = told.partition(begins)
        _, closed, after = rest.partition(ends)
        if not (found and closed):
            raise ValueError(f"{document} has no place for {name}")
        told = before + begins + figures(run) + ends + after
    return told


def last_run() -> Run:
    """Of ``bench/results.json``."""
    return Run(json.loads(RESULTS.read_text()))


def write() -> None:
    """The figures of the last run into every document."""
    for document in PLACES:
        (HOUSE / document).write_text(written(document, last_run()))


if __name__ == "__main__":
    write()
