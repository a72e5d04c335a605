"""The simulator as one ASGI application: Twilio's API, a control desk for tests, the phones page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from alerts.carrier.simulator import desk, keywords, phones, rest
from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import Carrier, Message, SimulatorConfig
from alerts.carrier.simulator.webhooks import Webhooks


class Simulator:
    """One simulated account: its texts, its faults, its webhooks, and who watches."""

    def __init__(self, config: SimulatorConfig, faults: Faults | None = None) -> None:
        self.config = config
        self.faults = faults or Faults()
        self.carrier = Carrier(config)
        self.watchers: set[phones.Watcher] = set()

    @property
    def messages(self) -> list[Message]:
        """All texts, in and out, oldest first: a copy, safe to read from another thread."""
        return list(self.carrier.messages.values())

    @property
    def opted_out(self) -> frozenset[str]:
        """Numbers that Twilio itself blocks."""
        return self.carrier.opted_out

    def texts_to(self, number: str) -> list[Message]:
        """Outbound texts to this number, oldest first; those blocked have status "failed"."""
        return self.carrier.texts_to(number)

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Webhooks go out for as long as this lasts."""
        self._loop = asyncio.get_running_loop()
        self.webhooks = Webhooks(self.carrier, self.faults)
        yield
        await self.webhooks.close()

    def forget_everything(self) -> None:
        """As on the first day; what is on its way is forgotten with it. Faults stay."""
        self.carrier.forget_everything()
        self.webhooks.counts.clear()
        self.faults.counts.clear()
        for watcher in self.watchers:
            watcher.look_at_everything()

    def send_out(self, message: Message) -> None:
        """Let an accepted text go its way."""
        self.tell(message)
        stuck = self.faults.stuck_seconds if self.faults.happens("stuck") else 0.0
        self._wait_for_next(message, self.carrier.steps(message), stuck)

    async def receive(
        self, sender: str, to: str, body: str, media: int = 0, sid: str | None = None
    ) -> dict[str, object]:
        """A worker texts: the webhook is asked, its answers reach the phone."""
        repeated = sid in self.carrier.messages
        message = self.carrier.receive(sender, to, body, sid, media)
        # The same text delivered again changes nothing at Twilio.
        kind, own = (None, None) if repeated else self.carrier.opt(message)
        for one in (message, own):
            if one is not None:
                self.tell(one)
        told = kind if self.config.opt_out == keywords.ADVANCED else None
        status, answers, error = await self.webhooks.inbound(message, told)
        for answer in answers:
            self.tell(self.carrier.answer(message, answer))
        return {"sid": message.sid, "http_status": status, "answers": answers, "error": error}

    def tell(self, message: Message) -> None:
        """Whoever watches hears that something changed on this phone."""
        for watcher in self.watchers:
            watcher.look_at(message.worker)

    def _wait_for_next(
        self, message: Message, steps: Iterator[tuple[str, int | None, bool]], besides: float = 0.0
    ) -> None:
        # Timers, not tasks: a hundred thousand texts under way are cheap.
        step = next(steps, None)
        if step is not None:
            self._loop.call_later(self.faults.delay() + besides, self._step, message, step, steps)

    def _step(
        self,
        message: Message,
        step: tuple[str, int | None, bool],
        steps: Iterator[tuple[str, int | None, bool]],
    ) -> None:
        status, code, told = step
        if not self.carrier.move(message, status, code):
            return
        self.tell(message)
        if told:
            self.webhooks.report(message)
        self._wait_for_next(message, steps)


class _Droppable:
    """Gives routes a way to close the connection with no octet of an answer: ``scope["drop"]``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # uvicorn's own receive is a method of the object that holds the connection.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if scope["type"] == "http" and transport is not None:
            scope["drop"] = transport.abort
        await self._app(scope, receive, send)


def create_app(simulator: Simulator) -> ASGIApp:
    """The ASGI application of ``simulator``."""
    app = Starlette(
        routes=[*rest.routes(simulator), *desk.routes(simulator), *phones.routes(simulator)],
        lifespan=simulator.running,
    )
    return _Droppable(app)
