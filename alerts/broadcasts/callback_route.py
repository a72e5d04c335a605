"""Route: Twilio's status callbacks. Two or three come for every text: more than of anything else."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts.callbacks import Callback, record_callbacks, record_plain_callbacks
from alerts.broadcasts.states import CARRIER_STATUS
from alerts.carrier.webhooks import MOST_DIGITS, signed_form
from alerts.storage.engine import autocommit, sessions
from alerts.storage.groups import GroupCommit
from alerts.team.access import MOST_IDS

log = logging.getLogger(__name__)


def _session() -> AsyncSession:
    return sessions()()


async def _record_with_what_follows(session: AsyncSession, callbacks: Sequence[Callback]) -> None:
    async with session.begin():
        await record_callbacks(session, callbacks)


# In groups, never one transaction each; and from most of them nothing follows.
plain: GroupCommit[Callback, AsyncConnection] = GroupCommit(autocommit, record_plain_callbacks)
coded: GroupCommit[Callback, AsyncSession] = GroupCommit(_session, _record_with_what_follows)


async def status_callback(request: Request) -> Response:
    """What Twilio says of one delivery. Answered when it is safe; a status that is new to us is let be."""
    form = await signed_form(request)
    state = CARRIER_STATUS.get(form.get("MessageStatus", ""))
    sid = form.get("MessageSid", "")
    delivery_id: int = request.path_params["delivery_id"]
    if not (sid.isascii() and sid.isalnum()):
        log.warning("callback ignored: no MessageSid")
    elif state and delivery_id < MOST_IDS:
        code = form.get("ErrorCode", "")
        if code.isdecimal() and len(code) <= MOST_DIGITS:
            await coded.add(Callback(delivery_id, sid, state, int(code)))
        else:
            await plain.add(Callback(delivery_id, sid, state, None))
    return Response(status_code=204)


router = APIRouter()
# A plain route: what FastAPI adds for people's sake costs as much as all the rest, three times a text.
router.add_route("/twilio/status/{delivery_id:int}", status_callback, methods=["POST"])
