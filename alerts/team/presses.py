"""A form of the pages is done once, however often its button is tapped.

On bad signal nothing seems to happen, and one taps again. The token that every form carries is written
differently each time a page is shown (``console/masks.py``), so what comes twice is the same form, tapped
twice: it is not done again, and gets the answer of the first.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from http import HTTPStatus

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict
from alerts.settings import settings
from alerts.team.models import Press

# A page may show what is shown once, and a cookie lets somebody in: they are not kept for longer than
# somebody waits for an answer. Where a form led to is known for as long as its session.
SHOWN_AGAIN = timedelta(minutes=10)


class WasDone(Conflict):
    """This form was sent before; what it was answered is not known any more."""

    code = "was_done"

    def __init__(self) -> None:
        super().__init__("This was done already. Look before you do it again.")


@dataclass(frozen=True)
class Answer:
    """What a browser was answered."""

    status: int
    headers: list[tuple[str, str]]
    body: str


def digest_of(*said: str, fields: Mapping[str, str]) -> bytes:
    """By what the same form is recognised: who sent it where (``said``), and all that stood in it."""
    parts = [*said, *(part for field in sorted(fields.items()) for part in field)]
    whole = b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in parts)
    key = settings().session_secret.get_secret_value().encode()
    return hmac.new(key, b"press " + whole, hashlib.sha256).digest()


async def begin(session: AsyncSession, digest: bytes, session_id: int | None) -> Answer | None:
    """None for a form that comes for the first time; else what the first was answered.

    One that comes at the same moment waits for the first, and is done where that was refused.
    Raises WasDone; IntegrityError where the first ended the session.
    """
    row = insert(Press).values(digest=digest, session_id=session_id)
    if await session.scalar(row.on_conflict_do_nothing().returning(Press.digest)) is not None:
        return None
    is_new = Press.created_at > func.now() - SHOWN_AGAIN
    before = (await session.execute(select(Press, is_new).where(Press.digest == digest))).one_or_none()
    if before and before[0].leads_to is not None:
        return Answer(HTTPStatus.SEE_OTHER, [("location", before[0].leads_to)], "")
    if not (before and before[1] and before[0].answer):
        raise WasDone
    given = before[0].answer
    return Answer(given["status"], [(name, value) for name, value in given["headers"]], given["body"])


async def keep(session: AsyncSession, digest: bytes, answer: Answer) -> None:
    """Note what it was answered, in the transaction of what was done."""
    row = await session.get(Press, digest)
    if row is None:  # its session was ended by it
        return
    names = {name for name, _ in answer.headers}
    if "location" in names and "set-cookie" not in names:
        row.leads_to = dict(answer.headers)["location"]
    else:
        row.answer = asdict(answer)


async def undo(session: AsyncSession, digest: bytes) -> None:
    """It was refused: it may be sent again as it is."""
    await session.execute(delete(Press).where(Press.digest == digest))


_OLD = text("""
    WITH strangers AS (
        DELETE FROM presses WHERE session_id IS NULL AND created_at < now() - CAST(:kept AS interval)
    )
    UPDATE presses SET answer = NULL
    WHERE answer IS NOT NULL AND session_id IS NOT NULL AND created_at < now() - CAST(:kept AS interval)
""")


async def forget_old(session: AsyncSession) -> None:
    """Of pages and cookies nothing stays for longer than ``SHOWN_AGAIN``; the rest ends with its session."""
    await session.execute(_OLD, {"kept": SHOWN_AGAIN})
