"""The ``alerts`` command: whether everything is as it must be, and how to mend what is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import typer

from alerts.carrier.account import Account, Verdict
from alerts.console import assets
from alerts.health import OK, Readiness, readiness
from alerts.settings import Settings, settings
from alerts.storage.engine import close_engine, session_scope
from alerts.storage.rotation import keys_in_use
from alerts.storage.sealing import sealer

MEND = {
    "postgresql": "Look at DATABASE_URL, and whether PostgreSQL runs.",
    "migrations": "Run: alerts migrate",
    "redis": "Look at REDIS_URL, and whether Redis runs.",
    "workers": "No worker is alive. Start one: python -m workers.worker",
}


def check() -> bool:
    """Print a verdict on every part. Whether all of them are good."""
    import alerts.main  # noqa: F401 - every table is known

    good = True
    for verdict in _verdicts(settings()):
        good = good and verdict.mend is None
        typer.echo(f"{'ok  ' if verdict.mend is None else 'BAD '} {verdict.what}")
        if verdict.mend:
            typer.echo(f"     {verdict.mend}")
    return good


def _verdicts(ours: Settings) -> Iterator[Verdict]:
    yield Verdict("Settings")
    if not ours.public_base.startswith("https://") and ours.twilio_api_url is None:
        yield Verdict(
            "PUBLIC_URL", "It is not https: texts of workers would go through the net for all to read."
        )
    gone = assets.missing()
    yield Verdict(
        "What the pages are dressed in", f"Missing: {', '.join(gone)}. {assets.HOW}" if gone else None
    )
    found, admins = asyncio.run(_house())
    for part, state in found.model_dump().items():
        yield Verdict(part, None if state == OK else f"{state}. {MEND[part]}")
    if found.postgresql == OK and found.migrations == OK:
        yield _keys(ours)
        nobody = "Nobody could sign in. Run: alerts organizer create ADDRESS"
        yield Verdict("An admin who has settled in", None if admins else nobody)
    yield from Account(ours).look()


async def _house() -> tuple[Readiness, bool]:
    from sqlalchemy import text

    found = await readiness()
    admins = False
    if found.postgresql == OK and found.migrations == OK:
        async with session_scope() as session:
            query = "SELECT EXISTS (SELECT FROM organizers WHERE role = 'admin' AND password IS NOT NULL)"
            admins = bool(await session.scalar(text(query)))
    await close_engine()
    return found, admins


def _keys(ours: Settings) -> Verdict:
    needed = {key for values in keys_in_use(ours.libpq_url).values() for key in values}
    lost = sorted(needed - set(sealer().numbers))
    says = f"Key {lost[0]} is needed to open what is there, and is not in SEALING_KEYS." if lost else None
    return Verdict("SEALING_KEYS", says)
