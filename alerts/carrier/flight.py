"""How many requests are in flight at once: as many as rate and latency ask for, found out on the way."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

LEAST = 64  # enough for a carrier that answers at once
AHEAD = 2.0  # times what is needed now, so that a faster pace or a slower carrier is followed
WINDOW_SECONDS = 0.1
LESS = 0.9  # of the limit stays in each window: the first answers come slowly, while connections are made

Text = TypeVar("Text")


class Flight(Generic[Text]):
    """Sends what is added with ``send``, between LEAST and ``most`` at once, first come first served.

    ``send`` is told what, and when on the loop's clock it begins; it raises nothing. Each slot goes on with
    the next text at once: between an answer and the next request nobody else has a turn.

    By Little's law a rate needs rate x latency requests in flight. The latency is the lowest seen
    since ``begin``: what requests take beyond it they wait for each other, and more at once would
    only make them wait longer.
    """

    def __init__(self, most: int, send: Callable[[Text, float], Awaitable[None]]) -> None:
        self._most = most
        self._send = send
        self._waiting: deque[Text] = deque()
        self._slots: set[asyncio.Task[None]] = set()
        self._flying = 0
        self.limit = min(LEAST, most)
        self.rate = 0.0  # answers a second, lately
        self.begin()

    def __len__(self) -> int:
        """How many are in flight or wait for it."""
        return self._flying + len(self._waiting)

    def begin(self) -> None:
        """Look anew at how long the carrier takes. The limit stays as it was."""
        self._latency = float("inf")
        self._answered = 0
        self._since = 0.0

    def add(self, text: Text) -> None:
        """To be sent as soon as there is a slot."""
        self._waiting.append(text)
        self._fill()

    def let_all_through(self) -> None:
        """Nobody waits for a slot any more: who waits, and who comes, is to see that it is over."""
        self.limit = self._most = sys.maxsize
        self._fill()

    def cancel(self) -> None:
        """Whatever is in flight."""
        for slot in self._slots:
            slot.cancel()

    async def landed(self) -> None:
        """Wait until nothing is in flight."""
        while self._slots:
            await asyncio.wait(self._slots)

    def _fill(self) -> None:
        for _ in range(min(self.limit - self._flying, len(self._waiting))):
            slot = asyncio.create_task(self._slot(self._waiting.popleft()))
            self._slots.add(slot)
            slot.add_done_callback(self._slots.discard)
            self._flying += 1

    async def _slot(self, text: Text) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            await self._send(text, began)
            self._learn(began, loop.time())
            if not self._waiting or self._flying > self.limit:
                break
            text = self._waiting.popleft()
        self._flying -= 1

    def _learn(self, began: float, now: float) -> None:
        self._latency = min(self._latency, now - began)
        self._answered += 1
        if not self._since:
            self._since = now
        elif now - self._since >= WINDOW_SECONDS:
            self.rate = self._answered / (now - self._since)
            needed = round(AHEAD * self.rate * self._latency)
            wanted = max(min(LEAST, self._most), min(self._most, needed))
            # Where nobody waits for a slot, it is not the slots that keep the rate low.
            least = round(LESS * self.limit) if self._waiting else self.limit
            self.limit = max(wanted, least)
            self._answered, self._since = 0, now
            self._fill()
