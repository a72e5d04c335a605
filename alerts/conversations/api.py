"""Twilio's webhook for texts from workers."""

from __future__ import annotations

import logging

from fastapi import APIRouter, BackgroundTasks, Response
from redis.exceptions import RedisError
from twilio.twiml.messaging_response import MessagingResponse

from alerts.carrier.pacing import Pacer, UnknownSender
from alerts.carrier.webhooks import SignedForm
from alerts.conversations.service import InboundText, receive
from alerts.language.segments import segments
from alerts.settings import settings
from alerts.storage.redis import async_redis
from alerts.team.access import Session

router = APIRouter(tags=["twilio"])


log = logging.getLogger(__name__)


@router.post("/twilio/inbound", include_in_schema=False)
async def inbound(form: SignedForm, session: Session, tasks: BackgroundTasks) -> Response:
    """A worker's text; the answer goes back as TwiML, after what it changed is committed.

    Answers do not wait for the pace of their sender; what else it has to send waits for them.
    """
    media = form.get("NumMedia", "0")
    text = InboundText(
        message_sid=form["MessageSid"],
        phone=form["From"],
        body=form.get("Body", "").replace("\x00", ""),
        media=int(media) if media.isdecimal() else 0,
        opt_out_type=form.get("OptOutType"),
    )
    twiml = MessagingResponse()
    answer = await receive(session, text)
    if answer:
        twiml.message(answer)
        tasks.add_task(_spend, form.get("MessagingServiceSid") or form.get("To", ""), segments(answer).parts)
    return Response(str(twiml), media_type="application/xml")


async def _spend(sender: str, parts: int) -> None:
    try:
        await Pacer(async_redis(), settings().rates).spend(sender, parts)
    except (RedisError, UnknownSender) as error:  # the pace is a courtesy, the answer is not
        log.warning("an answer was not counted: error=%s", type(error).__name__)
