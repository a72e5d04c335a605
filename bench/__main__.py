"""``make bench``: measures ours and its peers in one run, shows the figures and the bars.

Exit status 1 where a bar is missed. A whole run writes ``bench/results.json``, and its figures into the
documents that tell them.
"""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import documents, report
from bench.bars import BARS
from bench.measure import Figure, Measurement, Results, run_group, servers
from bench.measurements import MEASUREMENTS

ROUNDS = 5

# A log file is as wide as the tables need.
console = Console() if sys.stdout.isatty() else Console(width=130)


def main(
    only: Annotated[
        list[str] | None, typer.Option(help="Only what has this in its name, like peers.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One round.")] = False,
) -> None:
    """Measure, show, and end with 1 where a bar is missed."""
    chosen = [one for one in MEASUREMENTS if not only or any(part in one.name for part in only)]
    if not chosen:
        raise typer.BadParameter("choose of: " + ", ".join(one.name for one in MEASUREMENTS))
    whole = len(chosen) == len(MEASUREMENTS) and not quick
    with servers() as against:
        results, failed = Results(), False
        with _progress() as progress:
            rounds = 1 if quick else ROUNDS
            bar = progress.add_task("starting", total=rounds * len(chosen))

            def told(one: Measurement, figures: dict[str, Figure] | Exception) -> None:
                nonlocal failed
                progress.update(bar, advance=1, description=one.name)
                if isinstance(figures, Exception):
                    failed = True
                    progress.console.print(f"[red]{one.name}: {type(figures).__name__}: {figures}")
                else:
                    for name, figure in figures.items():
                        progress.console.print(
                            f"[dim]{name}: {figure.value:,.4g} {figure.unit}", highlight=False
                        )

            for _, group in groupby(chosen, key=lambda one: one.group):
                results.rounds.update(run_group(list(group), against, rounds, told).rounds)
        console.print(report.figures(results))
        bars = report.bars(BARS, results, whole=whole)
        if bars.row_count:
            console.print(bars)
        if whole and not failed:
            report.write(BARS, results, report.machine(against))
            documents.write()
    if failed or report.missed(BARS, results, whole=whole):
        raise typer.Exit(1)


def _progress() -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
    )


if __name__ == "__main__":
    typer.run(main)
