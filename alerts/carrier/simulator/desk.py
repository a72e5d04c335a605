"""The control desk: what a test asks of the simulator that nobody could ask of Twilio."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from alerts.carrier.simulator.messages import Message, e164, is_number, utf16_units
from alerts.language.segments import MOST_UNITS

if TYPE_CHECKING:
    from alerts.carrier.simulator.app import Simulator

MOST_MEDIA = 10  # in one text, as at Twilio


class Wrong(ValueError):
    """What was asked makes no sense; the words say which part."""


def routes(simulator: Simulator) -> list[Route]:
    """Texts of workers, the ledger, faults, a fresh start."""

    async def text(request: Request) -> Response:
        try:
            asked = _text(await _object(request), simulator)
        except ValueError as wrong:
            return _wrong(wrong)
        return JSONResponse(await simulator.receive(*asked))

    async def ledger(request: Request) -> Response:
        return JSONResponse(_ledger(simulator, e164(request.query_params.get("to", ""))))

    async def faults(request: Request) -> Response:
        if request.method == "POST":
            try:
                simulator.faults.change(await _object(request))
            except ValueError as wrong:
                return _wrong(wrong)
        return JSONResponse(asdict(simulator.faults))

    async def reset(request: Request) -> Response:
        simulator.forget_everything()
        return Response(status_code=204)

    return [
        Route("/simulator/texts", text, methods=["POST"]),
        Route("/simulator/ledger", ledger),
        Route("/simulator/faults", faults, methods=["GET", "POST"]),
        Route("/simulator/reset", reset, methods=["POST"]),
    ]


def _wrong(wrong: ValueError) -> Response:
    return JSONResponse({"error": str(wrong)}, 422)


async def _object(request: Request) -> dict[str, object]:
    try:
        asked = await request.json()
    except ValueError:
        raise Wrong("the body is not JSON") from None
    if not isinstance(asked, dict):
        raise Wrong("the body is not a JSON object")
    return asked


def _text(asked: dict[str, object], simulator: Simulator) -> tuple[str, str, str, int, str | None]:
    """from, to, body, media, sid of a worker's text. Raises Wrong."""
    sender, to = e164(_words(asked, "from")), _words(asked, "to") or simulator.config.numbers[0]
    if not is_number(sender):
        raise Wrong("from is not a phone number")
    if to not in simulator.config.numbers:
        raise Wrong("to is not a number of this account")
    # Half a surrogate pair can be written in JSON, but not in UTF-8.
    body = _words(asked, "body").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if utf16_units(body) > MOST_UNITS:
        raise Wrong(f"body is longer than {MOST_UNITS}")
    media = asked.get("media") or 0
    if not isinstance(media, int) or not 0 <= media <= MOST_MEDIA:
        raise Wrong(f"media is a number from 0 to {MOST_MEDIA}")
    return sender, to, body, media, _words(asked, "sid") or None


def _words(asked: dict[str, object], name: str) -> str:
    value = asked.get(name) or ""
    if not isinstance(value, str):
        raise Wrong(f"{name} is not a text")
    return value


def _ledger(simulator: Simulator, number: str) -> dict[str, object]:
    """Outbound texts by phone, oldest first, and totals; of one phone only where ``number`` is given."""
    texts = simulator.texts_to(number) if number else simulator.messages
    outbound = [one for one in texts if one.direction != "inbound"]
    phones: dict[str, list[dict[str, object]]] = {}
    for one in outbound:
        phones.setdefault(one.to, []).append(_line(one))
    return {
        "total": len(outbound),
        "blocked": sum(one.error_code == 21610 and one.direction == "outbound-reply" for one in outbound),
        "statuses": Counter(one.status for one in outbound),
        "opted_out": sorted(simulator.opted_out),
        "callbacks": {
            **dict.fromkeys(("taken", "given_up", "lost", "waiting"), 0),
            **simulator.webhooks.counts,
        },
        "faults": {name: count for name, count in simulator.faults.counts.items() if count},
        "phones": phones,
    }


def _line(one: Message) -> dict[str, object]:
    return {
        "sid": one.sid,
        "body": one.body,
        "status": one.status,
        "direction": one.direction,
        "parts": one.parts,
        "error_code": one.error_code,
        "at": one.created.isoformat(),
    }
