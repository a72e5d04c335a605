"""Whatever is asked of the API, it answers as its document says, and never with a fault of its own.

A real web process with PostgreSQL, Valkey and the simulator; what is asked is made up by schemathesis from
the document. Twilio's webhooks and the pages are no part of it. ``/events`` does not end: tests/broadcasts
looks at it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.main import app
from alerts.storage.embedded import embedded_postgres
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.journeys.system import System, free_port, running
from tests.story import alert, inland_empire, lobby_action

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 12  # of each call
# How a request travels: what of it cannot be, the server refuses before it is ours (RFC 9112, 6.3 and 9.6).
OF_THE_WIRE = {
    "connection",
    "content-length",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}

# A lockdown and a revoked key would end the key that asks.
schema = schemathesis.openapi.from_dict(app.openapi()).exclude(path_regex="/events$|/lockdown$|/keys/")


@pytest.fixture(scope="module")
def house(valkey_url: str) -> Iterator[System]:
    """A system with somebody and something in it, so that some of what is asked for is there."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url=url + "/twilio/inbound", opt_out="off"
    )
    with (
        embedded_postgres(forgetful=True) as database,
        SimulatorServer(config) as twilio,
        TemporaryDirectory() as logs,
    ):
        env = {
            "DATABASE_URL": database,
            "REDIS_URL": valkey_url.replace("db=0", "db=2"),
            "PUBLIC_URL": url,
            "TWILIO_API_URL": twilio.url,
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        with running(env, twilio, Path(logs)) as system:
            made = system.post("/v1/lists", inland_empire())
            person = {"phone": "+19095550101", "language": "es", "lists": [made["id"]], "consent": "test"}
            system.post("/v1/subscribers", person)
            action = system.post("/v1/actions", lobby_action())
            system.post("/v1/alerts", alert(made["id"], action["id"]))
            yield system


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_in_the_document(case: schemathesis.Case[Any], house: System) -> None:
    for name in [one for one in case.headers if one.lower() in OF_THE_WIRE]:
        del case.headers[name]
    case.call_and_validate(base_url=house.url, headers=house.headers(), checks=CHECKS, timeout=20)
