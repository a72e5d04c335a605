"""What every test stands on: real PostgreSQL and Valkey, our simulator, and people from the story."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import httpx

    from alerts.carrier.simulator.server import SimulatorServer
    from tests.api import Api

pytest_plugins = ["tests.worker"]

ACCOUNT = "AC" + "0" * 32
TOKEN = "the token of the tests"
PUBLIC_URL = "http://alerts.test"
OUR_NUMBER = "+19095550100"

# Before any module of ours reads its settings. A test that needs a server gives the real addresses.
os.environ.update(
    DATABASE_URL="postgresql://nobody@/nothing?host=/nowhere",
    REDIS_URL="unix:///nowhere",
    PUBLIC_URL=PUBLIC_URL,
    TWILIO_ACCOUNT_SID=ACCOUNT,
    TWILIO_AUTH_TOKEN=TOKEN,
    TWILIO_FROM_NUMBERS=OUR_NUMBER,
    TWILIO_MESSAGING_SERVICE_SID="",
    TWILIO_RATES=f"{OUR_NUMBER}=5000",
    TWILIO_OPT_OUT="off",
    SEALING_KEYS="1:" + "b29v" * 10 + "b28=",
    SESSION_SECRET=secrets.token_hex(32),
    ORGANIZATION_NAME="Warehouse Workers Center",
    DEFAULT_TIMEZONE="America/Los_Angeles",
    LOG_LEVEL="INFO",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """One event loop for all async tests: the engine's connections belong to it."""
    return "asyncio"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An embedded PostgreSQL with the newest schema, for the whole run."""
    from alerts.settings import settings
    from alerts.storage.embedded import embedded_postgres
    from alerts.storage.migrate import upgrade

    with embedded_postgres(forgetful=True) as url:
        os.environ["DATABASE_URL"] = url
        settings.cache_clear()
        upgrade(settings().sqlalchemy_url)
        yield url


@pytest.fixture
async def database(postgres_url: str, anyio_backend: str) -> AsyncIterator[None]:
    """A database with nothing in it."""
    from sqlalchemy import text

    from alerts.storage.engine import close_engine, engine
    from alerts.storage.tables import Table
    from alerts.subscribers.joinable import forget_joinable

    async with engine().begin() as connection:
        names = ", ".join(table.name for table in Table.metadata.sorted_tables)
        await connection.execute(text("SET LOCAL alerts.destroying = 'yes'"))
        await connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
    forget_joinable()
    yield
    await close_engine()


@pytest.fixture(scope="session")
def valkey_url() -> Iterator[str]:
    """An embedded Valkey, for the whole run."""
    from alerts.settings import settings
    from alerts.storage.embedded import embedded_valkey

    with embedded_valkey() as url:
        os.environ["REDIS_URL"] = url
        settings.cache_clear()
        yield url


@pytest.fixture
def valkey(valkey_url: str) -> Iterator[None]:
    """A Valkey with nothing in it."""
    from alerts.storage.redis import redis

    redis.cache_clear()
    redis().flushdb()
    yield
    redis().close()
    redis.cache_clear()


@pytest.fixture
async def whole(database: None) -> AsyncIterator[None]:
    """Deliveries in one partition for all that comes, before and after a test that cuts them into months."""
    await _one_month()
    yield
    await _one_month()


async def _one_month() -> None:
    from sqlalchemy import text

    from alerts.broadcasts.months import months
    from alerts.storage.engine import session_scope

    async with session_scope() as session:
        *closed, last = await months(session)
        for month in closed:
            await session.execute(text(f"DROP TABLE {month.name}"))
        for step in (
            f"ALTER TABLE deliveries DETACH PARTITION {last.name}",
            f"TRUNCATE {last.name}, deliveries_rest",
            f"ALTER TABLE deliveries ATTACH PARTITION {last.name} FOR VALUES FROM (MINVALUE) TO (MAXVALUE)",
            f"ALTER TABLE {last.name} RENAME TO one_month",
            "ALTER TABLE one_month RENAME TO deliveries_2026_11",
        ):
            await session.execute(text(step))


@pytest.fixture
async def api(database: None, valkey: None) -> AsyncIterator[Api]:
    """The application, with an API key that may not read numbers."""
    from alerts.broadcasts import callback_route
    from alerts.conversations import inbound_route
    from alerts.storage.redis import async_redis
    from tests.api import Api

    async with _client(may_read_numbers=False) as client:
        yield Api(client)
    # Their connections belong to the event loop of this test.
    await inbound_route.idle()
    for group in (callback_route.plain, callback_route.coded):
        await group.idle()
    await async_redis().aclose()
    async_redis.cache_clear()


@pytest.fixture
async def trusted_api(api: Api) -> AsyncIterator[Api]:
    """The same application, with a key that may read numbers."""
    from tests.api import Api

    async with _client(may_read_numbers=True) as client:
        yield Api(client)


@asynccontextmanager
async def _client(*, may_read_numbers: bool) -> AsyncIterator[httpx.AsyncClient]:
    import httpx

    from alerts.main import app
    from alerts.storage.engine import session_scope
    from alerts.team.actors import Scope
    from alerts.team.keys import create_api_key

    async with session_scope() as session:
        scopes = set(Scope) - (set() if may_read_numbers else {Scope.NUMBERS})
        made = await create_api_key(session, "test", scopes)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {made.key}"}
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL, headers=headers) as client:
        yield client


@pytest.fixture
def two_organizers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """More than two people need a second organizer's approval, and their send can be undone for a minute."""
    from alerts.settings import settings

    monkeypatch.setenv("APPROVAL_ABOVE", "2")
    monkeypatch.setenv("RECALL_SECONDS", "60")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture(scope="session")
def simulator() -> Iterator[SimulatorServer]:
    """A Twilio on loopback; each test forgets what it took."""
    from alerts.carrier.simulator.messages import SimulatorConfig
    from alerts.carrier.simulator.server import SimulatorServer

    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url="http://127.0.0.1:1/unused", opt_out="off"
    )
    with SimulatorServer(config) as server:
        yield server
