"""Twilio's webhook for texts from workers."""

from __future__ import annotations

from fastapi import APIRouter, Response
from twilio.twiml.messaging_response import MessagingResponse

from alerts.carrier.webhooks import SignedForm
from alerts.conversations.service import InboundText, receive
from alerts.team.access import Session

router = APIRouter(tags=["twilio"])


@router.post("/twilio/inbound", include_in_schema=False)
async def inbound(form: SignedForm, session: Session) -> Response:
    """A worker's text; the answer goes back as TwiML, after what it changed is committed."""
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
    return Response(str(twiml), media_type="application/xml")
