"""The ``alerts`` command: people and their safety. Organizers, sealing keys, audit, lockdown, backups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

organizer = typer.Typer(no_args_is_help=True, help="People who sign in.")
keys = typer.Typer(no_args_is_help=True, help="The keys that seal the database (SEALING_KEYS).")
audit = typer.Typer(no_args_is_help=True, help="The audit trail.")
safety = typer.Typer()

Result = TypeVar("Result")
File = Annotated[Path, typer.Argument(help="Of the backup.", dir_okay=False)]


def _now(work: Callable[..., Awaitable[Result]]) -> Result:
    """Run ``work`` with a session that commits at its end."""
    import alerts.main  # noqa: F401 - every table is known
    from alerts.storage.engine import close_engine, session_scope

    async def run() -> Result:
        try:
            async with session_scope() as session:
                return await work(session)
        finally:
            await close_engine()

    return asyncio.run(run())


def _fail(words: str) -> typer.Exit:
    typer.echo(words, err=True)
    return typer.Exit(1)


@organizer.command("create")
def create_organizer(
    email: Annotated[str, typer.Argument(help="Their e-mail address: what they sign in with.")],
    name: Annotated[str, typer.Option(help="What the others call them.", prompt=True)],
    role: Annotated[str, typer.Option(help="viewer, organizer or admin")] = "admin",
    read_numbers: Annotated[bool, typer.Option(help="May see whole phone numbers.")] = False,
    phone: Annotated[str | None, typer.Option(help="Their mobile number, for alarms.")] = None,
) -> None:
    """Let somebody in, and print the link with which they set a password and a second factor."""
    from alerts.settings import settings
    from alerts.subscribers.phones import parse_phone
    from alerts.team.actors import Role
    from alerts.team.lockdown import LockedDown
    from alerts.team.organizers import AddressTaken, Facts, invite

    if role not in list(Role) or "@" not in email:
        raise typer.BadParameter("write an e-mail address, and one of the roles viewer, organizer, admin")
    number = parse_phone(phone, settings().default_region) if phone else None
    facts = Facts(email, name, Role(role), read_numbers, number)
    try:
        invited = _now(lambda session: invite(session, facts, None))
    except (AddressTaken, LockedDown) as error:
        raise _fail(str(error)) from None
    typer.echo(f"{settings().public_base}/welcome/{invited.token}")


@organizer.command("shut-out")
def shut_out(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
) -> None:
    """Let somebody in no more, also in a lockdown: their sessions and keys end. The others are left alone.

    On the page of the team they are let in again; make them a new invitation then.
    """
    from alerts.errors import DomainError
    from alerts.team.organizers import change_organizer, organizer_called

    async def work(session: AsyncSession) -> None:
        who = await organizer_called(session, email)
        await change_organizer(session, who.id, {"disabled": True}, None)

    try:
        _now(work)
    except DomainError as error:
        raise _fail(str(error)) from None
    typer.echo("Shut out.")


@keys.command("rotate")
def rotate_keys() -> None:
    """Seal everything with the first of SEALING_KEYS, while the system runs.

    First give every process the new key behind the old one, then before it, then run this.
    """
    import alerts.main  # noqa: F401 - every table is known
    from alerts.settings import settings
    from alerts.storage.rotation import rotate
    from alerts.storage.sealing import sealer

    broken = 0
    for done in rotate(settings().libpq_url, sealer()):
        broken += done.broken
        more = f", {done.broken} that no key opens" if done.broken else ""
        more += f", {done.twice} that are there twice" if done.twice else ""
        typer.echo(f"{done.column}: {done.resealed} sealed anew{more}")
    _print_keys()
    if broken:
        raise typer.Exit(1)


@keys.command("status")
def status_of_keys() -> None:
    """How many values each key sealed: one that sealed none can be dropped from SEALING_KEYS."""
    _print_keys()


def _print_keys() -> None:
    import alerts.main  # noqa: F401 - every table is known
    from alerts.settings import parse_sealing_keys, settings
    from alerts.storage.rotation import keys_in_use

    needed: set[int] = set()
    for column, values in keys_in_use(settings().libpq_url).items():
        typer.echo(column + ": " + ", ".join(f"key {key} {count}" for key, count in values.items()))
        needed |= set(values)
    present = parse_sealing_keys(settings().sealing_keys.get_secret_value())
    for key in sorted(needed - set(present)):
        typer.echo(f"Key {key} is needed and not in SEALING_KEYS.")
    for key in sorted(set(present) - needed):
        typer.echo(f"Key {key} seals nothing now.")


@audit.command("verify")
def verify_audit(
    head: Annotated[str | None, typer.Option(help="An end that was noted before, PLACE:HASH.")] = None,
) -> None:
    """Compute the whole chain anew; exit status 1 where somebody changed the trail."""
    from alerts.team.audit import Broken, Head, verify

    place, _, digest = (head or "0:").partition(":")
    if not place.isdecimal():
        raise typer.BadParameter("write it as it was noted, PLACE:HASH")
    noted = Head(int(place), digest) if int(place) else None
    try:
        end = _now(lambda session: verify(session, noted))
    except Broken as error:
        raise _fail(str(error)) from None
    typer.echo(f"The audit trail is whole. It ends at {end}")


@safety.command()
def lockdown(
    reason: Annotated[str, typer.Argument(help="Why; it stands in the audit trail.")],
) -> None:
    """End every session and key and stop every send. Workers are answered still, and can leave."""
    import alerts.main  # noqa: F401 - every table is known
    from alerts.broadcasts.locking import lock_down

    _, paused = _now(lambda session: lock_down(session, reason))
    typer.echo(f"Locked down. Alerts that were stopped: {', '.join(map(str, paused)) or 'none'}.")
    typer.echo("alerts unlock ends it; each alert then waits until somebody resumes it.")


@safety.command()
def unlock() -> None:
    """End a lockdown. Everybody signs in anew; keys and invitations are made anew."""
    import alerts.main  # noqa: F401 - every table is known
    from alerts.broadcasts.locking import unlock as end

    paused = _now(end)
    if paused is None:
        raise _fail("It was not locked down.")
    typer.echo("Unlocked. Everybody signs in anew; keys and invitations are made anew.")
    if paused:
        typer.echo(f"Alerts that were stopped: {', '.join(map(str, paused))}.")


@safety.command()
def backup(file: File) -> None:
    """Write everything to an encrypted FILE. Whoever restores it needs SEALING_KEYS as they are now."""
    import alerts.main  # noqa: F401 - every table is known
    from alerts.settings import parse_sealing_keys, settings
    from alerts.storage import backup as backups

    url = settings().libpq_url
    try:
        done = backups.backup(url, parse_sealing_keys(settings().sealing_keys.get_secret_value()), file)
    except FileExistsError:
        raise _fail(f"{file} is there already.") from None
    rows = sum(one.rows for one in done)
    _now(lambda session: _note_backup(session, rows))
    typer.echo(f"{rows} rows of {len(done)} tables, {file.stat().st_size} octets.")


async def _note_backup(session: AsyncSession, rows: int) -> None:
    from alerts.team import audit

    audit.note_of(session, None, audit.ON_THE_SERVER, "made", audit.BACKUP, 0, rows=rows)


@safety.command()
def restore(file: File) -> None:
    """Bring a backup into an empty database. Sessions, keys and invitations of then are over."""
    import alerts.main  # noqa: F401 - every table is known
    from alerts.settings import parse_sealing_keys, settings
    from alerts.storage import backup as backups

    url, sealing_keys = settings().libpq_url, settings().sealing_keys
    try:
        done = backups.restore(
            url, settings().sqlalchemy_url, parse_sealing_keys(sealing_keys.get_secret_value()), file
        )
    except backups.NotEmpty as error:
        raise _fail(f"The database is not empty: there is something in {error}.") from None
    except (backups.BadBackup, OSError) as error:
        raise _fail(f"{file}: {error}") from None
    typer.echo(f"{sum(one.rows for one in done)} rows of {len(done)} tables are back.")
    typer.echo(
        "Everybody signs in anew; keys and invitations are made anew. Look at the team: whoever was shut out "
        "after this backup is in again, with the password of then. This ends it: alerts organizer shut-out"
    )


@safety.command()
def destroy(
    organization: Annotated[str, typer.Option(help="ORGANIZATION_NAME, letter by letter: you are sure.")],
    environment_file: Annotated[
        Path | None, typer.Option(help="Where SEALING_KEYS stands; it is overwritten and taken out.")
    ] = None,
) -> None:
    """Erase all data and, with --environment-file, the sealing keys. Nothing brings them back.

    A file that only root may write is root's to erase: docs/deploy/server.md has it line by line.
    """
    import psycopg
    from redis.exceptions import RedisError

    import alerts.main  # noqa: F401 - every table is known
    from alerts.settings import settings
    from alerts.storage.destruction import NO_KEY_ERASED, WHAT_REMAINS, destroy_data, destroy_keys

    if organization != settings().organization_name:
        raise _fail("That is not ORGANIZATION_NAME. Nothing was done.")
    try:
        if environment_file is not None and not destroy_keys(environment_file):
            raise _fail(f"There is no SEALING_KEYS in {environment_file}. Nothing was done.")
    except OSError as error:
        raise _fail(
            f"{environment_file}: {error.strerror}. Nothing was done. Where only root may write it: run this "
            f"without --environment-file, and then as root: shred -u {environment_file}"
        ) from None
    of_keys = "The keys in that file are gone." if environment_file else NO_KEY_ERASED
    try:
        destroy_data(settings().libpq_url, settings().redis_url.get_secret_value())
    except (psycopg.Error, RedisError) as error:
        raise _fail(
            f"Not all of the data is gone ({type(error).__name__}): drop the database, and flush Redis, "
            f"yourself. {of_keys}"
        ) from None
    typer.echo(f"The data is gone. {of_keys}")
    typer.echo(WHAT_REMAINS)
