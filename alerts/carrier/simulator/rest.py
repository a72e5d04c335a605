"""Twilio's REST routes for messages, as the SDK calls them."""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts.carrier.simulator.magic import MESSAGES
from alerts.carrier.simulator.messages import Message, Refusal, as_json

if TYPE_CHECKING:
    from alerts.carrier.simulator.app import Simulator

HANG_SECONDS = 60
MOST_A_PAGE = 1000


def routes(simulator: Simulator) -> list[Route]:
    """The routes under /2010-04-01."""
    base = "/2010-04-01/Accounts/{account}"

    def endpoint(path: str, methods: list[str], work: object) -> Route:
        async def answer(request: Request) -> Response:
            try:
                _authenticate(simulator, request)
                return await work(simulator, request)  # type: ignore[operator, no-any-return]
            except Refusal as refusal:
                return _refused(refusal)

        return Route(base + path, answer, methods=methods)

    return [
        endpoint("/Messages.json", ["POST"], _create),
        endpoint("/Messages.json", ["GET"], _list),
        endpoint("/Messages/{sid}.json", ["GET"], _fetch),
        endpoint("/Messages/{sid}.json", ["POST"], _update),
        endpoint("/Messages/{sid}.json", ["DELETE"], _delete),
        endpoint(".json", ["GET"], _account),
    ]


def _authenticate(simulator: Simulator, request: Request) -> None:
    config = simulator.config
    kind, _, encoded = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise Refusal(20003, 401) from None
    right = secrets.compare_digest(password.encode(), config.auth_token.encode())
    if kind.lower() != "basic" or user != config.account_sid or not right:
        raise Refusal(20003, 401)
    if request.path_params["account"] != config.account_sid:
        raise Refusal(20404, 404)


def _refused(refusal: Refusal) -> Response:
    more = f"https://www.twilio.com/docs/errors/{refusal.code}"
    message = MESSAGES.get(refusal.code, "Error")
    return JSONResponse(
        {"code": refusal.code, "message": message, "more_info": more, "status": refusal.status},
        refusal.status,
    )


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


async def _create(simulator: Simulator, request: Request) -> Response:
    form, faults = await _form(request), simulator.faults
    if faults.latency:
        await asyncio.sleep(faults.latency)
    if faults.happens(faults.too_many):
        raise Refusal(20429, 429)
    if faults.happens(faults.error_before_accept):
        return Response("<html>Service Unavailable</html>", 503, media_type="text/html")
    if faults.happens(faults.hang):
        await asyncio.sleep(HANG_SECONDS)
    message = simulator.carrier.create(
        form.get("To", ""),
        form.get("From"),
        form.get("MessagingServiceSid"),
        form.get("Body", ""),
        form.get("StatusCallback"),
    )
    simulator.send_out(message)
    if faults.happens(faults.drop_after_accept):
        request.scope["drop"]()
    if faults.happens(faults.error_after_accept):
        return Response("<html>Internal Server Error</html>", 500, media_type="text/html")
    return JSONResponse(as_json(message, simulator.config.account_sid), 201)


async def _list(simulator: Simulator, request: Request) -> Response:
    asked = dict(request.query_params)
    size = max(1, min(MOST_A_PAGE, int(asked.get("PageSize", 50))))
    page = int(asked.get("Page", 0))
    to, sender = asked.get("To"), asked.get("From")
    pool = (
        simulator.carrier.phone(to)
        if to and to not in simulator.config.numbers
        else simulator.carrier.messages.values()
    )
    found = [one for one in reversed(list(pool)) if _matches(one, to, sender, asked)]
    rows = found[page * size : (page + 1) * size]
    path = f"/2010-04-01/Accounts/{simulator.config.account_sid}/Messages.json"

    def page_uri(number: int) -> str:
        return path + "?" + urlencode({**asked, "PageSize": size, "Page": number})

    return JSONResponse(
        {
            "messages": [as_json(one, simulator.config.account_sid) for one in rows],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": page * size + len(rows) - 1,
            "uri": page_uri(page),
            "first_page_uri": page_uri(0),
            "previous_page_uri": page_uri(page - 1) if page else None,
            "next_page_uri": page_uri(page + 1) if len(found) > (page + 1) * size else None,
        }
    )


def _matches(message: Message, to: str | None, sender: str | None, asked: dict[str, str]) -> bool:
    if (to and message.to != to) or (sender and message.sender != sender):
        return False
    days = {
        name[len("DateSent") :]: _day(value) for name, value in asked.items() if name.startswith("DateSent")
    }
    if not days:
        return True
    if message.sent is None:  # a text that waits is on no day
        return False
    sent = message.sent.date()
    tests = {"": sent.__eq__, "<": sent.__le__, ">": sent.__ge__}
    return all(tests[sign](day) for sign, day in days.items())


def _day(value: str) -> date:
    return datetime.fromisoformat(value.replace("Z", "+00:00")).date()


def _known(simulator: Simulator, request: Request) -> Message:
    found = simulator.carrier.messages.get(request.path_params["sid"])
    if found is None:
        raise Refusal(20404, 404)
    return found


async def _fetch(simulator: Simulator, request: Request) -> Response:
    return JSONResponse(as_json(_known(simulator, request), simulator.config.account_sid))


async def _update(simulator: Simulator, request: Request) -> Response:
    message, form = _known(simulator, request), await _form(request)
    if form.get("Body") == "":
        message.body = ""
    if form.get("Status") == "canceled":
        simulator.carrier.move(message, "canceled", None)
    return JSONResponse(as_json(message, simulator.config.account_sid))


async def _delete(simulator: Simulator, request: Request) -> Response:
    simulator.carrier.remove(_known(simulator, request))
    return Response(status_code=204)


async def _account(simulator: Simulator, request: Request) -> Response:
    sid = simulator.config.account_sid
    return JSONResponse({"sid": sid, "friendly_name": "Simulator", "status": "active", "type": "Full"})
