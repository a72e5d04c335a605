"""``python -m tests.chaos``: everything breaks, and everyone gets exactly one text (issue 3, "Show it")."""

from __future__ import annotations

import argparse
import signal
import sys
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from tests.chaos.people import made_up_numbers
from tests.chaos.plan import FAULTS, LATENCY, STUCK_SECONDS, WORKERS, Plan
from tests.chaos.run import STRANGERS, Figures, play
from tests.chaos.watch import Wrong

console = Console(highlight=False, soft_wrap=True)


def main() -> int:
    """The exit status: 0 where nothing was wrong."""
    plan = _plan()
    _show_plan(plan)
    try:
        figures = play(plan, lambda line: console.print(line, markup=False))
    except Wrong as wrong:
        console.print("[bold red]Wrong:[/]", end=" ")
        console.print(str(wrong), markup=False)
        console.print(
            f"Once more: python -m tests.chaos --people {plan.people} --seed {plan.seed} --kills {plan.kills}"
        )
        return 1
    except KeyboardInterrupt:
        console.print("Stopped.")
        return 130
    _show_figures(figures)
    return 0


def _plan() -> Plan:
    usual = Plan()
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--people", type=int, default=usual.people)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--kills", type=int, default=usual.kills)
    asked = parser.parse_args()
    most = sum(1 for _ in made_up_numbers()) - STRANGERS
    if not 300 <= asked.people <= most:
        parser.error(f"--people: from 300 to {most}, the numbers that nobody has")
    if asked.kills < 0:
        parser.error("--kills: 0 or more")
    few = asked.people // 100
    return replace(
        usual, people=asked.people, seed=asked.seed, kills=asked.kills, leave_before=few, leave_during=few
    )


def _show_plan(plan: Plan) -> None:
    table = Table("what goes wrong", "how often", title=f"seed {plan.seed}", title_justify="left")
    for fault, chance in FAULTS.items():
        table.add_row(fault.replace("_", " "), f"{chance:.0%}")
    table.add_row("a stuck text waits", f"{STUCK_SECONDS:.0f} s, and nothing is told of it")
    table.add_row("carrier's latency", f"{LATENCY} s")
    table.add_row(
        "each callback late by", f"0 to {plan.callback_delay} s; held back: {3 * plan.callback_delay} s more"
    )
    table.add_row(f"one of {WORKERS} workers killed (SIGKILL)", str(plan.kills))
    table.add_row("Valkey flushed, restarted", f"{plan.flushes}, {plan.valkey_restarts}")
    table.add_row("PostgreSQL restarted", str(plan.postgres_restarts))
    table.add_row("people who leave before, during the send", f"{plan.leave_before}, {plan.leave_during}")
    console.print(table)


def _show_figures(figures: Figures) -> None:
    table = Table("figure", "", title="Everyone who had not left has exactly one text", title_justify="left")
    for name, figure in figures.items():
        table.add_row(name, f"{figure:,}")
    console.print(table)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing is left behind
    sys.exit(main())
