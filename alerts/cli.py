"""The ``alerts`` command."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from alerts import __version__, cli_safety

app = typer.Typer(no_args_is_help=True, add_completion=False)
key = typer.Typer(no_args_is_help=True, help="API keys.")
app.add_typer(key, name="key")
twilio = typer.Typer(no_args_is_help=True, help="Our account at Twilio.")
app.add_typer(twilio, name="twilio")
app.add_typer(cli_safety.organizer, name="organizer")
app.add_typer(cli_safety.keys, name="keys")
app.add_typer(cli_safety.audit, name="audit")
app.add_typer(cli_safety.safety)

# Imports stand in the commands: ``alerts --help`` needs no settings and answers at once.


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def alerts(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Which one this is.")
    ] = False,
) -> None:
    """Calls workers to action by text message."""


@app.command()
def demo(
    once: Annotated[
        bool, typer.Option(help="End after the story: exit status 0 only if every step was true.")
    ] = False,
    port: Annotated[int, typer.Option(help="Of the web process; the phones page has the next one.")] = 8000,
) -> None:
    """Start everything on this computer and play a story against it."""
    from alerts.demo.run import run_demo

    raise typer.Exit(run_demo(once=once, port=port))


@app.command()
def migrate() -> None:
    """Bring the database at DATABASE_URL to the newest schema."""
    from alerts.settings import settings
    from alerts.storage.migrate import revision, upgrade

    upgrade(settings().sqlalchemy_url)
    typer.echo(f"The database is at revision {revision(settings().libpq_url)}.")


@app.command()
def check() -> None:
    """Look at settings, database, Redis, workers, keys and Twilio; exit status 1 where something is wrong."""
    from alerts.cli_check import check as look

    raise typer.Exit(0 if look() else 1)


@twilio.command("setup")
def set_up_twilio() -> None:
    """Let texts to our numbers, or our Messaging Service, come to PUBLIC_URL."""
    from twilio.base.exceptions import TwilioException

    from alerts.carrier.account import Account
    from alerts.settings import settings

    try:
        changed = Account(settings()).point_here()
    except (TwilioException, OSError) as error:
        typer.echo(
            f"Twilio refused, or cannot be reached: {type(error).__name__}. Run: alerts check", err=True
        )
        raise typer.Exit(1) from None
    for one in changed:
        typer.echo(f"{one}: texts come here now.")
    if not changed:
        typer.echo("None of TWILIO_FROM_NUMBERS is a number of this account. Run: alerts check", err=True)
        raise typer.Exit(1)


@key.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    read_numbers: Annotated[bool, typer.Option(help="May see whole phone numbers.")] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="May do only this: read, write, talk, send, admin, numbers. Several may be given."),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Works so many days.")] = None,
) -> None:
    """Make an API key and print it: it cannot be shown again."""
    from alerts.storage.engine import close_engine, session_scope
    from alerts.team.actors import Scope
    from alerts.team.keys import create_api_key
    from alerts.team.lockdown import LockedDown

    if unknown := set(scope or ()) - set(Scope):
        raise typer.BadParameter(f"no such scope: {', '.join(sorted(unknown))}")
    scopes = {Scope(one) for one in scope} if scope else set(Scope) - {Scope.NUMBERS}
    scopes |= {Scope.NUMBERS} if read_numbers else set()
    expires_at = datetime.now(UTC) + timedelta(days=days) if days else None

    async def create() -> str:
        async with session_scope() as session:
            made = await create_api_key(session, name, scopes, expires_at=expires_at)
        await close_engine()
        return made.key

    try:
        typer.echo(asyncio.run(create()))
    except LockedDown as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
