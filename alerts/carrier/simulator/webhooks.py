"""Callbacks and inbound texts, signed as Twilio signs them, and repeated as Twilio repeats them."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import parse_qs, urldefrag, urlencode
from xml.etree import ElementTree as Xml

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector
from twilio.request_validator import RequestValidator

from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import Message, SimulatorConfig

AT_ONCE = 50


class Webhooks:
    """Posts to the application what Twilio would."""

    def __init__(self, config: SimulatorConfig, faults: Faults) -> None:
        self._config = config
        self._faults = faults
        self._validator = RequestValidator(config.auth_token)
        self._session = ClientSession(
            timeout=ClientTimeout(total=15), connector=TCPConnector(limit=AT_ONCE, keepalive_timeout=2)
        )
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Drop what was not posted yet."""
        for task in self._tasks:
            task.cancel()
        await self._session.close()

    def report(self, message: Message) -> None:
        """Post the text's present status to its StatusCallback, soon, perhaps twice, perhaps never."""
        if not message.callback or self._faults.happens(self._faults.callback_lost):
            return
        form = self._status_form(message)
        times = 2 if self._faults.happens(self._faults.callback_twice) else 1
        for _ in range(times):
            late = (
                self._faults.callback_delay * 3
                if self._faults.happens(self._faults.callback_reordered)
                else 0.0
            )
            self._later(self._post(message.callback, form, late))

    async def inbound(self, message: Message, media: int, opt_out_type: str | None) -> tuple[int, list[str]]:
        """Post a worker's text to the webhook: the HTTP status, and the answers in its TwiML."""
        form = {
            "ToCountry": "US",
            "ToState": "CA",
            "SmsMessageSid": message.sid,
            "NumMedia": str(media),
            "ToCity": "",
            "FromZip": "",
            "SmsSid": message.sid,
            "FromState": "CA",
            "SmsStatus": "received",
            "FromCity": "",
            "Body": message.body,
            "FromCountry": "US",
            "To": message.to,
            "ToZip": "",
            "NumSegments": str(message.parts),
            "MessageSid": message.sid,
            "AccountSid": self._config.account_sid,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        }
        if self._config.messaging_service_sid:
            form["MessagingServiceSid"] = self._config.messaging_service_sid
        if opt_out_type:
            form["OptOutType"] = opt_out_type
        status, body = await self._once(self._config.inbound_url, form)
        return status, _answers(body) if status == 200 else []

    def _status_form(self, message: Message) -> dict[str, str]:
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": message.status,
            "SmsStatus": message.status,
            "AccountSid": self._config.account_sid,
            "From": message.sender,
            "To": message.to,
            "ApiVersion": "2010-04-01",
        }
        if message.service:
            form["MessagingServiceSid"] = message.service
        if message.error_code:
            form["ErrorCode"] = str(message.error_code)
        return form

    def _later(self, work: object) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, url: str, form: dict[str, str], delay: float) -> None:
        """Once, and again as the address's fragment asks: #rc=5&rp=all."""
        await asyncio.sleep(delay)
        wishes = parse_qs(urldefrag(url).fragment)
        retries = int(wishes.get("rc", ["1"])[0])
        on_any_failure = "all" in wishes.get("rp", ["ct"])[0]
        for attempt in range(retries + 1):
            try:
                status, _ = await self._once(url, form)
            except (ClientError, TimeoutError, OSError):
                status = 0
            if 0 < status < 400 or (status and not on_any_failure):
                return
            await asyncio.sleep(0.2 * 2**attempt)

    async def _once(self, url: str, form: dict[str, str]) -> tuple[int, str]:
        address = urldefrag(url).url  # the fragment is not signed
        signature = self._validator.compute_signature(address, form)
        headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.post(address, data=urlencode(form).encode(), headers=headers) as answer:
            return answer.status, await answer.text()


def _answers(twiml: str) -> list[str]:
    """The texts that a TwiML answer sends."""
    root = Xml.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", twiml))  # noqa: S314 - our own application's
    found = ((message.findtext("Body") or message.text or "") for message in root.iter("Message"))
    return [text for text in found if text]
