"""The simulator as one ASGI application: Twilio's API, a control desk for tests, the phones page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from alerts.carrier.opt_out import HELP, START, STOP, OptOut
from alerts.carrier.simulator import phones, rest
from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import Carrier, Message, SimulatorConfig, worker_of
from alerts.carrier.simulator.webhooks import Webhooks


class Simulator:
    """One simulated account: its texts, its faults, its webhooks, and who watches."""

    def __init__(self, config: SimulatorConfig, faults: Faults | None = None) -> None:
        self.config = config
        self.faults = faults or Faults()
        self.carrier = Carrier(config)
        self.watchers: set[asyncio.Queue[str]] = set()
        self._deliveries: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Webhooks go out for as long as this lasts."""
        self.webhooks = Webhooks(self.config, self.faults)
        yield
        for task in self._deliveries:
            task.cancel()
        await self.webhooks.close()

    def send_out(self, message: Message) -> None:
        """Let an accepted text go its way."""
        self._tell(message)
        task = asyncio.create_task(self._deliver(message))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    async def receive(
        self, sender: str, to: str, body: str, media: int = 0, sid: str | None = None
    ) -> dict[str, object]:
        """A worker texts: the webhook is asked, its answers reach the phone."""
        message = self.carrier.receive(sender, to, body, sid)
        own_answer = self.carrier.opt(message)
        self._tell(message)
        if own_answer:
            self._tell(own_answer)
        status, answers = await self.webhooks.inbound(message, media, self._opt_out_type(body))
        for answer in answers:
            self._tell(self.carrier.answer(message, answer))
        return {"sid": message.sid, "http_status": status, "answers": answers}

    async def _deliver(self, message: Message) -> None:
        for status, code in self.carrier.steps(message):
            await asyncio.sleep(self.faults.delay())
            if self.carrier.move(message, status, code):
                self._tell(message)
                self.webhooks.report(message)

    def _opt_out_type(self, body: str) -> str | None:
        if self.config.opt_out is not OptOut.ADVANCED:
            return None
        word = body.strip().upper()
        kinds = (("STOP", STOP), ("START", START), ("HELP", HELP))
        return next((kind for kind, words in kinds if word in words), None)

    def _tell(self, message: Message) -> None:
        for queue in self.watchers:
            queue.put_nowait(worker_of(message))


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

    async def text(request: Request) -> Response:
        asked = await request.json()
        to = asked.get("to") or simulator.config.numbers[0]
        answer = await simulator.receive(
            asked["from"], to, asked["body"], int(asked.get("media", 0)), asked.get("sid")
        )
        return JSONResponse(answer)

    async def ledger(request: Request) -> Response:
        texts = [one for one in simulator.carrier.messages.values() if one.direction != "inbound"]
        by_number: dict[str, list[dict[str, object]]] = {}
        for one in texts:
            line: dict[str, object] = {
                "sid": one.sid,
                "body": one.body,
                "status": one.status,
                "direction": one.direction,
            }
            by_number.setdefault(one.to, []).append(line)
        return JSONResponse({"total": len(texts), "phones": by_number})

    async def faults(request: Request) -> Response:
        try:
            simulator.faults.change(**await request.json())
        except KeyError as unknown:
            return JSONResponse({"error": f"there is no fault {unknown}"}, 422)
        return Response(status_code=204)

    async def reset(request: Request) -> Response:
        simulator.carrier.forget_everything()
        return Response(status_code=204)

    app = Starlette(
        routes=[
            *rest.routes(simulator),
            Route("/simulator/texts", text, methods=["POST"]),
            Route("/simulator/ledger", ledger),
            Route("/simulator/faults", faults, methods=["POST"]),
            Route("/simulator/reset", reset, methods=["POST"]),
            *phones.routes(simulator),
        ],
        lifespan=simulator.running,
    )
    return _Droppable(app)
