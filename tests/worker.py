"""A worker without RQ: the same functions that its jobs call, against the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from alerts.broadcasts import dispatch, fanout, schedule, settling
from alerts.broadcasts.claims import Claimed, claim
from alerts.carrier.pacing import Pacer
from alerts.carrier.sending import Carrier
from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import Message
from alerts.carrier.simulator.server import SimulatorServer
from alerts.conversations import inbound_route
from alerts.settings import settings
from alerts.storage.engine import autocommit, session_scope
from alerts.storage.redis import async_redis
from tests.api import Api
from tests.story import JAMES, MARIA, YASMIN, alert, inland_empire, lobby_action


@pytest.fixture
def twilio(simulator: SimulatorServer) -> Iterator[SimulatorServer]:
    """The simulator with nothing in it and nothing wrong with it; callbacks go nowhere."""
    simulator.simulator.carrier.forget_everything()
    for name, value in vars(Faults()).items():
        if not name.startswith("_") and name != "seed":
            setattr(simulator.simulator.faults, name, value)
    yield simulator
    simulator.simulator.carrier.forget_everything()


def sent(twilio: SimulatorServer) -> list[Message]:
    """What we texted, the oldest first."""
    return list(twilio.simulator.carrier.messages.values())


@pytest.fixture
async def carrier(twilio: SimulatorServer, anyio_backend: str) -> AsyncIterator[Carrier]:
    """Our account at the simulator."""
    ours = Carrier(settings().model_copy(update={"twilio_api_url": twilio.url}))
    yield ours
    await ours.close()


class Worker:
    """Does for an alert what the jobs and the clock do, one step at a time."""

    def __init__(self, carrier: Carrier, pacer: Pacer) -> None:
        self.carrier = carrier
        self.pacer = pacer
        self.senders = settings().senders
        self.dispatch = dispatch.Dispatch(carrier, pacer, self.senders)

    async def fan_out(self, alert_id: int) -> int:
        """Write the deliveries, and send until nothing is owed. How many texts were claimed."""
        claimed = 0
        while batch := await self.dispatch.stint():
            claimed += batch
        return claimed

    async def prepare(self, alert_id: int) -> int | None:
        """Write the deliveries."""
        async with session_scope() as session:
            return await fanout.prepare(session, alert_id, self.senders)

    async def claim(self, alert_id: int) -> list[Claimed]:
        """Claim all that waits, and do nothing with it: a worker that is killed now."""
        async with autocommit() as connection:
            return [
                one for sender in self.senders for one in await claim(connection, alert_id, sender, 1000, 0)
            ]

    async def lose_claims(self) -> int:
        """As if every claim's lease had ended."""
        async with session_scope() as session:
            return await settling.expire_claims(session, lease_seconds=-1)

    async def settle(self) -> int:
        """Ask the carrier about what nobody knows, at once."""
        return await settling.settle(self.carrier, sure_seconds=-1, again_seconds=-1)

    async def tick(self) -> list[schedule.Owed]:
        """The clock's look at alerts; what is owed."""
        async with session_scope() as session:
            await schedule.start_due(session)
            await schedule.release(session)
            await schedule.finish(session)
            return await schedule.owed(session, 1000)


@pytest.fixture
async def worker(carrier: Carrier, valkey: None) -> AsyncIterator[Worker]:
    """A worker."""
    yield Worker(carrier, Pacer(async_redis(), settings().rates))
    await async_redis().aclose()
    async_redis.cache_clear()


@pytest.fixture
async def inland(api: Api) -> int:
    """A list with Maria (es), Yasmin (so) and James (en) on it."""
    made = await api.post("/v1/lists", inland_empire())
    await api.text(MARIA, "UNETE")
    await api.text(YASMIN, "KU BIIR")
    await api.text(JAMES, "JOIN")
    await inbound_route.idle()  # the pace knows of these answers
    return int(made["id"])


@pytest.fixture
async def called(api: Api, inland: int) -> int:
    """An alert that asks everybody on the list to a lobby action, and is being sent."""
    action = await api.post("/v1/actions", lobby_action())
    draft = await api.post("/v1/alerts", alert(inland, action["id"]))
    await api.post(f"/v1/alerts/{draft['id']}/send", status=202)
    return int(draft["id"])
