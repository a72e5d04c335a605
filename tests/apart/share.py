"""What stands before two web machines: hands each connection to one that answers, as any balancer does.

One that does not answer is asked again and again, and its connections are closed meanwhile: whoever
waited for an answer on them asks anew.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from contextlib import suppress

CONNECT_SECONDS = 1.0
LOOK_SECONDS = 0.5
PIECE = 1 << 16


class Share:
    """``with Share(here, machines)``: each new connection goes to the next machine that can be reached."""

    def __init__(self, here: tuple[str, int], machines: Sequence[tuple[str, int]]) -> None:
        self._here = here
        self._machines = list(machines)
        self._lines: dict[tuple[str, int], set[asyncio.StreamWriter]] = {one: set() for one in machines}
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Share:
        self._thread.start()
        if not self._up.wait(10):
            raise RuntimeError("nothing listens before the web machines")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._hand_on, *self._here))
        looking = [self._loop.create_task(self._look_after(one)) for one in self._lines]
        self._up.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*looking, return_exceptions=True))

    async def _look_after(self, machine: tuple[str, int]) -> None:
        while True:
            try:
                _, writer = await asyncio.wait_for(asyncio.open_connection(*machine), CONNECT_SECONDS)
                writer.close()
            except (OSError, TimeoutError):
                for line in self._lines[machine]:
                    line.transport.abort()
            await asyncio.sleep(LOOK_SECONDS)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in self._machines:
            self._machines.append(machine := self._machines.pop(0))
            with suppress(OSError, TimeoutError):
                there = await asyncio.wait_for(asyncio.open_connection(*machine), CONNECT_SECONDS)
                # What one side said is never said again to another machine: the carrier does that.
                lines = {there[1], writer}
                self._lines[machine] |= lines
                try:
                    await asyncio.gather(_pour(reader, there[1]), _pour(there[0], writer))
                finally:
                    self._lines[machine] -= lines
                return
        writer.close()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await source.read(PIECE):
            target.write(piece)
            await target.drain()
    target.close()
