"""Callbacks and inbound texts, signed as Twilio signs them, and repeated as Twilio repeats them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urldefrag, urlencode
from xml.etree import ElementTree as Xml

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    TCPConnector,
)
from twilio.request_validator import RequestValidator
from yarl import URL

from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import Carrier, Message
from alerts.carrier.simulator.resources import VERSION

AT_ONCE = 50  # callbacks under way
SECONDS_IN_ALL = 15.0  # for one callback with its repetitions: Twilio's tt
PAUSE_SECONDS = 0.2  # before the first repetition; doubles. Twilio does not say how long its own is

# What can go wrong, in the words of Twilio's connection overrides.
CONNECT, READ, CLIENT_ERROR, SERVER_ERROR = "ct", "rt", "4xx", "5xx"
# Twilio's codes for a webhook that cannot be read: https://www.twilio.com/docs/api/errors
NO_ANSWER, NOT_TWIML = 11200, 12100


@dataclass(frozen=True, slots=True)
class Overrides:
    """How patient and how stubborn Twilio is with one address.

    Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides. ``connect`` and
    ``read`` are seconds; ``repeats`` come after the first attempt; ``on`` says after which failures.
    """

    connect: float = 5.0
    read: float = 15.0
    repeats: int = 1
    on: frozenset[str] = frozenset({CONNECT})

    @classmethod
    def of(cls, url: str) -> Overrides:
        """Read from the address's fragment, such as ``#rc=5&rp=all``. What it does not say stays usual."""
        asked = {name: values[-1] for name, values in parse_qs(urldefrag(url).fragment).items()}

        def number(name: str, most: int, usual: int) -> int:
            value = asked.get(name, "")
            return min(int(value), most) if value.isascii() and value.isdecimal() else usual

        policies = frozenset(asked.get("rp", CONNECT).split(","))
        every = frozenset({CONNECT, READ, CLIENT_ERROR, SERVER_ERROR})
        return cls(
            connect=max(number("ct", 10_000, 5000), 1) / 1000,
            read=max(number("rt", 15_000, 15_000), 1) / 1000,
            repeats=number("rc", 5, 1),
            on=every if "all" in policies else policies & every,
        )


@dataclass(slots=True)
class _Post:
    """One callback, until it is taken or given up."""

    message: Message
    url: str
    form: dict[str, str]
    token: str = field(default_factory=lambda: secrets.token_hex(16))  # the same on each repetition
    attempts: int = 0
    began: float = 0.0  # monotonic seconds


class Webhooks:
    """Posts to the application what Twilio would. Lives in the server's loop."""

    def __init__(self, carrier: Carrier, faults: Faults) -> None:
        self._carrier = carrier
        self._config = carrier.config
        self._faults = faults
        self._validator = RequestValidator(self._config.auth_token)
        self._session = ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=2), headers={"User-Agent": "TwilioProxy/1.1"}
        )
        self._loop = asyncio.get_running_loop()
        self._posts: asyncio.Queue[_Post] = asyncio.Queue()
        self._posters = [asyncio.create_task(self._post_on()) for _ in range(AT_ONCE)]
        self.counts: Counter[str] = Counter()  # taken, given_up, lost, and waiting

    async def close(self) -> None:
        """Drop what was not posted yet."""
        for poster in self._posters:
            poster.cancel()
        await asyncio.gather(*self._posters, return_exceptions=True)
        await self._session.close()

    def report(self, message: Message) -> None:
        """Post the text's present status to its StatusCallback: soon, perhaps twice, perhaps never."""
        faults = self._faults
        if not message.callback:
            return
        if faults.happens("callback_lost"):
            self.counts["lost"] += 1
            return
        form = self._status_form(message)
        for _ in range(2 if faults.happens("callback_twice") else 1):
            # Held back for longer than the next status takes to come: so that one overtakes.
            late = faults.callback_delay * 3 if faults.happens("callback_reordered") else 0.0
            self._soon(_Post(message, message.callback, form), late)

    async def inbound(self, message: Message, opt_out_type: str | None) -> tuple[int, list[str], int | None]:
        """Post a worker's text to the webhook.

        Gives the HTTP status (0: no answer), the texts in its TwiML, and Twilio's code for what was wrong.
        """
        form = self._inbound_form(message, opt_out_type)
        url = self._carrier.inbound_url
        post, overrides = _Post(message, url, form, began=time.monotonic()), Overrides.of(url)
        while True:
            failure, status, body = await self._once(post, overrides)
            if not self._again(post, overrides, failure):
                break
            await asyncio.sleep(PAUSE_SECONDS * 2 ** (post.attempts - 1))
        if failure or not 200 <= status < 300:
            return status, [], NO_ANSWER
        try:
            return status, answers(body), None
        except Xml.ParseError:
            return status, [], NOT_TWIML

    def _inbound_form(self, message: Message, opt_out_type: str | None) -> dict[str, str]:
        # Blank ones too, as Twilio sends them: an application that drops them breaks the signature.
        places = {f"{end}{what}": "" for end in ("From", "To") for what in ("City", "State", "Zip")}
        form = {
            **places,
            "FromCountry": "US",
            "ToCountry": "US",
            "ToState": "CA",
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "SmsMessageSid": message.sid,
            "AccountSid": self._config.account_sid,
            "From": message.sender,
            "To": message.to,
            "Body": message.body,
            "NumMedia": str(message.media),
            "NumSegments": str(message.parts),
            "SmsStatus": "received",
            "ApiVersion": VERSION,
        }
        for number in range(message.media):
            form[f"MediaUrl{number}"] = (
                f"https://api.twilio.com/{VERSION}/Accounts/{self._config.account_sid}/Messages/{message.sid}/Media/ME{number:032x}"
            )
            form[f"MediaContentType{number}"] = "image/jpeg"
        if self._config.messaging_service_sid:
            form["MessagingServiceSid"] = self._config.messaging_service_sid
        if opt_out_type:
            form["OptOutType"] = opt_out_type
        return form

    def _status_form(self, message: Message) -> dict[str, str]:
        form = {
            "MessageSid": message.sid,
            "SmsSid": message.sid,
            "MessageStatus": message.status,
            "SmsStatus": message.status,
            "AccountSid": self._config.account_sid,
            "From": message.sender,
            "To": message.to,
            "ApiVersion": VERSION,
        }
        if message.service:
            form["MessagingServiceSid"] = message.service
        if message.error_code:
            form["ErrorCode"] = str(message.error_code)
        return form

    def _soon(self, post: _Post, late: float) -> None:
        self.counts["waiting"] += 1
        if late:
            self._loop.call_later(late, self._posts.put_nowait, post)
        else:
            self._posts.put_nowait(post)

    async def _post_on(self) -> None:
        """One of several that post what waits, one after the other."""
        while True:
            post = await self._posts.get()
            if post.message.sid in self._carrier.messages:  # else it was forgotten meanwhile
                await self._attempt(post)
            self.counts["waiting"] -= 1

    async def _attempt(self, post: _Post) -> None:
        post.began = post.began or time.monotonic()
        overrides = Overrides.of(post.url)
        failure, _, _ = await self._once(post, overrides)
        if failure is None:
            self.counts["taken"] += 1
        elif self._again(post, overrides, failure):
            self._soon(post, PAUSE_SECONDS * 2 ** (post.attempts - 1))
        else:
            self.counts["given_up"] += 1

    @staticmethod
    def _again(post: _Post, overrides: Overrides, failure: str | None) -> bool:
        """Whether Twilio repeats it. ``post.attempts`` counts the first one too."""
        late = time.monotonic() - post.began > SECONDS_IN_ALL
        return failure in overrides.on and post.attempts <= overrides.repeats and not late

    async def _once(self, post: _Post, overrides: Overrides) -> tuple[str | None, int, str]:
        """Post it. Gives what went wrong, if anything; the HTTP status, 0 without one; and the answer."""
        post.attempts += 1
        address = urldefrag(post.url).url  # the fragment is not signed
        headers = {
            "X-Twilio-Signature": self._validator.compute_signature(address, post.form),
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "I-Twilio-Idempotency-Token": post.token,
        }
        patience = ClientTimeout(
            total=SECONDS_IN_ALL, sock_connect=overrides.connect, sock_read=overrides.read
        )
        data = urlencode(post.form).encode()
        try:
            # encoded=True: exactly the address that was signed, not aiohttp's spelling of it.
            url = URL(address, encoded=True)
            async with self._session.post(url, data=data, headers=headers, timeout=patience) as answer:
                return _failure(answer.status), answer.status, await answer.text(errors="replace")
        except (ClientConnectorError, ConnectionTimeoutError):
            return CONNECT, 0, ""
        except (ClientError, TimeoutError, OSError, ValueError):
            return READ, 0, ""


def _failure(status: int) -> str | None:
    if status >= 500:
        return SERVER_ERROR
    return CLIENT_ERROR if status >= 400 else None


def answers(twiml: str) -> list[str]:
    """The texts that a TwiML answer sends: ``<Message>text</Message>`` or ``<Message><Body>text``.

    An empty answer sends nothing. Raises xml.etree.ElementTree.ParseError for what is not XML.
    """
    if not twiml.strip():
        return []
    root = Xml.fromstring(twiml.strip().encode())  # noqa: S314 - our own application's, on loopback
    found = []
    for message in root.iter("Message"):
        bodies = [body.text or "" for body in message.findall("Body")]
        found.append(("".join(bodies) or message.text or "").strip())
    return [text for text in found if text]
