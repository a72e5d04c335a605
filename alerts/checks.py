"""Whether everything is as it must be, and what to do where it is not.

One set of rules for whoever is at the server (``alerts check``) and for admins at a page
(``console/settings_check.py``). What asks the carrier, or looks at every sealed value, takes seconds:
it stands apart, and is called while no transaction is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import aiohttp
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.alarms import somebody_hears
from alerts.carrier.account import Account, Verdict
from alerts.carrier.pacing import Pace, Pacer
from alerts.health import OK, Readiness, readiness
from alerts.language.catalogs import N_
from alerts.language.said import said
from alerts.rates import PRESETS
from alerts.settings import Settings, parse_sealing_keys
from alerts.storage.engine import session_scope
from alerts.storage.redis import async_redis, seen_clock
from alerts.storage.rotation import keys_needed
from alerts.team import audit
from alerts.team.actors import Role
from alerts.team.models import Organizer

OLDEST_POSTGRESQL = 14
OLDEST_BACKUP = timedelta(days=7)
PATIENCE_SECONDS = 5
EVERYBODY = frozenset({"*", "0.0.0.0/0", "::/0"})  # believed, uvicorn takes what the first of them says
PARTS = {
    "postgresql": N_("Database"),
    "migrations": N_("Database schema"),
    "redis": N_("Queue"),
    "workers": N_("Workers that send"),
}
"""What ``health.Readiness`` looks at, as people call it."""
MEND = {
    "postgresql": N_("Look at DATABASE_URL, and whether PostgreSQL runs. It says: {state}"),
    "migrations": N_("Run: alerts migrate. It says: {state}"),
    "redis": N_("Look at REDIS_URL, and whether Redis runs. It says: {state}"),
    "workers": N_("No worker is alive. Start one: python -m workers.worker"),
}


def of_settings(ours: Settings) -> list[Verdict]:
    """What the environment says by itself; what cannot be at all has stopped the program before."""
    address = said(N_("PUBLIC_URL: {address}"), address=ours.public_base)
    if ours.public_base.startswith("https://") or ours.twilio_api_url is not None:
        return [Verdict(address), *_simulated(ours), *_proxies(ours)]
    open_to_all = said(N_("It is not https: texts of workers would go through the net for all to read."))
    return [Verdict(address, open_to_all), *_proxies(ours)]


def _proxies(ours: Settings) -> Iterator[Verdict]:
    believed = {one.strip() for one in ours.forwarded_allow_ips.split(",")}
    if not ours.trusted_proxies and believed & EVERYBODY:
        hint = said(
            N_(
                "Anybody can make up where they come from, and guess without waiting. Say in TRUSTED_PROXIES "
                "how many proxies stand before web, such as 1, and take FORWARDED_ALLOW_IPS out."
            )
        )
        yield Verdict(said(N_("Where a request comes from")), hint)


def _simulated(ours: Settings) -> Iterator[Verdict]:
    if ours.twilio_api_url is not None:
        hint = said(N_("No phone gets anything: take TWILIO_API_URL out before you text people."))
        yield Verdict(said(N_("A simulator stands in for Twilio")), hint, serious=False)


async def of_house(ours: Settings) -> list[Verdict]:
    """Our own processes and servers, and who looks after them."""
    found = await readiness()
    verdicts = [
        Verdict(said(PARTS[part]), None if state == OK else said(MEND[part], state=state))
        for part, state in found.model_dump().items()
    ]
    verdicts += await _clock(found)
    verdicts += await _paces(ours, found)
    if found.postgresql == OK and found.migrations == OK:
        async with session_scope() as session:
            verdicts += [await _version(session), *await _people(session), await _backup(session)]
    return verdicts


async def _clock(found: Readiness) -> list[Verdict]:
    if found.redis != OK:
        return []
    silent = said(
        N_("It has not ticked for a while: nothing begins at its time. Start it: python -m workers.clock")
    )
    return [Verdict(said(N_("Clock")), None if await asyncio.to_thread(seen_clock) else silent)]


async def _paces(ours: Settings, found: Readiness) -> list[Verdict]:
    pacer = Pacer(async_redis(), ours.rates)
    verdicts = []
    for sender, rate in ours.rates.items():
        pace = Pace(rate, 1, 0)
        if found.redis == OK:
            with suppress(RedisError):
                pace = await pacer.state(sender)
        verdicts.append(_pace(sender, pace, named=sender in ours.twilio_rates))
    return verdicts


def _pace(sender: str, pace: Pace, *, named: bool) -> Verdict:
    what = said(
        N_(
            "Pace of the sender ending in {digits}: {rate} parts a second."
            " 1,000 people: {minutes} minutes for each part of a text"
        ),
        digits=sender[-2:],
        rate=f"{pace.rate:g}",
        minutes=max(1, round(1000 / pace.rate / 60)),
    )
    if pace.held or pace.share < 1:
        slower = said(
            N_("The carrier asked for patience: it goes at {share}% for now, and recovers by itself."),
            share=0 if pace.held else round(100 * pace.share),
        )
        return Verdict(what, slower, serious=False)
    if not named and pace.rate <= PRESETS["long_code"]:
        unnamed = said(
            N_("That suits a number that is not registered. If it is, say so in TWILIO_RATES: 10dlc_low.")
        )
        return Verdict(what, unnamed, serious=False)
    return Verdict(what)


async def _version(session: AsyncSession) -> Verdict:
    number = int(await session.scalar(text("SHOW server_version_num"))) // 10_000
    what = said(N_("PostgreSQL {version}"), version=number)
    too_old = said(N_("It is too old. Move to PostgreSQL {version} or newer."), version=OLDEST_POSTGRESQL)
    return Verdict(what, too_old if number < OLDEST_POSTGRESQL else None)


async def _people(session: AsyncSession) -> list[Verdict]:
    query = select(func.count()).where(
        Organizer.role == Role.ADMIN, Organizer.password.is_not(None), Organizer.disabled_at.is_(None)
    )
    nobody = said(N_("Nobody could sign in. Run: alerts organizer create ADDRESS"))
    alone = said(N_("There is one only. Invite a second, for the day on which their phone is lost."))
    admins = await session.scalar(query) or 0
    verdict = Verdict(said(N_("An admin who has settled in")), nobody if not admins else None)
    if admins == 1:
        verdict = Verdict(verdict.what, alone, serious=False)
    deaf = said(
        N_("No admin gave a mobile number: nobody hears of an alarm. Fill one in, on their page of the team.")
    )
    told = await somebody_hears(session)
    return [
        verdict,
        Verdict(said(N_("Somebody whom alarms are texted to")), None if told else deaf, serious=False),
    ]


async def _backup(session: AsyncSession) -> Verdict:
    last = await audit.last_of(session, audit.BACKUP)
    never = said(N_("None is known. Run every day, and keep the file elsewhere: alerts backup FILE"))
    old = said(N_("The last one is more than a week old. Run every day: alerts backup FILE"))
    if last is None:
        return Verdict(said(N_("Backup")), never, serious=False)
    late = datetime.now(UTC) - last.at > OLDEST_BACKUP
    return Verdict(said(N_("Backup")), old if late else None, serious=False)


def of_keys(ours: Settings) -> list[Verdict]:
    """Whether all that is sealed can be opened. It looks at every sealed text: seconds, of millions."""
    what = said(N_("SEALING_KEYS"))
    present = list(parse_sealing_keys(ours.sealing_keys.get_secret_value()))
    needed = keys_needed(ours.libpq_url)
    if lost := sorted(needed - set(present)):
        words = N_("Key {number} is needed to open what is there, and is not in SEALING_KEYS.")
        return [Verdict(what, said(words, number=lost[0]))]
    if older := sorted(needed - {present[0]}):
        words = N_("Some is sealed with the older key {number} still. Run: alerts keys rotate")
        return [Verdict(what, said(words, number=older[0]), serious=False)]
    if spare := sorted(set(present) - needed - {present[0]}):
        words = N_("Key {number} seals nothing any more: take it out, and destroy it.")
        return [Verdict(what, said(words, number=spare[0]), serious=False)]
    return [Verdict(what)]


def of_carrier(ours: Settings) -> list[Verdict]:
    """Our account at Twilio, asked now; some seconds at most for each of a few requests."""
    return Account(ours).look()


async def of_address(ours: Settings) -> Verdict:
    """Whether PUBLIC_URL leads here, seen from here: the net may see it otherwise."""
    what = said(N_("Our own address answers"))
    patience = aiohttp.ClientTimeout(total=PATIENCE_SECONDS)
    try:
        async with (
            aiohttp.ClientSession(timeout=patience) as client,
            client.get(f"{ours.public_base}/healthz", allow_redirects=False) as answer,
        ):
            state = str(answer.status)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        state = type(error).__name__
    if state == "200":
        return Verdict(what)
    words = N_(
        "From here {address} cannot be opened ({state}). Look at PUBLIC_URL, the proxy and its certificate."
    )
    return Verdict(what, said(words, address=ours.public_base, state=state), serious=False)
