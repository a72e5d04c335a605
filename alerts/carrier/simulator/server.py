"""The simulator as a server on 127.0.0.1, in a thread of its own: for tests."""

from __future__ import annotations

import json
import socket
import threading
from types import TracebackType
from urllib.request import Request, urlopen

import uvicorn

from alerts.carrier.simulator.app import Simulator, create_app
from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import Message, SimulatorConfig


class SimulatorServer:
    """``with SimulatorServer(config) as server``: ``server.url`` is Twilio. Port 0: a free one."""

    def __init__(
        self, config: SimulatorConfig, faults: Faults | None = None, port: int = 0, host: str = "127.0.0.1"
    ) -> None:
        self.simulator = Simulator(config, faults)
        self._listener = socket.create_server((host, port), backlog=1024)
        self.url = f"http://{host}:{self._listener.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                create_app(self.simulator),
                log_level="warning",
                access_log=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=1,  # an open phones page never ends by itself
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],), daemon=True)

    def __enter__(self) -> SimulatorServer:
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the simulator did not start")
            self._thread.join(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def text(
        self, sender: str, body: str, sid: str | None = None, *, to: str | None = None, media: int = 0
    ) -> list[str]:
        """A worker texts ``body``; the answers that come back. ``sid``: the same one again is a repetition.

        Raises RuntimeError where the webhook does not answer 200 with TwiML.
        """
        asked = {"from": sender, "to": to, "body": body, "sid": sid, "media": media}
        headers = {"Content-Type": "application/json"}
        request = Request(self.url + "/simulator/texts", json.dumps(asked).encode(), headers)  # noqa: S310 - loopback
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            said = json.load(answer)
        if said["http_status"] != 200 or said["error"]:
            raise RuntimeError(f"the webhook answered {said['http_status']} (Twilio's error {said['error']})")
        answers: list[str] = said["answers"]
        return answers

    def alerts_to(self, number: str) -> list[Message]:
        """Texts that were sent to this number through the API, oldest first."""
        return [one for one in self.simulator.texts_to(number) if one.direction == "outbound-api"]
