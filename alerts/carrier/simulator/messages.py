"""What the simulated carrier knows: texts, their states, who opted out. Pure: no network here."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from alerts.carrier.opt_out import START, STOP, OptOut
from alerts.carrier.simulator.magic import FAILS_LATER, REFUSED
from alerts.language.segments import MOST_UNITS, segments

FINAL = ("delivered", "undelivered", "failed", "canceled", "received")


class Refusal(Exception):
    """An error answer: Twilio's code and the HTTP status."""

    def __init__(self, code: int, status: int = 400) -> None:
        self.code, self.status = code, status
        super().__init__(f"{status} {code}")


@dataclass(frozen=True)
class SimulatorConfig:
    """The account that is simulated, and where its webhook points."""

    account_sid: str
    auth_token: str
    numbers: tuple[str, ...]
    inbound_url: str
    messaging_service_sid: str | None = None
    opt_out: OptOut = OptOut.OFF


@dataclass
class Message:
    """A text, in or out."""

    sid: str
    direction: str  # inbound, outbound-api or outbound-reply
    to: str
    sender: str
    body: str
    status: str
    service: str | None = None
    callback: str | None = None
    error_code: int | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent: datetime | None = None
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def parts(self) -> int:
        """Message parts on the air."""
        return segments(self.body).parts


class Carrier:
    """The texts of one account, oldest first."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.messages: dict[str, Message] = {}
        self.opted_out: set[str] = set()
        self._phones: dict[str, list[Message]] = {}

    def forget_everything(self) -> None:
        """As on the first day."""
        self.messages.clear()
        self.opted_out.clear()
        self._phones.clear()

    def create(
        self, to: str, sender: str | None, service: str | None, body: str, callback: str | None
    ) -> Message:
        """Take a text from the API. Raises Refusal as Twilio would refuse it."""
        if not to:
            raise Refusal(21604)
        if not sender and not service:
            raise Refusal(21603)
        if service and service != self.config.messaging_service_sid:
            raise Refusal(21703)
        if sender and sender not in self.config.numbers:
            raise Refusal(21606)
        if not body:
            raise Refusal(21602)
        if len(body.encode("utf-16-le", "surrogatepass")) // 2 > MOST_UNITS:
            raise Refusal(21617)
        if not (to.startswith("+") and to[1:].isdecimal() and 8 <= len(to) <= 16):
            raise Refusal(21211)
        if to[-4:] in REFUSED:
            raise Refusal(REFUSED[to[-4:]])
        if to in self.opted_out:
            raise Refusal(21610)
        chosen = sender or self.config.numbers[int(to[-4:]) % len(self.config.numbers)]
        status = "accepted" if service else "queued"
        return self._add(Message(new_sid(), "outbound-api", to, chosen, body, status, service, callback))

    def receive(self, sender: str, to: str, body: str, sid: str | None) -> Message:
        """Take a text from a worker's phone. The same ``sid`` again is Twilio's second delivery of it."""
        known = self.messages.get(sid or "")
        return known or self._add(Message(sid or new_sid(), "inbound", to, sender, body, "received"))

    def answer(self, inbound: Message, body: str) -> Message:
        """The answer that a webhook gave in TwiML; it is blocked for whoever opted out."""
        blocked = inbound.sender in self.opted_out
        status = "failed" if blocked else "delivered"
        code = 21610 if blocked else None
        return self._add(
            Message(
                new_sid(), "outbound-reply", inbound.sender, inbound.to, body, status, error_code=code,
                sent=datetime.now(UTC),
            )
        )  # fmt: skip

    def opt(self, inbound: Message) -> Message | None:
        """Twilio's own handling of STOP and START; what it answers, if anything. It always arrives."""
        if self.config.opt_out is OptOut.OFF:
            return None
        word = inbound.body.strip().upper()
        if word in STOP:
            own = self.answer(inbound, "You have successfully been unsubscribed.")
            self.opted_out.add(inbound.sender)
            return own
        if word in START and inbound.sender in self.opted_out:
            self.opted_out.discard(inbound.sender)
            return self.answer(inbound, "You have successfully been re-subscribed.")
        return None

    def steps(self, message: Message) -> Iterator[tuple[str, int | None]]:
        """The statuses that an outbound text goes through after the first: (status, error code)."""
        last, code = FAILS_LATER.get(message.to[-4:], ("delivered", None))
        if last != "failed":
            yield "sent", None
        yield last, code

    def move(self, message: Message, status: str, code: int | None) -> bool:
        """Go on to the next status; False where it was over already."""
        if message.status in FINAL:
            return False
        message.status, message.error_code, message.updated = status, code, datetime.now(UTC)
        if status == "sent":
            message.sent = message.updated
        return True

    def texts_to(self, number: str) -> list[Message]:
        """Outbound texts to this number, oldest first."""
        return [one for one in self._phones.get(number, ()) if one.direction != "inbound"]

    def phone(self, number: str) -> list[Message]:
        """All that this number sent and got, oldest first."""
        return self._phones.get(number, [])

    def remove(self, message: Message) -> None:
        """Delete a text. Raises Refusal before it is over."""
        if message.status not in FINAL:
            raise Refusal(20009, 409)
        del self.messages[message.sid]
        self._phones[worker_of(message)].remove(message)

    def _add(self, message: Message) -> Message:
        self.messages[message.sid] = message
        self._phones.setdefault(worker_of(message), []).append(message)
        return message


def worker_of(message: Message) -> str:
    """The worker's number, whichever way the text went."""
    return message.sender if message.direction == "inbound" else message.to


def new_sid() -> str:
    """A MessageSid."""
    return "SM" + secrets.token_hex(16)


def as_json(message: Message, account: str) -> dict[str, object]:
    """The message resource. Source: Twilio's OpenAPI, api.v2010.account.message."""
    uri = f"/2010-04-01/Accounts/{account}/Messages/{message.sid}"
    waiting = message.service and message.status in ("accepted", "queued")
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": message.body,
        "date_created": format_datetime(message.created),
        "date_sent": format_datetime(message.sent) if message.sent else None,
        "date_updated": format_datetime(message.updated),
        "direction": message.direction,
        "error_code": message.error_code,
        "error_message": None,
        "from": None if waiting else message.sender,
        "messaging_service_sid": message.service,
        "num_media": "0",
        "num_segments": "0" if waiting else str(message.parts),
        "price": None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }
