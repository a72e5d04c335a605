"""By whose clocks a time is told: their city is named wherever a reader could take it for their own time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel.dates import get_timezone_location
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.language.dates import when
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.subscribers.lists import hours_of_lists


@dataclass(frozen=True)
class Clocks:
    """``several``: lists have other clocks than the office, or than each other."""

    several: bool

    def city(self, zone: str, read: Language) -> str:
        """Where the clocks of ``zone`` are, as readers call it; nothing where there is no other time."""
        if not self.several and zone == settings().default_timezone:
            return ""
        return str(get_timezone_location(zone, locale=read.facts["locale"], return_city=True))

    def named(self, says: str, zone: str, read: Language) -> str:
        """A time in words, with its city where that must be said."""
        city = self.city(zone, read)
        return f"{says} ({city})" if city else says

    def when(self, moment: datetime, zone: str, read: Language) -> str:
        """Day and time of ``moment`` by the clocks of ``zone``."""
        return self.named(when(moment, zone, read), zone, read)


async def clocks_of(session: AsyncSession) -> Clocks:
    """Those of all lists and of the office."""
    zones = {timezone for _, timezone, _, _ in await hours_of_lists(session)}
    return Clocks(len(zones | {settings().default_timezone}) > 1)
