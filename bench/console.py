"""How long the web process takes for each page of the console, at 100,000 subscribers.

The pages are read from the application's routes, each with the things of the lowest number; one connection
asks for one page after the other, as an organizer signed in who may do everything.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import uvloop
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from alerts.storage.embedded import embedded_postgres, embedded_valkey
from alerts.storage.migrate import upgrade
from alerts.storage.sealing import sealer
from bench.counting import FILL, sealed, settings_of
from bench.house import number_of
from bench.measure import BUFFERS, Figure, Round, Servers
from bench.web import environment, post_all, signed, web

PEOPLE = 100_000
TALKS = 200
LOOKS = 40  # at each page a round: enough for a 95th percentile
PORT = 18_121
SLOWEST = "a page of the console at 100,000 subscribers, p95: the slowest"
NOT_FOR_PEOPLE = (
    "/v1/",
    "/twilio/",
    "/assets/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/welcome/",
    "/settings/far",  # asks Twilio and our own address: it takes as long as they do, and here nobody is there
)


@contextmanager
def opened(_servers: Servers, people: int = PEOPLE, looks: int = LOOKS) -> Iterator[Round]:
    """A round looks ``looks`` times at each page. Raises RuntimeError where fewer than ten are there."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_postgres(forgetful=True, buffers=BUFFERS) as url,
        embedded_valkey() as valkey,
        settings_of(env := environment(url, valkey)),
    ):
        upgrade(url.replace("postgresql://", "postgresql+psycopg://", 1))
        _fill(url, people)
        cookie = asyncio.run(_sign_in(url))
        with web("alerts.main:app", PORT, env, Path(folder)):
            uvloop.run(
                post_all(PORT, [_question(number) for number in range(min(TALKS, people))], b"<Response")
            )
            line = http.client.HTTPConnection("127.0.0.1", PORT)
            pages = [path for path in _paths(url) if _is_page(line, path, cookie)]
            if len(pages) < 10:
                raise RuntimeError(f"only {len(pages)} pages were found: {pages}")

            def round_() -> dict[str, Figure]:
                line.close()  # web ends what was quiet for some seconds; the next request opens another
                taken = {path: _slow(line, path, cookie, looks) for path in pages}
                each = {f"page {path}, p95": Figure(ms, "ms") for path, ms in taken.items()}
                return {**each, SLOWEST: Figure(max(taken.values()), "ms")}

            round_()  # a process that has just started is slower
            yield round_
            line.close()


def _fill(url: str, people: int) -> None:
    """The tables of bench.counting, with numbers that can be opened."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in FILL:
            filled = statement.replace(":people", str(people)).encode()
            connection.execute(filled, sealed() if "%(" in statement else None)
        connection.execute("CREATE TEMPORARY TABLE numbers (id bigint PRIMARY KEY, phone bytea)")
        with connection.cursor().copy("COPY numbers FROM STDIN") as copy:
            for number in range(1, people + 1):
                copy.write_row((number, sealer().seal_findable("subscribers.phone", number_of(number))))
        connection.execute(
            "UPDATE subscribers SET phone = n.phone FROM numbers n WHERE n.id = subscribers.id"
        )
        texts = dict.fromkeys(("en", "es", "so"), "Rally at the gate at five. YES or NO?")
        text, bodies = (sealer().seal_json(f"alerts.{name}", texts) for name in ("text", "bodies"))
        connection.execute(
            """UPDATE alerts SET audience = '{"lists": [1]}', text = %s, bodies = %s""", [text, bodies]
        )
        connection.execute(
            "INSERT INTO alerts (state, action_id, audience, text, asks_rsvp, urgent)"
            """ VALUES ('draft', 1, '{"lists": [1, 2, 3]}', %s, true, false)""",
            [text],
        )
        connection.execute("VACUUM ANALYZE")


async def _sign_in(url: str) -> str:
    """The cookie of somebody who may do everything."""
    from alerts.team.actors import Role  # noqa: PLC0415 - they read the settings
    from alerts.team.organizers import Facts, invite  # noqa: PLC0415
    from alerts.team.sessions import Browser, begin  # noqa: PLC0415

    engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    async with AsyncSession(engine) as session, session.begin():
        facts = Facts("bench@example.org", "Bench", Role.ADMIN, may_read_numbers=True)
        who = (await invite(session, facts, None)).who
        await session.flush()
        cookie = await begin(session, who, Browser("127.0.0.1", "bench"))
    await engine.dispose()
    return cookie


def _question(number: int) -> bytes:
    form = {
        "MessageSid": f"SM{number:032x}",
        "AccountSid": "AC" + "0" * 32,
        "From": number_of(number + 1),
        "To": "+19095550100",
        "Body": f"Where do we meet if it rains, can somebody tell me? {number}",
        "NumMedia": "0",
    }
    return signed("/twilio/inbound", form)


def _paths(url: str) -> list[str]:
    """Every GET route that people open, with what is there in the place of its names in braces."""
    from fastapi.routing import iter_route_contexts  # noqa: PLC0415 - reads the settings

    from alerts.main import app  # noqa: PLC0415

    with psycopg.connect(url) as connection:
        [(talk,)] = connection.execute("SELECT min(subscriber_id) FROM threads").fetchall()
    stands_for = {"subscriber_id": talk}
    paths = [
        re.sub(r"\{(\w+)\}", lambda name: str(stands_for.get(name[1], 1)), route.path)
        for route in iter_route_contexts(app.routes)
        if route.path and "GET" in (route.methods or ()) and not route.path.startswith(NOT_FOR_PEOPLE)
    ]
    return sorted({*paths, *(path.replace("/alerts/1", "/alerts/2") for path in paths)})  # 2 is a draft


def _is_page(line: http.client.HTTPConnection, path: str, cookie: str) -> bool:
    status, kind = _get(line, path, cookie)
    if status >= 500:
        raise RuntimeError(f"{path} answers {status}")
    return status == 200 and kind.startswith("text/html")


def _slow(line: http.client.HTTPConnection, path: str, cookie: str, looks: int) -> float:
    """Milliseconds within which 95 in 100 looks were answered."""
    taken = []
    for _ in range(looks):
        start = time.perf_counter()
        _get(line, path, cookie)
        taken.append((time.perf_counter() - start) * 1000)
    return statistics.quantiles(taken, n=20)[-1]


def _get(line: http.client.HTTPConnection, path: str, cookie: str) -> tuple[int, str]:
    line.request("GET", path, headers={"Cookie": f"session={cookie}", "Host": "alerts.bench"})
    with line.getresponse() as answer:
        kind = answer.headers["Content-Type"] or ""
        if not kind.startswith("text/event-stream"):
            answer.read()
            return answer.status, kind
    line.close()  # it never ends; the next request opens another
    return answer.status, kind
