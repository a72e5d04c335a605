"""Texts of workers answered by one web process, beside two others; and a flood of answers to an alert.

Side by side, in each round: the route as it is (signature checked, read, written, answered after the
commit); the same without a database (signature, understanding, answer; nothing read or written); and
what one would write first, a handler with one SELECT and one INSERT through SQLAlchemy's ORM.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import uvloop

from alerts.settings import parse_sealing_keys
from alerts.storage.embedded import embedded_postgres, embedded_valkey
from alerts.storage.migrate import upgrade
from alerts.storage.sealing import Sealer
from bench.measure import BUFFERS, Figure, Round, Servers
from bench.web import KEYS, Load, environment, post_all, signed, web

if TYPE_CHECKING:
    from fastapi import FastAPI

ANSWERED = "texts answered"
ANSWERED_P99 = "texts answered, p99"
BARE = "texts, no database"
ORM = "texts, plain ORM handler"
PAGE = "a page during a flood of 10,000 answers, p95"

PEOPLE = 10_000  # who answer
OTHERS = 30_000  # who have written before, as in life
WORDS = ("YES", "Si, ahi estare", "haa waan imanayaa", "no puedo", "maybe", "YES +2")
PORT = {"alerts.main:app": 18_111, "bench.inbound:bare": 18_112, "bench.inbound:orm": 18_113}


def bare() -> FastAPI:
    """The application, with a group commit that decides about a person whom it made up."""
    from datetime import UTC, datetime  # noqa: PLC0415 - in the web process only

    from alerts.actions.models import ActionKind  # noqa: PLC0415
    from alerts.broadcasts.questions import Asked  # noqa: PLC0415
    from alerts.carrier.opt_out import OptOut  # noqa: PLC0415
    from alerts.conversations.decide import House, decide  # noqa: PLC0415
    from alerts.conversations.inbound import Inbound  # noqa: PLC0415
    from alerts.conversations.talk import Talk  # noqa: PLC0415
    from alerts.language.languages import Language  # noqa: PLC0415
    from alerts.main import app  # noqa: PLC0415
    from alerts.storage.groups import GroupCommit  # noqa: PLC0415
    from alerts.subscribers.joinable import Joinable  # noqa: PLC0415
    from alerts.subscribers.models import Standing  # noqa: PLC0415
    from alerts.subscribers.people import Person  # noqa: PLC0415

    house = House("Bench", "", OptOut.OFF, Joinable({}, {}))
    person = Person(1, "+19095550101", Language.EN, Standing.ACTIVE, frozenset({1}))
    start = datetime(2099, 1, 1, tzinfo=UTC)
    asked = Asked(1, ActionKind.RALLY, {"en": "Rally for breaks"}, start, "America/Chicago", start)

    async def forget(_group_commit: object, one: Inbound) -> None:
        one.answer = decide(one.text, person, Talk(), [asked], house, datetime.now(UTC)).answer

    GroupCommit.add = forget  # type: ignore[assignment, method-assign]
    return app


def orm() -> FastAPI:
    """A handler with one SELECT and one INSERT, as one would write it first."""
    from fastapi import Depends, FastAPI, Response  # noqa: PLC0415 - in the web process only
    from sqlalchemy import select  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import AsyncSession  # noqa: PLC0415
    from starlette.datastructures import ImmutableMultiDict  # noqa: PLC0415
    from twilio.twiml.messaging_response import MessagingResponse  # noqa: PLC0415

    from alerts.carrier.webhooks import signed_form  # noqa: PLC0415
    from alerts.conversations.models import Reply  # noqa: PLC0415
    from alerts.storage.engine import session_scope  # noqa: PLC0415
    from alerts.storage.types import findable  # noqa: PLC0415
    from alerts.subscribers.models import Subscriber  # noqa: PLC0415

    app = FastAPI()

    async def request_session() -> AsyncIterator[AsyncSession]:
        async with session_scope() as session:
            yield session

    @app.post("/twilio/inbound")
    async def inbound(
        form: ImmutableMultiDict[str, str] = Depends(signed_form),  # noqa: B008 - FastAPI's way
        session: AsyncSession = Depends(request_session, scope="function"),  # noqa: B008
    ) -> Response:
        who = await session.scalar(select(Subscriber).where(findable(Subscriber.phone, form["From"])))
        session.add(
            Reply(
                message_sid=form["MessageSid"],
                subscriber_id=who.id if who else None,
                body=form["Body"],
                media=0,
                intent="rsvp",
            )
        )
        twiml = MessagingResponse()
        twiml.message("Great, you are coming.")
        return Response(str(twiml), media_type="application/xml")

    return app


def _texts(round_: int) -> list[bytes]:
    """One text of each person, all of them answers."""
    return [
        signed(
            "/twilio/inbound",
            {
                "MessageSid": f"SM{round_:08x}{number:024x}",
                "SmsSid": f"SM{round_:08x}{number:024x}",
                "AccountSid": "AC" + "0" * 32,
                "From": _phone(number),
                "To": "+19095550100",
                "Body": WORDS[number % len(WORDS)],
                "NumMedia": "0",
                "NumSegments": "1",
                "FromCity": "",
                "FromState": "CA",
                "FromCountry": "US",
                "ApiVersion": "2010-04-01",
            },
        )
        for number in range(PEOPLE)
    ]


def _phone(number: int) -> str:
    # Of no form that a phone has: there are not so many numbers of nobody's.
    return f"+1555{number:09d}"


def _fill(url: str) -> None:
    """Everybody on a list and asked about an action; the OTHERS have talked with us about another."""
    sealer = Sealer(parse_sealing_keys(KEYS))
    titles = {"en": "Rally for breaks", "es": "Mitin", "so": "Isu soo bax"}
    title = sealer.seal_json("actions.title", titles)
    with psycopg.connect(url, autocommit=True) as connection:
        with (
            connection.cursor() as cursor,
            cursor.copy("COPY subscribers (phone, language, standing) FROM STDIN") as copy,
        ):
            for number in range(PEOPLE + OTHERS):
                sealed = sealer.seal_findable("subscribers.phone", _phone(number))
                copy.write_row((sealed, ("en", "es", "so")[number % 3], "active"))
        for statement in (
            "INSERT INTO lists (name, timezone, opens, closes)"
            " VALUES ('Everybody', 'America/Chicago', '00:00', '00:00')",
            "INSERT INTO join_words (key, word, list_id, language) VALUES ('join', 'JOIN', 1, 'en')",
            "INSERT INTO memberships (list_id, subscriber_id) SELECT 1, id FROM subscribers",
            "INSERT INTO actions (kind, starts_at, ends_at, timezone, place, title, details)"
            " SELECT 'rally', now() + days, now() + days + interval '1 hour', 'America/Chicago', '',"
            f" '\\x{title.hex()}', ''"
            " FROM unnest(ARRAY[interval '2 days', interval '-9 days']) AS days",
            "INSERT INTO alerts (state, action_id, audience, text, asks_rsvp, urgent, prepared_at)"
            " VALUES ('sent', 1, '{}', '{}', true, false, now())",
            "INSERT INTO deliveries (alert_id, subscriber_id, language, sender, state, claimed_at)"
            " SELECT 1, id, language, '+19095550100', 'delivered', now() FROM subscribers ORDER BY id",
            f"INSERT INTO threads (subscriber_id, burst) SELECT id, 1 FROM subscribers WHERE id > {PEOPLE}",
            "INSERT INTO rsvps (action_id, subscriber_id, answer, guests, language)"
            f" SELECT 2, id, 'yes', 0, language FROM subscribers WHERE id > {PEOPLE}",
            "INSERT INTO replies (message_sid, subscriber_id, body, media, intent)"
            f" SELECT 'SMold' || id, id, '', 0, 'rsvp' FROM subscribers WHERE id > {PEOPLE}",
            "VACUUM ANALYZE",
        ):
            connection.execute(statement)


def _clean(url: str) -> None:
    """As before the first answer, so that no round pays for another's rows."""
    with psycopg.connect(url, autocommit=True) as connection:
        for table in ("replies", "rsvps", "threads"):
            connection.execute(f"DELETE FROM {table} WHERE subscriber_id <= {PEOPLE}")
        connection.execute("VACUUM ANALYZE replies, rsvps, threads, subscribers")
        connection.execute("CHECKPOINT")


def _written(url: str) -> int:
    with psycopg.connect(url) as connection:
        [(answers,)] = connection.execute("SELECT count(*) FROM rsvps WHERE action_id = 1").fetchall()
    return int(answers)


async def _page_meanwhile(port: int, stop: asyncio.Event) -> list[float]:
    """How long the first page takes, asked again and again."""
    took = []
    while not stop.is_set():
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: alerts.bench\r\nConnection: close\r\n\r\n")
        page = await reader.read()
        writer.close()
        if b"200 OK" not in page:
            raise RuntimeError(page[:300].decode(errors="replace"))
        took.append(time.perf_counter() - began)
        await asyncio.sleep(0.1)
    return took


async def _flood(port: int, requests: Sequence[bytes]) -> list[float]:
    stop = asyncio.Event()
    pages = asyncio.create_task(_page_meanwhile(port, stop))
    await post_all(port, requests, b"<Message>")
    stop.set()
    return await pages


@contextmanager
def opened(_servers: Servers) -> Iterator[Round]:
    """A round of all three, and a flood. Raises RuntimeError where an answer was lost."""
    with (
        tempfile.TemporaryDirectory() as folder,
        embedded_postgres(buffers=BUFFERS) as url,
        embedded_valkey() as cache,
    ):
        env = environment(url, cache)
        upgrade(url.replace("postgresql://", "postgresql+psycopg://", 1))
        _fill(url)
        with ExitStack() as processes:
            for target, port in PORT.items():
                processes.enter_context(web(target, port, env, Path(folder)))
            rounds = count()

            def load(target: str) -> Load:
                _clean(url)
                return uvloop.run(post_all(PORT[target], _texts(next(rounds)), b"<Message>"))

            def one_round() -> dict[str, Figure]:
                answered = load("alerts.main:app")
                if (written := _written(url)) != PEOPLE:
                    raise RuntimeError(f"{written} of {PEOPLE} answers were written")
                plain, without = load("bench.inbound:orm"), load("bench.inbound:bare")
                _clean(url)
                pages = uvloop.run(_flood(PORT["alerts.main:app"], _texts(next(rounds))))
                if (written := _written(url)) != PEOPLE:
                    raise RuntimeError(f"{written} of {PEOPLE} answers were written in a flood")
                return {
                    ANSWERED: Figure(answered.a_second, "texts/s"),
                    ANSWERED_P99: Figure(answered.percentile(99) * 1_000, "ms"),
                    BARE: Figure(without.a_second, "texts/s"),
                    ORM: Figure(plain.a_second, "texts/s"),
                    PAGE: Figure(statistics.quantiles(pages, n=20)[-1] * 1_000, "ms"),
                }

            one_round()  # processes that have just started are slower
            yield one_round
