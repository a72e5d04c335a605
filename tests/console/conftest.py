"""Organizers who are signed in on the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from alerts.team.actors import Role
from tests.api import Api
from tests.console.browser import Browser, browser, invited


@pytest.fixture
async def ana(api: Api) -> AsyncIterator[Browser]:
    """An organizer who may not read numbers."""
    async with browser() as one:
        await one.settle_in(await invited("ana@example.org", Role.ORGANIZER))
        yield one
