"""The opponents of ``make bench``: each in processes of its own, with the same text to the same stub."""

from __future__ import annotations

from twilio.rest import Client

from bench.stub import ACCOUNT

TOKEN = "bench"
CALLBACK = "https://alerts.bench/twilio/status/%d#rc=5&rp=all"
BODY = "The walkout at the warehouse starts at 7:00 PM. Will you come? Answer YES or NO. STOP to leave."
SENDER = "+19095550100"


def recipient(number: int) -> str:
    """A phone of nobody's: 555-01xx in one of 100 area codes."""
    return f"+1{200 + number // 100 % 100}55501{number % 100:02d}"


def form(number: int) -> dict[str, str]:
    """Text ``number`` as the SDK writes it into a form."""
    return {
        "To": recipient(number),
        "From": SENDER,
        "Body": BODY,
        "StatusCallback": CALLBACK % number,
        "SmartEncoded": "False",
    }


def sdk_client(carrier: str) -> Client:
    """The SDK's own synchronous client, which keeps its connection; its lazy parts are loaded."""
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = carrier
    client.messages  # noqa: B018 - loads them
    return client


def send(client: Client, number: int) -> None:
    """Send text ``number`` through the SDK. Raises what the SDK raises."""
    message = client.messages.create(
        to=recipient(number), from_=SENDER, body=BODY, status_callback=CALLBACK % number, smart_encoded=False
    )
    if not message.sid:
        raise RuntimeError("no MessageSid")
