"""Route: Twilio's webhook for texts from workers."""

from __future__ import annotations

import asyncio
import logging
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request, Response
from psycopg import AsyncConnection
from redis.exceptions import RedisError
from starlette.datastructures import ImmutableMultiDict

from alerts.carrier.pacing import Pacer, UnknownSender, label_of
from alerts.carrier.webhooks import MOST_DIGITS, BadWebhook, signed_form
from alerts.conversations.decide import InboundText
from alerts.conversations.inbound import Inbound, receive
from alerts.language.segments import segments
from alerts.settings import settings
from alerts.storage.engine import autocommit
from alerts.storage.groups import GroupCommit
from alerts.storage.meters import PARTS, count
from alerts.storage.redis import async_redis

log = logging.getLogger(__name__)

TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response>{}</Response>'
WRITERS = 2  # one decides while the other waits for PostgreSQL; texts of one person go through the same
TELL_SECONDS = 0.05  # so long answers are gathered before the pace hears of them


class Spending:
    """Tells the pace of each sender how much was answered.

    Answers do not wait for leave; what else their sender has to send waits for them.
    """

    def __init__(self) -> None:
        self._parts: dict[str, int] = {}
        self._telling: asyncio.Task[None] | None = None

    def add(self, sender: str, answer: str) -> None:
        """An answer went out."""
        self._parts[sender] = self._parts.get(sender, 0) + segments(answer).parts
        if self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def idle(self) -> None:
        """Returns when all is told."""
        if self._telling is not None:
            await asyncio.wait([self._telling])

    async def _tell(self) -> None:
        try:
            while self._parts:
                await asyncio.sleep(TELL_SECONDS)
                parts, self._parts = self._parts, {}
                await self._spend(parts)
        finally:
            # In the same step as the last look: an answer that comes later finds nobody telling.
            self._telling = None

    @staticmethod
    async def _spend(parts: dict[str, int]) -> None:
        try:
            pacer = Pacer(async_redis(), settings().rates)
            for sender, spent in parts.items():
                await pacer.spend(sender, spent)
                count(PARTS, label_of(sender), by=spent)
        except (RedisError, UnknownSender) as error:  # the pace is a courtesy, the answer is not
            log.warning("answers were not counted: error=%s", type(error).__name__)


spending = Spending()
writers: list[GroupCommit[Inbound, AsyncConnection]] = [
    GroupCommit(autocommit, receive) for _ in range(WRITERS)
]


async def idle() -> None:
    """Returns when nothing of this process's texts is under way."""
    for writer in writers:
        await writer.idle()
    await spending.idle()


async def inbound_text(request: Request) -> Response:
    """A worker's text; the answer goes back as TwiML, after what it changed is committed."""
    form = await signed_form(request)
    for name in ("MessageSid", "From"):
        if not form.get(name):
            raise BadWebhook(name)
    sid = form["MessageSid"]
    if not (sid.isascii() and sid.isalnum()):
        raise BadWebhook("MessageSid")
    one = Inbound(_text(form))
    if one.text.phone == form.get("To") or one.text.phone in settings().senders:
        log.warning("a text from one of our own numbers is not answered")
    else:
        await writers[hash(one.text.phone) % WRITERS].add(one)
    if one.answer is None:
        return Response(TWIML.format(""), media_type="application/xml")
    spending.add(form.get("MessagingServiceSid") or form.get("To", ""), one.answer)
    return Response(TWIML.format(f"<Message>{escape(one.answer)}</Message>"), media_type="application/xml")


def _text(form: ImmutableMultiDict[str, str]) -> InboundText:
    media = form.get("NumMedia", "0")
    return InboundText(
        message_sid=form["MessageSid"],
        phone=form["From"],
        body=form.get("Body", "").replace("\x00", ""),
        media=int(media) if media.isdecimal() and len(media) <= MOST_DIGITS else 0,
        opt_out_type=form.get("OptOutType"),
    )


router = APIRouter()
# A plain route, as for callbacks: the answers to an alert come all at once.
router.add_route("/twilio/inbound", inbound_text, methods=["POST"])
