"""The application under test, called in process as an API user and as Twilio would call it."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as Xml

import httpx
from twilio.request_validator import RequestValidator

from tests.conftest import ACCOUNT, OUR_NUMBER, PUBLIC_URL, TOKEN

URL = str


class Api:
    """One API key's way in, and Twilio's."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def post(self, path: URL, body: Any = None, status: int = 201) -> Any:
        """POST; the answer's JSON. Fails where the status is another."""
        return _checked(await self.client.post(path, json=body), status)

    async def get(self, path: URL, status: int = 200) -> Any:
        """GET; the answer's JSON."""
        return _checked(await self.client.get(path), status)

    async def patch(self, path: URL, body: Any, status: int = 200) -> Any:
        """PATCH; the answer's JSON."""
        return _checked(await self.client.patch(path, json=body), status)

    async def text(self, sender: str, body: str, sid: str | None = None, **more: str) -> str | None:
        """A worker texts ``body``: the answer that goes back, or None."""
        answer = await self.webhook("/twilio/inbound", inbound_form(sender, body, sid, **more))
        assert answer.status_code == 200, answer.text
        message = Xml.fromstring(answer.text).find("Message")
        return None if message is None else message.text

    async def status(self, delivery: int, sid: str, status: str, **more: str) -> httpx.Response:
        """Twilio says what became of a text."""
        form = {"MessageSid": sid, "MessageStatus": status, "AccountSid": ACCOUNT, **more}
        return await self.webhook(f"/twilio/status/{delivery}", form)

    async def webhook(self, path: URL, form: dict[str, str], signature: str | None = None) -> httpx.Response:
        """A form, signed as Twilio signs it, or with ``signature``."""
        signed = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + path, form)
        headers = {
            "X-Twilio-Signature": signed if signature is None else signature,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return await self.client.post(path, content=urlencode(form), headers=headers)


def inbound_form(sender: str, body: str, sid: str | None = None, **more: str) -> dict[str, str]:
    """What Twilio posts for a text."""
    sid = sid or "SM" + secrets.token_hex(16)
    return {
        "MessageSid": sid,
        "From": sender,
        "To": OUR_NUMBER,
        "Body": body,
        "NumMedia": "0",
        "FromCity": "",
        **more,
    }


def _checked(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, (answer.status_code, answer.text)
    if status >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
    return answer.json() if answer.content else None
