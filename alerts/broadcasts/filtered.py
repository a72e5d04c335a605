"""Whether the phone companies filter an alert: then it waits until an organizer has read why.

They say so seconds after a text was taken, by a callback. When such a one comes, the counts that are kept
tell how many texts there were since the last look, and how many of these were filtered. What is on its way
blurs one look, and not the next: then about as many are.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.statements import JUDGE, JUDGED
from alerts.carrier.codes import FILTERED

AT_LEAST = 50  # texts between two looks
NEARLY_ALL = 0.9


async def trouble_of(session: AsyncSession, alert_id: int, code: int) -> str | None:
    """Why an alert under way should be paused, where it should; ``code``: what the carrier said last."""
    given = {"alert": alert_id, "codes": sorted(FILTERED)}
    found = (await session.execute(JUDGE, given)).one_or_none()
    if found is None:
        return None
    taken, filtered = found.taken - (found.judged_taken or 0), found.filtered - (found.judged_filtered or 0)
    first = found.judged_taken is None
    if not first and taken < AT_LEAST:
        return None
    await session.execute(
        JUDGED, {"alert": alert_id, "taken": int(found.taken), "filtered": int(found.filtered)}
    )
    if first or filtered < NEARLY_ALL * taken:
        return None
    return (
        f"Phone companies filter it as unwanted (Twilio's code {code}): "
        f"nearly none of the last {taken} texts arrived"
    )
