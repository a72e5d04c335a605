"""Sending one text through the Twilio SDK, and looking at the carrier's list for what became of one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import Any, Literal

from twilio.base import deserialize
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.rest import Client

from alerts.carrier.codes import CODES, Remedy, code
from alerts.carrier.transport import NoAnswer, NotConnected, TwilioTransport
from alerts.settings import Settings

# Answers whose status says it all, should their code be one that we do not know.
WORDLESS = {401: 20003, 403: 20003, 429: 20429}
LOOK_BACK = 200  # texts to one number that are looked at when one of them is sought
# Ends our addresses: Twilio posts again, five times, on any failure, not only on a lost connection.
# Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides
RETRIES = "#rc=5&rp=all"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took the text."""

    sid: str
    status: str  # Twilio's word
    code: int | None = None  # where it has failed since


@dataclass(frozen=True, slots=True)
class Refused:
    """The carrier surely did not take the text; ``code`` says why, where it gave one."""

    code: int | None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The carrier surely did not take the text, for now: send it again after ``wait``."""

    wait: timedelta
    code: int | None = None


@dataclass(frozen=True, slots=True)
class NotWanted:
    """We did not send it: its person left, or its alert was stopped, after it was claimed."""

    left: bool


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody knows whether the carrier took the text."""


Outcome = Accepted | Refused | NotTaken | NotWanted | Unknown


@dataclass(frozen=True, slots=True)
class Found:
    """A text on the carrier's list."""

    sid: str
    status: str
    code: int | None


class _Client(Client):
    """The SDK's, which asks the operating system for its name with every request; ours asks once."""

    def get_headers(self, method: str, headers: dict[str, str] | None) -> dict[str, str]:
        """As the SDK makes them."""
        return dict(self._headers(method, tuple((headers or {}).items())))

    @lru_cache(maxsize=16)  # noqa: B019 - one a process
    def _headers(self, method: str, headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
        made: dict[str, str] = super().get_headers(method, dict(headers))
        return made


# The SDK reads three dates in each answer, most of the same second: a tenth of what a text takes.
deserialize.rfc2822_datetime = lru_cache(maxsize=64)(deserialize.rfc2822_datetime)


class Carrier:
    """Our Twilio account: one a process, for as long as the process lives."""

    def __init__(self, settings: Settings, connections: int = 100) -> None:
        self._transport = TwilioTransport(connections)
        token = settings.twilio_auth_token.get_secret_value()
        self._client = _Client(settings.twilio_account_sid, token, http_client=self._transport)
        if settings.twilio_api_url:
            self._client.api.base_url = str(settings.twilio_api_url).rstrip("/")
        self._wishes = (
            {"content_retention": settings.twilio_content_retention}
            if settings.twilio_content_retention
            else {}
        )
        self._callback = settings.public_base + "/twilio/status/"

    async def send(self, sender: str, to: str, body: str, delivery_id: int) -> Outcome:
        """Send ``body`` once, from our number or Messaging Service ``sender``."""
        from_us = {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}
        callback = f"{self._callback}{delivery_id}{RETRIES}"
        try:
            # smart_encoded=False: what the organizer saw and approved is what goes out.
            message = await self._client.messages.create_async(
                to=to, body=body, status_callback=callback, smart_encoded=False, **from_us, **self._wishes
            )
        except NotConnected:
            return NotTaken(_patience(5))
        except (NoAnswer, ValueError, TypeError):  # an answer that cannot be read is no answer
            return Unknown()
        except (TwilioRestException, TwilioServiceException) as error:
            return _outcome_of(error.status, error.code)
        except TwilioException:
            return Unknown()
        return Accepted(message.sid, str(message.status)) if message.sid else Unknown()

    async def find(self, to: str, body: str, since: datetime, known: frozenset[str]) -> Found | None:
        """A text with this ``body`` to this number since then, that is not one of the ``known``.

        Where the carrier keeps no words (``TWILIO_CONTENT_RETENTION=discard``, or set up so): the oldest text
        of ours without any. The list is asked by number alone: Twilio's date filter has the grain of a
        day, and passes over texts that still wait. Raises NoAnswer where the carrier does not answer.
        """
        try:
            texts: list[Any] = await self._client.messages.list_async(
                to=to, limit=LOOK_BACK, page_size=LOOK_BACK
            )
        except (TwilioException, NotConnected, ValueError, TypeError):
            raise NoAnswer from None
        since_then = [
            text
            for text in texts
            if text.sid not in known and text.date_created and text.date_created.astimezone(UTC) >= since
        ]
        found = [text for text in since_then if text.body == body]
        # The carrier's list has the newest first. An answer in a webhook's TwiML is an outbound-reply.
        blank = [text for text in reversed(since_then) if not text.body and text.direction == "outbound-api"]
        text = next(iter((*found, *blank)), None)
        return Found(text.sid, str(text.status), text.error_code) if text else None

    async def fetch(self, sid: str) -> Found | None:
        """What became of a text of ours. None: the carrier does not know it any more.

        Raises NoAnswer where the carrier does not answer, or answers something else.
        """
        try:
            text: Any = await self._client.messages(sid).fetch_async()
        except (TwilioRestException, TwilioServiceException) as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise NoAnswer from None
        except (TwilioException, NotConnected, ValueError, TypeError):
            raise NoAnswer from None
        return Found(sid, str(text.status), text.error_code)

    async def erase(self, sid: str, how: Literal["delete", "redact"]) -> int | None:
        """Erase the carrier's copy of a text that is over. None: it is gone; else why not, in Twilio's words.

        Raises NoAnswer where the carrier does not answer, or asks for patience.
        Source: https://www.twilio.com/docs/messaging/api/message-resource, "delete" and "redact"
        """
        try:
            if how == "delete":
                await self._client.messages(sid).delete_async()
            else:
                await self._client.messages(sid).update_async(body="")
        except (TwilioRestException, TwilioServiceException) as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            if error.status == HTTPStatus.TOO_MANY_REQUESTS or error.status >= 500:
                raise NoAnswer from None
            return int(error.code or error.status)
        except (TwilioException, NotConnected, ValueError, TypeError):
            raise NoAnswer from None
        return None

    async def close(self) -> None:
        """Give the connections back."""
        await self._transport.close()


def _outcome_of(status: int, number: int | None) -> Outcome:
    """What an error answer says. A 5xx may have come after the text was taken."""
    if status >= 500:
        return Unknown()
    number = WORDLESS.get(status, number) if number not in CODES else number
    match code(number).remedy:
        case Remedy.SETTLE:
            return Unknown()
        case Remedy.SLOW:
            return NotTaken(_patience(2), number)
        case Remedy.HOLD:
            return NotTaken(_patience(60), number)
        case Remedy.PAUSE:
            return NotTaken(timedelta(0), number)
        case _:
            return Refused(number)


def _patience(seconds: float) -> timedelta:
    """About ``seconds``, spread, so that those who were turned away do not return all at once."""
    return timedelta(seconds=seconds * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
