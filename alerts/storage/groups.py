"""Group commit: what many requests write is written together, and each is answered when it is safe."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.storage.engine import session_scope

MOST_AT_ONCE = 500
GROUPS_AT_ONCE = 2  # one is being made safe on disk while the next is written
Item = TypeVar("Item")

log = logging.getLogger(__name__)


class GroupCommit(Generic[Item]):
    """Collects items while a group is being committed; these are the next group.

    Nobody waits for a timer: alone, an item is written at once; in a flood, groups grow by themselves.
    """

    def __init__(self, write: Callable[[AsyncSession, Sequence[Item]], Awaitable[object]]) -> None:
        self._write = write
        self._waiting: deque[tuple[Item, asyncio.Future[None]]] = deque()
        self._writers: set[asyncio.Task[None]] = set()

    async def add(self, item: Item) -> None:
        """Returns when ``item`` is committed. Raises what its own writing raised."""
        safe = asyncio.get_running_loop().create_future()
        self._waiting.append((item, safe))
        if len(self._writers) < GROUPS_AT_ONCE:
            writer = asyncio.create_task(self._write_all())
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        await safe

    async def _write_all(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
            try:
                await self._commit([item for item, _ in group])
            except Exception as error:  # noqa: BLE001 - each item's own error is given to its own request
                log.warning("a group was not written, trying one by one: error=%s", type(error).__name__)
                await self._one_by_one(group)
            else:
                for _, safe in group:
                    _settle(safe, None)

    async def _one_by_one(self, group: Sequence[tuple[Item, asyncio.Future[None]]]) -> None:
        """One that cannot be written must not keep the others from it."""
        for item, safe in group:
            try:
                await self._commit([item])
            except Exception as error:  # noqa: BLE001 - as above
                _settle(safe, error)
            else:
                _settle(safe, None)

    async def _commit(self, items: Sequence[Item]) -> None:
        async with session_scope() as session:
            await self._write(session, items)


def _settle(safe: asyncio.Future[None], error: Exception | None) -> None:
    if safe.done():  # the request was given up meanwhile; what it brought is written all the same
        return
    if error is None:
        safe.set_result(None)
    else:
        safe.set_exception(error)
