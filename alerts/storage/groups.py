"""Group commit: what many requests write is written together, and each is answered when it is safe."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Generic, TypeVar

MOST_AT_ONCE = 500
KEPT_SECONDS = 0.02  # what is written through stays open so long after the last item
Item = TypeVar("Item")
Way = TypeVar("Way")

log = logging.getLogger(__name__)


class GroupCommit(Generic[Item, Way]):
    """Collects items while a group is being committed; these are the next group.

    Nobody waits for a timer: alone, an item is written at once; in a flood, groups grow by themselves.

    ``opened`` gives what ``write`` writes through; it is kept from group to group. ``write`` returns
    when all its items are committed and raises when they are not; an item may come again where that
    is not known, because the connection was lost.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractAsyncContextManager[Way]],
        write: Callable[[Way, Sequence[Item]], Awaitable[object]],
    ) -> None:
        self._opened = opened
        self._write = write
        self._waiting: deque[tuple[Item, asyncio.Future[None]]] = deque()
        self._came = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> None:
        """Returns when ``item`` is committed. Raises what its own writing raised."""
        safe = asyncio.get_running_loop().create_future()
        self._waiting.append((item, safe))
        if self._writer is None:
            self._came = asyncio.Event()
            self._writer = asyncio.create_task(self._write_all())
        self._came.set()
        await safe

    async def idle(self) -> None:
        """Returns when nothing is being written, and what it is written through is given back."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                await self._write_groups()
        finally:
            # In the same step as the last look at what waits: an item that comes later finds no writer.
            self._writer = None

    async def _write_groups(self) -> None:
        group: list[tuple[Item, asyncio.Future[None]]] = []
        try:
            async with self._opened() as way:
                while group := await self._next_group():
                    await self._write(way, [item for item, _ in group])
                    for _, safe in group:
                        _settle(safe, None)
        except Exception as error:  # noqa: BLE001 - each item's own error is given to its own request
            log.warning("a group was not written, trying one by one: error=%s", type(error).__name__)
            await self._one_by_one(group or self._taken())

    async def _next_group(self) -> list[tuple[Item, asyncio.Future[None]]]:
        """What waits, or comes within a moment."""
        if not self._waiting:
            self._came.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(KEPT_SECONDS):
                    await self._came.wait()
        # Requests that the loop has read already come along: twice the group, half the statements.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return self._taken()

    def _taken(self) -> list[tuple[Item, asyncio.Future[None]]]:
        return [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]

    async def _one_by_one(self, group: Sequence[tuple[Item, asyncio.Future[None]]]) -> None:
        """One that cannot be written must not keep the others from it."""
        for item, safe in group:
            try:
                async with self._opened() as way:
                    await self._write(way, [item])
            except Exception as error:  # noqa: BLE001 - as above
                _settle(safe, error)
            else:
                _settle(safe, None)


def _settle(safe: asyncio.Future[None], error: Exception | None) -> None:
    if safe.done():  # the request was given up meanwhile; what it brought is written all the same
        return
    if error is None:
        safe.set_result(None)
    else:
        safe.set_exception(error)
