"""Twilio's REST routes for messages, as the SDK calls them."""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from alerts.carrier.simulator.messages import Message, Order, Refusal, e164
from alerts.carrier.simulator.resources import (
    VERSION,
    account_json,
    error_json,
    message_json,
    number_json,
    senders_json,
    service_json,
)

if TYPE_CHECKING:
    from alerts.carrier.simulator.app import Simulator

HANG_SECONDS = 60
USUAL_PAGE, MOST_A_PAGE = 50, 1000

Work = Callable[["Simulator", Request], Awaitable[Response]]


class NoAnswer(Response):
    """The connection closes before any octet of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        scope["drop"]()
        await receive()  # until the server has noticed; else it would write an answer of its own


def routes(simulator: Simulator) -> list[Route]:
    """The routes under /2010-04-01; any other path there is answered as Twilio answers it."""
    base = f"/{VERSION}/Accounts/{{account}}"
    table: list[tuple[str, dict[str, Work]]] = [
        (base + "/Messages.json", {"POST": _create, "GET": _list}),
        (base + "/Messages/{sid}.json", {"GET": _fetch, "POST": _update, "DELETE": _delete}),
        (base + "/IncomingPhoneNumbers.json", {"GET": _numbers}),
        (base + "/IncomingPhoneNumbers/{number}.json", {"POST": _point_number}),
        ("/v1/Services/{service}", {"GET": _service, "POST": _point_service}),
        ("/v1/Services/{service}/PhoneNumbers", {"GET": partial(_senders, key="phone_numbers")}),
        ("/v1/Services/{service}/ShortCodes", {"GET": partial(_senders, key="short_codes")}),
        (base + ".json", {"GET": _account}),
        (f"/{VERSION}/{{rest:path}}", {}),
    ]
    door = _Door(simulator)
    every = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    return [Route(path, door.opens(work), methods=every) for path, work in table]


class _Door:
    """What every request passes: credentials, the account, limits; and how an error is answered."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        config = simulator.config
        pair = f"{config.account_sid}:{config.auth_token}".encode()
        self._right = b"Basic " + base64.b64encode(pair)
        self._inside = 0  # requests under way

    def opens(self, work: dict[str, Work]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                self._check(request)
                if request.method not in work:
                    raise Refusal(20004, 405) if work else Refusal(20404, 404)
                self._inside += 1
                try:
                    return await work[request.method](self._simulator, request)
                finally:
                    self._inside -= 1
            except Refusal as refusal:
                said = _json(error_json(refusal, request.url.path), refusal.status)
                if refusal.status == 401:
                    said.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
                return said

        return answer

    def _check(self, request: Request) -> None:
        given = request.headers.get("authorization", "").encode("latin-1", "replace")
        if not secrets.compare_digest(given, self._right):
            raise Refusal(20003, 401)
        account = self._simulator.config.account_sid
        if request.path_params.get("account", account) != account:
            raise Refusal(20404, 404)
        faults = self._simulator.faults
        if 0 < faults.requests_at_once <= self._inside or faults.over_the_rate(time.monotonic()):
            raise Refusal(20429, 429)


def _json(body: dict[str, object], status: int = 200) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")


def _html(status: int, title: str) -> Response:
    # A gateway's page, not Twilio's JSON: that is what one gets when Twilio itself is in trouble.
    return Response(f"<html><body><h1>{status} {title}</h1></body></html>", status, media_type="text/html")


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body()).decode("utf-8", "replace")
    return dict(parse_qsl(body, keep_blank_values=True))


async def _create(simulator: Simulator, request: Request) -> Response:
    form, faults = await _form(request), simulator.faults
    if faults.latency:
        await asyncio.sleep(faults.latency)
    if faults.happens("too_many"):
        raise Refusal(20429, 429)
    if faults.happens("error_before_accept"):
        return _html(503, "Service Unavailable")
    if faults.happens("hang"):
        await asyncio.sleep(HANG_SECONDS)
        return NoAnswer()
    message = simulator.carrier.create(_order(form))
    simulator.send_out(message)
    # As it is now: the answer may leave later, when the text has moved on.
    answer = _json(message_json(message, simulator.config.account_sid), 201)
    if faults.latency_after_accept:
        await asyncio.sleep(faults.latency_after_accept)
    if faults.happens("drop_after_accept"):
        return NoAnswer()
    if faults.happens("error_after_accept"):
        return _html(500, "Internal Server Error")
    return answer


def _order(form: dict[str, str]) -> Order:
    return Order(
        to=form.get("To", ""),
        body=form.get("Body", ""),
        sender=form.get("From", ""),
        service=form.get("MessagingServiceSid", ""),
        callback=form.get("StatusCallback", ""),
        media=1 if form.get("MediaUrl") else 0,
        validity=form.get("ValidityPeriod", ""),
        discards=form.get("ContentRetention") == "discard",
    )


async def _list(simulator: Simulator, request: Request) -> Response:
    asked = dict(parse_qsl(request.url.query, keep_blank_values=True))
    size = max(1, min(MOST_A_PAGE, _whole(asked.get("PageSize"), USUAL_PAGE)))
    number = _whole(asked.get("Page"), 0)
    token = asked.pop("PageToken", "")
    before = _place(token) if token else None
    wanted = _filter(asked)
    to = e164(asked.get("To", ""))
    worker = to if to and to not in simulator.config.numbers else None
    rows, more = simulator.carrier.page(wanted, worker, size=size, skip=number * size, before=before)
    account = simulator.config.account_sid
    path = f"/{VERSION}/Accounts/{account}/Messages.json"

    def page_uri(page: int, last: Message | None = None) -> str:
        # The token holds the place: texts that arrive between two pages move nothing from one to the other.
        more = {"PageToken": f"PA{last.place:032x}"} if last else {}
        return path + "?" + urlencode({**asked, "PageSize": size, "Page": page, **more})

    return _json(
        {
            "first_page_uri": page_uri(0),
            "end": number * size + max(0, len(rows) - 1),
            "previous_page_uri": page_uri(number - 1) if number else None,
            "messages": [message_json(one, account) for one in rows],
            "uri": f"{path}?{request.url.query}" if request.url.query else path,
            "page_size": size,
            "start": number * size,
            "next_page_uri": page_uri(number + 1, rows[-1]) if more else None,
            "page": number,
        }
    )


def _filter(asked: dict[str, str]) -> Callable[[Message], bool]:
    """To, From, and the GMT day of sending; ``<`` and ``>`` take the day itself in.

    The API writes DateSent<=2026-11-23, which is a parameter called ``DateSent<``. The SDK sends a whole
    timestamp there; its day counts, as Twilio documents no finer grain.
    """
    to, sender = e164(asked.get("To", "")), e164(asked.get("From", ""))
    on, until, since = (_day(asked.get("DateSent" + sign)) for sign in ("", "<", ">"))

    def wanted(message: Message) -> bool:
        if (to and message.to != to) or (sender and message.shown_sender != sender):
            return False
        if on is None and until is None and since is None:
            return True
        if message.sent is None:  # a text that waits is on no day
            return False
        day = message.sent.date()
        return (on or day) == day and day <= (until or day) and day >= (since or day)

    return wanted


def _day(value: str | None) -> date | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Refusal(20001) from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).date()


def _whole(value: str | None, usual: int) -> int:
    if not value:
        return usual
    if not (value.isascii() and value.isdecimal()) or len(value) > 9:
        raise Refusal(20001)
    return int(value)


def _place(token: str) -> int:
    try:
        return int(token.removeprefix("PA"), 16)
    except ValueError:
        raise Refusal(20001) from None


def _known(simulator: Simulator, request: Request) -> Message:
    found = simulator.carrier.messages.get(request.path_params["sid"])
    if found is None:
        raise Refusal(20404, 404)
    return found


async def _fetch(simulator: Simulator, request: Request) -> Response:
    return _json(message_json(_known(simulator, request), simulator.config.account_sid))


async def _update(simulator: Simulator, request: Request) -> Response:
    message, form = _known(simulator, request), await _form(request)
    if form.get("Status") == "canceled":
        simulator.carrier.cancel(message)
    elif form.get("Body") == "":
        message.body = ""
    simulator.tell(message)
    return _json(message_json(message, simulator.config.account_sid))


async def _delete(simulator: Simulator, request: Request) -> Response:
    message = _known(simulator, request)
    simulator.carrier.remove(message)
    simulator.tell(message)
    return Response(status_code=204)


async def _account(simulator: Simulator, request: Request) -> Response:
    return _json(account_json(simulator.config))


async def _numbers(simulator: Simulator, request: Request) -> Response:
    config = simulator.config
    path = f"/{VERSION}/Accounts/{config.account_sid}/IncomingPhoneNumbers.json"
    wanted = e164(request.query_params.get("PhoneNumber", ""))
    url = simulator.carrier.inbound_url
    rows = [number_json(config, at, url) for at, one in enumerate(config.numbers) if wanted in ("", one)]
    return _json(
        {
            "first_page_uri": path,
            "end": max(0, len(rows) - 1),
            "previous_page_uri": None,
            "incoming_phone_numbers": rows,
            "uri": path,
            "page_size": MOST_A_PAGE,
            "start": 0,
            "next_page_uri": None,
            "page": 0,
        }
    )


async def _point_number(simulator: Simulator, request: Request) -> Response:
    config, sid = simulator.config, request.path_params["number"]
    places = {f"PN{place:032x}": place for place in range(len(config.numbers))}
    if sid not in places:
        raise Refusal(20404, 404)
    simulator.carrier.inbound_url = (await _form(request)).get("SmsUrl") or simulator.carrier.inbound_url
    return _json(number_json(config, places[sid], simulator.carrier.inbound_url))


async def _service(simulator: Simulator, request: Request) -> Response:
    _see_that_it_is_ours(simulator, request)
    return _json(service_json(simulator.config, simulator.carrier.inbound_url))


async def _senders(simulator: Simulator, request: Request, *, key: str) -> Response:
    _see_that_it_is_ours(simulator, request)
    return _json(senders_json(simulator.config, key))


def _see_that_it_is_ours(simulator: Simulator, request: Request) -> None:
    if request.path_params["service"] != simulator.config.messaging_service_sid:
        raise Refusal(20404, 404)


async def _point_service(simulator: Simulator, request: Request) -> Response:
    url = (await _form(request)).get("InboundRequestUrl")
    simulator.carrier.inbound_url = url or simulator.carrier.inbound_url
    return await _service(simulator, request)
