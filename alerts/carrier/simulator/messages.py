"""What the simulated carrier knows: texts, their states, who opted out. Pure: no network here."""

from __future__ import annotations

import re
import secrets
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter

from alerts.carrier.simulator import keywords, magic
from alerts.language.segments import MOST_UNITS, BodyTooLong, segments

FINAL = frozenset({"delivered", "undelivered", "failed", "canceled", "received"})
CANCELABLE = frozenset({"accepted", "queued", "scheduled"})
LONGEST_VALIDITY = 36_000  # seconds; Twilio's ValidityPeriod

_E164 = re.compile(r"\+(1[2-9][0-9]{9}|[2-9][0-9]{6,14})")
_PUNCTUATION = str.maketrans("", "", " -.()")


class Refusal(Exception):
    """An error answer: Twilio's code, the HTTP status, and the facts that its words mention."""

    def __init__(self, code: int, status: int = 400, **facts: str) -> None:
        self.code, self.status, self.facts = code, status, facts
        super().__init__(f"{status} {code}")


@dataclass(frozen=True)
class SimulatorConfig:
    """The account that is simulated, and where its webhook points.

    ``opt_out``: "default", "advanced" or "off"; see keywords.py. ``keywords``: words of one's own in
    advanced mode, upper case → STOP, START or HELP. ``tells_sending``: whether the status callback is
    called for "sending" too, between "queued" and "sent". ``pooled``: whether the numbers are in the sender
    pool of the Messaging Service.
    """

    account_sid: str
    auth_token: str
    numbers: tuple[str, ...]
    inbound_url: str
    messaging_service_sid: str | None = None
    opt_out: str = keywords.DEFAULT
    keywords: Mapping[str, str] = field(default_factory=dict)
    tells_sending: bool = False
    pooled: bool = True

    def __post_init__(self) -> None:
        if self.opt_out not in keywords.MODES:
            raise ValueError(f"opt_out is one of {', '.join(keywords.MODES)}, not {self.opt_out!r}")
        if not self.numbers:
            raise ValueError("an account needs a number to send from")

    @property
    def pool(self) -> tuple[str, ...]:
        """The sender pool of the Messaging Service."""
        return self.numbers if self.pooled else ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a client asks for in creating a text; empty where a parameter is missing."""

    to: str
    body: str
    sender: str = ""
    service: str = ""
    callback: str = ""
    media: int = 0
    validity: str = ""
    discards: bool = False


@dataclass(slots=True)
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
    media: int = 0
    error_code: int | None = None
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    sent: datetime | None = None
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    parts: int = 0  # on the air; kept when the body is redacted
    place: int = 0  # in the order of all texts
    discards: bool = False  # its words are on the phone, and not kept here

    @property
    def shown_sender(self) -> str | None:
        """``from`` as the API tells it: unknown until the Messaging Service has chosen one."""
        return None if self.status == "accepted" else self.sender

    @property
    def worker(self) -> str:
        """The worker's number, whichever way the text went."""
        return self.sender if self.direction == "inbound" else self.to


class Carrier:
    """The texts of one account, oldest first."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.inbound_url = config.inbound_url  # where the account's webhook points now
        self.messages: dict[str, Message] = {}
        self._order: list[Message | None] = []  # by place; None where one was deleted
        self._phones: dict[str, list[Message]] = {}
        self._blocked: set[tuple[str, str]] = set()  # (our sender, worker)

    @property
    def opted_out(self) -> frozenset[str]:
        """Workers to whom some sender of ours is blocked."""
        return frozenset(worker for _, worker in self._blocked)

    def forget_everything(self) -> None:
        """As on the first day."""
        self.messages.clear()
        self._order.clear()
        self._phones.clear()
        self._blocked.clear()

    def create(self, order: Order) -> Message:
        """Take a text from the API. Raises Refusal as Twilio would refuse it."""
        to, sender = e164(order.to), e164(order.sender)
        self._check_sender(order, sender)
        self._check_body(order)
        if not _E164.fullmatch(to):
            raise Refusal(21211, to=order.to)
        code = magic.refused(to)
        # Which number a service would choose does not matter: a service is blocked as a whole.
        chosen = sender or self.config.numbers[int(to[-4:]) % len(self.config.numbers)]
        if code or self.is_blocked(chosen, to):
            raise Refusal(code or 21610, to=to, sender=chosen)
        status = "accepted" if order.service else "queued"
        return self._add(
            Message(
                new_sid("MM" if order.media else "SM"), "outbound-api", to, chosen, order.body, status,
                order.service or None, order.callback or None, order.media, discards=order.discards,
            )
        )  # fmt: skip

    def _check_sender(self, order: Order, sender: str) -> None:
        if not order.to.strip():
            raise Refusal(21604)
        if order.service:
            if order.service != self.config.messaging_service_sid or not self.config.pool:
                raise Refusal(21703)
            if not sender:
                return
        if not sender:
            raise Refusal(21603)
        code = magic.TWILIO_FROM.get(sender, 21606)
        if sender not in self.config.numbers and code:
            raise Refusal(code, sender=order.sender)

    @staticmethod
    def _check_body(order: Order) -> None:
        if not order.body and not order.media:
            raise Refusal(21602)
        if len(order.body) > MOST_UNITS or utf16_units(order.body) > MOST_UNITS:
            raise Refusal(21617)
        if order.validity and not (
            order.validity.isdecimal() and 1 <= int(order.validity) <= LONGEST_VALIDITY
        ):
            raise Refusal(21624)

    def receive(self, sender: str, to: str, body: str, sid: str | None = None, media: int = 0) -> Message:
        """Take a text from a worker's phone. The same ``sid`` again is Twilio's second delivery of it."""
        if sid and sid in self.messages:
            return self.messages[sid]
        made = Message(
            sid or new_sid("MM" if media else "SM"), "inbound", to, sender, body, "received", media=media
        )
        made.sent = made.created
        return self._add(made)

    def answer(self, inbound: Message, body: str, *, own: bool = False) -> Message:
        """An answer in a webhook's TwiML; blocked for whoever opted out, unless it is Twilio's own."""
        code = None
        if not own and self.is_blocked(inbound.to, inbound.sender):
            code = 21610
        elif utf16_units(body) > MOST_UNITS:
            code = 21617
        made = Message(
            new_sid(), "outbound-reply", inbound.sender, inbound.to, body,
            "failed" if code else "delivered", error_code=code,
        )  # fmt: skip
        made.sent = None if code else made.created
        return self._add(made)

    def opt(self, inbound: Message) -> tuple[str | None, Message | None]:
        """Twilio's own handling of STOP, START and HELP: which it was, and what Twilio answered."""
        kind = keywords.kind(inbound.body, self.config.opt_out, self.config.keywords)
        pair = self._pair(inbound.to, inbound.sender)
        if kind is None or (kind == "START" and pair not in self._blocked):
            return kind, None
        if kind == "STOP":
            self._blocked.add(pair)
        elif kind == "START":
            self._blocked.discard(pair)
        return kind, self.answer(inbound, keywords.ANSWERS[kind], own=True)

    def block(self, worker: str) -> None:
        """Every sender of ours is blocked to ``worker``, without a text."""
        self._blocked.update(self._pair(number, worker) for number in self.config.numbers)

    def is_blocked(self, sender: str, worker: str) -> bool:
        """Whether ``worker`` opted out of ``sender``."""
        return bool(self._blocked) and self._pair(sender, worker) in self._blocked

    def _pair(self, sender: str, worker: str) -> tuple[str, str]:
        # With a Messaging Service, STOP to one of its numbers covers them all.
        return self.config.messaging_service_sid or sender, worker

    def steps(self, message: Message) -> Iterator[tuple[str, int | None, bool]]:
        """What an outbound text goes through after its first status: (status, error code, whether told)."""
        last, code = magic.fate(message.to)
        if message.status == "accepted":
            yield "queued", None, True
        yield "sending", None, self.config.tells_sending
        if last != "failed":
            yield "sent", None, True
        if last != "sent":
            yield last, code, True

    def move(self, message: Message, status: str, code: int | None = None) -> bool:
        """Go on to the next status; False where it was over already, or the text is forgotten."""
        if message.status in FINAL or message.sid not in self.messages:
            return False
        message.status, message.error_code, message.updated = status, code, datetime.now(UTC)
        if status == "sent":
            message.sent = message.updated
        return True

    def cancel(self, message: Message) -> None:
        """Stop a text that did not leave yet. Raises Refusal where it did."""
        if message.status not in CANCELABLE:
            raise Refusal(30409)
        self.move(message, "canceled")

    def remove(self, message: Message) -> None:
        """Delete a text. Raises Refusal before it is over."""
        if message.status not in FINAL:
            raise Refusal(20009, 409)
        del self.messages[message.sid]
        self._order[message.place] = None
        self._phones[message.worker].remove(message)

    def texts_to(self, number: str) -> list[Message]:
        """Outbound texts to this number, oldest first, those that were blocked too."""
        return [one for one in self.phone(number) if one.direction != "inbound"]

    def phone(self, number: str) -> list[Message]:
        """All that this number sent and got, oldest first."""
        return list(self._phones.get(number, ()))

    def page(
        self,
        wanted: Callable[[Message], bool],
        worker: str | None,
        *,
        size: int,
        skip: int,
        before: int | None,
    ) -> tuple[list[Message], bool]:
        """``size`` texts that are ``wanted``, newest first, and whether there are more.

        ``worker`` narrows the search to one phone. ``before`` is the place where the page before ended;
        without it, ``skip`` texts are left out.
        """
        pool: list[Message] | list[Message | None]
        pool = self._order if worker is None else self._phones.get(worker, [])
        end = len(pool)
        if before is not None:
            end = min(before, end) if worker is None else bisect_left(pool, before, key=attrgetter("place"))
        found: list[Message] = []
        for index in range(end - 1, -1, -1):
            one = pool[index]
            if one is None or not wanted(one):
                continue
            if before is None and skip:
                skip -= 1
            elif len(found) == size:
                return found, True
            else:
                found.append(one)
        return found, False

    def _add(self, message: Message) -> Message:
        try:
            message.parts = segments(message.body).parts
        except BodyTooLong:
            message.parts = 0
        message.place = len(self._order)
        self._order.append(message)
        self.messages[message.sid] = message
        self._phones.setdefault(message.worker, []).append(message)
        return message


def e164(number: str) -> str:
    """``number`` without punctuation; ten digits are taken for a US number, as Twilio does."""
    bare = number.translate(_PUNCTUATION)
    if len(bare) == 10 and bare.isascii() and bare.isdecimal():
        return "+1" + bare
    return bare


def is_number(number: str) -> bool:
    """Whether it is written as E.164 has it."""
    return _E164.fullmatch(number) is not None


def utf16_units(text: str) -> int:
    """How long Twilio says that a text is."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def new_sid(prefix: str = "SM") -> str:
    """A MessageSid: SM, or MM with media."""
    return prefix + secrets.token_hex(16)
