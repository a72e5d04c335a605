"""The ``alerts`` command: whether everything is as it must be, and how to mend what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import typer

from alerts import checks
from alerts.carrier.account import Verdict
from alerts.console import assets
from alerts.settings import Settings, settings
from alerts.storage.engine import DATABASE_AWAY, close_engine


def check() -> bool:
    """Print a verdict on every part. Whether nothing is wrong; what is only worth a look is not."""
    import alerts.main  # noqa: F401 - every table is known

    good = True
    for verdict in _verdicts(settings()):
        good = good and not verdict.wrong
        word = "BAD " if verdict.wrong else "look" if verdict.mend else "ok  "
        typer.echo(f"{word} {verdict.what}")
        if verdict.mend:
            typer.echo(f"     {verdict.mend}")
    return good


def _verdicts(ours: Settings) -> Iterator[Verdict]:
    yield from checks.of_settings(ours)
    yield assets.verdict()
    yield from asyncio.run(_house(ours))
    with suppress(*DATABASE_AWAY):  # said above
        yield from checks.of_keys(ours)
    yield from checks.of_carrier(ours)


async def _house(ours: Settings) -> list[Verdict]:
    try:
        return [*await checks.of_house(ours), await checks.of_address(ours)]
    finally:
        await close_engine()
