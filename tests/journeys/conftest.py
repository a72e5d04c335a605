"""A system of its own for each journey: its clock must not touch other tests' alerts."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.embedded import PostgresServer
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.journeys.system import System, free_port, running


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server that a journey may stop and start."""
    server = PostgresServer(forgetful=True)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def system(postgres: PostgresServer, valkey_url: str, tmp_path: Path) -> Iterator[System]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url=url + "/twilio/inbound", opt_out="off"
    )
    with SimulatorServer(config) as twilio:
        env = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey_url.replace("db=0", "db=1"),
            "PUBLIC_URL": url,
            "TWILIO_API_URL": twilio.url,
            "APPROVAL_ABOVE": "",  # one key does everything here
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        with running(env, twilio, _folder(tmp_path / "logs")) as ready:
            yield ready


def _folder(path: Path) -> Path:
    path.mkdir()
    return path
