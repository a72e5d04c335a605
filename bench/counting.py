"""How long it takes to count an audience of a million subscribers, by language and list.

Twenty lists, everybody on one or two; three languages; some left; tags; answers to an action that half of
them were asked about. The tables are as they are when people came one by one, and were analysed.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg
from rich.console import Console
from sqlalchemy.dialects.postgresql.psycopg import dialect
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from alerts.broadcasts.audience import Answered, Audience, Part, counting, counts
from alerts.language.languages import Language
from alerts.storage.embedded import embedded_postgres
from alerts.storage.migrate import upgrade
from alerts.storage.sealing import sealer
from bench import house
from bench.measure import BUFFERS, Figure, Round, Servers

PEOPLE = 1_000_000
NAME = "an audience counted, of 1,000,000"
KINDS = {
    "half, one list": Audience(lists=[1]),
    "a twentieth, one list": Audience(lists=[5]),
    "everybody, 20 lists": Audience(lists=list(range(1, 21))),
    "three lists, one language": Audience(lists=[1, 2, 3], languages=[Language.SO]),
    "a tag": Audience(tags=["night"]),
    "a list, and a tag, not another list": Audience(
        lists=[1], also=[Part(tags=["night"])], without=[Part(lists=[4])]
    ),
    "said yes": Audience(action=1, answers=[Answered.YES]),
    "joined since": Audience(lists=[1], joined_since=datetime.now(UTC) - timedelta(days=100)),
}
SILENT = Audience(action=1, answers=[Answered.SILENT])
SLOWEST_OF_ALL = f"{NAME}: the slowest of {len(KINDS)} kinds"
SILENT_OF_HALF = f"{NAME}: silent, of 500,000 asked"

FILL = (
    "INSERT INTO lists (name, timezone) SELECT 'List ' || n, 'America/Chicago' FROM generate_series(1, 20) n",
    """INSERT INTO subscribers (phone, language, standing, tags, lists)
        SELECT sha256(n::text::bytea), (ARRAY['en', 'es', 'so'])[1 + n % 3],
               CASE WHEN n % 20 = 0 THEN 'left' WHEN n % 50 = 1 THEN 'unreachable' ELSE 'active' END,
               CASE WHEN n % 7 = 0 THEN ARRAY['night'] WHEN n % 11 = 0 THEN ARRAY['driver', 'picker']
                    ELSE '{}' END,
               CASE WHEN n % 2 = 0 THEN ARRAY[1, 2 + n % 19] ELSE ARRAY[2 + n % 19] END
        FROM generate_series(1, :people) n""",
    # The lists of each stand there already: the triggers would write every row again.
    "SET session_replication_role = replica",
    """INSERT INTO memberships (list_id, subscriber_id, joined_at)
       SELECT unnest(lists), id, now() - id * interval '1 minute' FROM subscribers""",
    "RESET session_replication_role",
    """INSERT INTO actions (kind, starts_at, ends_at, timezone, place, title, details)
       VALUES ('rally', now(), now() + interval '1 hour', 'UTC', %(place)s, %(title)s, %(details)s)""",
    """INSERT INTO rsvps (action_id, subscriber_id, answer, guests, language, lists)
       SELECT 1, id, (ARRAY['yes', 'no', 'maybe'])[1 + id % 3], 0, language, lists
       FROM subscribers WHERE id % 5 = 0""",
    """INSERT INTO alerts (state, action_id, audience, text, asks_rsvp, urgent, prepared_at)
       VALUES ('sent', 1, '{}', %(text)s, true, false, now())""",
    """INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state, list_id, claimed_at)
       SELECT 1, id, language, 'x', 'delivered', lists[2], now() - interval '1 hour'
       FROM subscribers WHERE id % 2 = 0""",
    "VACUUM ANALYZE",
)


@contextmanager
def opened(servers: Servers, people: int = PEOPLE) -> Iterator[Round]:
    """Counts every kind once a round, with the statement that the API uses; the plans are shown first."""
    # The action that is answered to is sealed, and opened in this process.
    with (
        settings_of(house.environment(servers, 0)),
        embedded_postgres(forgetful=True, buffers=BUFFERS) as url,
    ):
        upgrade(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in FILL:
                filled = statement.replace(":people", str(people)).encode()
                connection.execute(filled, sealed() if "%(" in statement else None)
            _show_plan(connection, "half, one list", KINDS["half, one list"])
            _show_plan(connection, "silent", SILENT)
        asyncio.run(_counted(url))  # what is read for the first time

        def round_() -> dict[str, Figure]:
            taken = asyncio.run(_counted(url))
            silent = taken.pop("silent")
            figures = {f"{NAME}: {kind}": Figure(ms, "ms") for kind, ms in taken.items()}
            return {
                **figures,
                SLOWEST_OF_ALL: Figure(max(taken.values()), "ms"),
                SILENT_OF_HALF: Figure(silent, "ms"),
            }

        yield round_


@contextmanager
def settings_of(environment: Mapping[str, str]) -> Iterator[None]:
    """In this block the modules of the application see what a deployment would set."""
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def sealed() -> dict[str, bytes]:
    """What FILL writes that is opened when it is read."""
    return {
        "place": sealer().seal_private("actions.place", "The gate"),
        "title": sealer().seal_json("actions.title", {"en": "Rally"}),
        "details": sealer().seal_json("actions.details", {}),
        "text": sealer().seal_json("alerts.text", {"en": "Rally"}),
    }


async def _counted(url: str) -> dict[str, float]:
    """Milliseconds for each kind."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), poolclass=NullPool)
    taken = {}
    async with AsyncSession(engine) as session:
        await session.connection()
        for kind, audience in (*KINDS.items(), ("silent", SILENT)):
            start = time.perf_counter()
            found = await counts(session, audience)
            taken[kind] = (time.perf_counter() - start) * 1000
            if not found.languages:
                raise RuntimeError(f"nobody was counted: {kind}")
    await engine.dispose()
    return taken


def _show_plan(connection: psycopg.Connection, kind: str, audience: Audience) -> None:
    query = counting(audience).compile(
        dialect=dialect(),
        compile_kwargs={"render_postcompile": True},
    )
    connection.execute("SET plan_cache_mode = force_custom_plan")
    plan = connection.execute(f"EXPLAIN (ANALYZE, BUFFERS OFF) {query}".encode(), query.params).fetchall()
    console = Console(width=130)
    console.print(f"[dim]plan: {kind}")
    for (line,) in plan:
        console.print(f"[dim]  {line}", highlight=False)
