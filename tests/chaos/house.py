"""The whole system for one run: servers that can be stopped, a carrier with faults, web, clock, 3 workers."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.embedded import PostgresServer, ValkeyServer
from tests.chaos.history import History
from tests.chaos.plan import FAULTS, LATENCY, STUCK_SECONDS, WORKERS, Plan
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.journeys.system import System, free_port, running

WORKER_NAMES = tuple(f"worker-{number + 1}" for number in range(WORKERS))


@dataclass(frozen=True)
class House:
    """What a run can break, and what it looks at."""

    postgres: PostgresServer
    valkey: ValkeyServer
    twilio: SimulatorServer
    system: System
    history: History


@contextmanager
def house(plan: Plan) -> Iterator[House]:
    """A system that is ready to work; everything ends with the block."""
    with ExitStack() as stack:
        # What was committed must last: not the forgetful servers of other tests.
        postgres, valkey = PostgresServer(), ValkeyServer()
        stack.callback(postgres.remove)
        stack.callback(valkey.remove)
        postgres.start()
        valkey.start()
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        twilio = stack.enter_context(_carrier(plan, url))
        env = {
            "DATABASE_URL": postgres.url,
            "REDIS_URL": valkey.url,
            "PUBLIC_URL": url,
            "TWILIO_API_URL": twilio.url,
            "TWILIO_RATES": f"{OUR_NUMBER}={plan.rate}",
            "APPROVAL_ABOVE": "",  # nobody is there to approve
            "PORT": str(port),
            "HOST": "127.0.0.1",
            "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        }
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alerts-chaos-")))
        system = stack.enter_context(running(env, twilio, logs, ("web", "clock", *WORKER_NAMES)))
        history = History(postgres.url)
        history.keep()
        yield House(postgres, valkey, twilio, system, history)


def _carrier(plan: Plan, url: str) -> SimulatorServer:
    # opt_out="off": the carrier stops no text by itself, so that ours alone must.
    config = SimulatorConfig(
        ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url=url + "/twilio/inbound", opt_out="off"
    )
    faults = Faults(seed=plan.seed)
    times = {"latency": LATENCY, "callback_delay": plan.callback_delay, "stuck_seconds": STUCK_SECONDS}
    faults.change({**times, **FAULTS})
    return SimulatorServer(config, faults)
