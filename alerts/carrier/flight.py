"""How many requests are in flight at once: as many as rate and latency ask for, found out on the way."""

from __future__ import annotations

import asyncio
import sys
from collections import deque

LEAST = 64  # enough for a carrier that answers at once
AHEAD = 2.0  # times what is needed now, so that a faster pace or a slower carrier is followed
WINDOW_SECONDS = 0.1


class Flight:
    """Slots for requests, between LEAST and ``most``.

    By Little's law a rate needs rate x latency requests in flight. The latency is the lowest seen
    since ``begin``: what requests take beyond it they wait for each other, and more at once would
    only make them wait longer.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.limit = min(LEAST, most)
        self.flying = 0
        self.rate = 0.0  # answers a second, lately
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.begin()

    def begin(self) -> None:
        """Look anew at how long the carrier takes. The limit stays as it was."""
        self._latency = float("inf")
        self._answered = 0
        self._since = 0.0

    def let_all_through(self) -> None:
        """Nobody waits for a slot any more: who waits, and who comes, is to see that it is over."""
        self.limit = self._most = sys.maxsize
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                self.flying += 1
                turn.set_result(None)

    async def begin_one(self) -> float:
        """Wait, first come first served, for a slot. When it was given, for ``end_one``."""
        if self.flying >= self.limit or self._waiting:
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._give_back()
                raise
        else:
            self.flying += 1
        return asyncio.get_running_loop().time()

    def end_one(self, began: float) -> None:
        """Give the slot back."""
        self._learn(began, asyncio.get_running_loop().time())
        self._give_back()

    def _give_back(self) -> None:
        self.flying -= 1
        while self._waiting and self.flying < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self.flying += 1
                turn.set_result(None)

    def _learn(self, started: float, now: float) -> None:
        self._latency = min(self._latency, now - started)
        self._answered += 1
        if not self._since:
            self._since = now
        elif now - self._since >= WINDOW_SECONDS:
            self.rate = self._answered / (now - self._since)
            needed = round(AHEAD * self.rate * self._latency)
            wanted = max(min(LEAST, self._most), min(self._most, needed))
            # Where nobody waits for a slot, it is not the slots that keep the rate low.
            self.limit = wanted if self._waiting else max(self.limit, wanted)
            self._answered, self._since = 0, now
