"""The figures of a run as tables and as ``bench/results.json``."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg
from redis import Redis
from rich.table import Table as Grid

from bench.bars import Bar
from bench.measure import Results, Servers

RESULTS = Path(__file__).with_name("results.json")
LIBRARIES = (
    "aiohttp",
    "celery",
    "httptools",
    "psycopg",
    "redis",
    "requests",
    "rq",
    "sqlalchemy",
    "twilio",
    "uvloop",
)


def figures(results: Results) -> Grid:
    """Every figure of the run."""
    grid = Grid("", "median", "lowest", "highest", "unit", "CPU s/1,000", "servers' CPU", "MB")
    for place in (1, 2, 3, 5, 6, 7):
        grid.columns[place].justify = "right"
    for name, rounds in results.rounds.items():
        values = (results.median(name), results.lowest(name), results.highest(name))
        cpu = f"{results.cpu(name):.3f}" if rounds[0].cpu is not None else ""
        servers = f"{results.servers_cpu(name):.3f}" if rounds[0].servers_cpu is not None else ""
        mb = f"{results.mb(name):,.0f}" if rounds[0].mb is not None else ""
        grid.add_row(name, *map(_short, values), rounds[0].unit, cpu, servers, mb)
    return grid


def bars(table: list[Bar], results: Results, *, whole: bool) -> Grid:
    """Every bar that was measured; of a whole run every bar."""
    grid = Grid("bar", "wanted", "measured", "")
    for bar in table:
        measured = bar.measured(results)
        if measured is not None:
            ok = "[green]ok" if bar.holds(measured) else "[red]missed"
            grid.add_row(bar.name, bar.wanted, _short(measured), ok)
        elif whole:
            grid.add_row(bar.name, bar.wanted, "not measured", "[red]missed")
    return grid


def missed(table: list[Bar], results: Results, *, whole: bool) -> bool:
    """Whether any bar is; one that could not be worked out is missed by a whole run."""
    measured = [(bar, bar.measured(results)) for bar in table]
    return any(whole if value is None else not bar.holds(value) for bar, value in measured)


def machine(against: Servers) -> dict[str, object]:
    """What the figures depend on. No names of hosts, no paths."""
    with psycopg.connect(against.database) as connection:
        postgres = connection.info.parameter_status("server_version")
    with Redis.from_url(against.valkey) as valkey:
        info = valkey.info("server")
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "postgresql": postgres,
        "valkey": info.get("valkey_version", info["redis_version"]),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def write(table: list[Bar], results: Results, facts: dict[str, object]) -> None:
    """The run as ``bench/results.json``."""
    told = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": facts,
        "figures": {name: _figure(results, name) for name in results.rounds},
        "bars": [_bar(bar, results) for bar in table],
    }
    RESULTS.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def _figure(results: Results, name: str) -> dict[str, object]:
    rounds = results.rounds[name]
    return {
        "unit": rounds[0].unit,
        "median": _round(results.median(name)),
        "lowest": _round(results.lowest(name)),
        "highest": _round(results.highest(name)),
        "rounds": len(rounds),
        "cpu_seconds_per_1000": _round(results.cpu(name)) if rounds[0].cpu is not None else None,
        "servers_cpu_seconds_per_1000": (
            _round(results.servers_cpu(name)) if rounds[0].servers_cpu is not None else None
        ),
        "peak_mb": _round(results.mb(name)) if rounds[0].mb is not None else None,
    }


def _bar(bar: Bar, results: Results) -> dict[str, object]:
    measured = bar.measured(results)
    if measured is None:
        return {"bar": bar.name, "wanted": bar.wanted, "measured": None, "ok": False}
    return {"bar": bar.name, "wanted": bar.wanted, "measured": _round(measured), "ok": bar.holds(measured)}


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
