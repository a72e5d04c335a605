"""Our account at Twilio, looked at from outside: is it there, are the numbers ours, do they point here?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from alerts.settings import Settings

PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Verdict:
    """What was looked at; ``mend``: what is wrong and what to do, where something is."""

    what: str
    mend: str | None = None


class Account:
    """For the command line: one request after the other."""

    def __init__(self, settings: Settings) -> None:
        token = settings.twilio_auth_token.get_secret_value()
        http = TwilioHttpClient(timeout=PATIENCE_SECONDS)
        self._client = Client(settings.twilio_account_sid, token, http_client=http)
        if settings.twilio_api_url:
            url = str(settings.twilio_api_url).rstrip("/")
            self._client.api.base_url = self._client.messaging.base_url = url
        self._settings = settings
        self._webhook = settings.public_base + "/twilio/inbound"

    def look(self) -> list[Verdict]:
        """Everything that must be right there, and what to do where it is not."""
        try:
            account = self._client.api.accounts(self._settings.twilio_account_sid).fetch()
        except (TwilioException, OSError) as error:
            return [Verdict("Twilio account", _why(error))]
        if str(account.status) != "active":
            return [Verdict("Twilio account", f"It is {account.status}. Look at it in Twilio's console.")]
        trial = "It is a trial: it texts verified numbers only, with Twilio's words before ours. Upgrade it."
        found = [Verdict("Twilio account", trial if str(account.type) == "Trial" else None)]
        if self._settings.twilio_messaging_service_sid:
            return [*found, *self._look_at_service(self._settings.twilio_messaging_service_sid)]
        return [*found, *self._look_at_numbers()]

    def _look_at_service(self, sid: str) -> Iterator[Verdict]:
        what = f"Messaging Service {sid}"
        try:
            service = self._client.messaging.v1.services(sid).fetch()
        except (TwilioException, OSError) as error:
            yield Verdict(what, _why(error))
            return
        if service.smart_encoding:
            yield Verdict(what, "Smart Encoding changes texts that somebody approved. Turn it off.")
        if service.use_inbound_webhook_on_number:
            yield Verdict(what, "It leaves inbound texts to each number. Let it send a webhook itself.")
        yield self._points_here(what, service.inbound_request_url)

    def _look_at_numbers(self) -> Iterator[Verdict]:
        ours = self._numbers()
        for number in self._settings.senders:
            if not number.startswith("+"):
                continue  # a short code is looked after by Twilio's support
            what = f"Number ending in {number[-2:]}"
            if number not in ours:
                yield Verdict(what, "It is not a number of this account. Look at TWILIO_FROM_NUMBERS.")
                continue
            found = ours[number]
            if not found.capabilities.get("sms"):
                yield Verdict(what, "It cannot send texts. Buy one that can.")
            yield self._points_here(what, found.sms_url)

    def _points_here(self, what: str, url: str | None) -> Verdict:
        if (url or "").partition("#")[0] == self._webhook:
            return Verdict(f"{what}: webhook")
        return Verdict(
            f"{what}: webhook", f"Texts to it do not come to {self._webhook}. Run: alerts twilio setup"
        )

    def point_here(self) -> list[str]:
        """Let texts to our numbers, or our Messaging Service, come here. What was changed.

        Raises TwilioException, OSError.
        """
        if sid := self._settings.twilio_messaging_service_sid:
            self._client.messaging.v1.services(sid).update(
                inbound_request_url=self._webhook,
                inbound_method="POST",
                use_inbound_webhook_on_number=False,
                smart_encoding=False,
            )
            return [f"Messaging Service {sid}"]
        ours = self._numbers()
        changed = []
        for number in self._settings.senders:
            if number in ours:
                ours[number].update(sms_url=self._webhook, sms_method="POST")
                changed.append(f"Number ending in {number[-2:]}")
        return changed

    def _numbers(self) -> dict[str, Any]:
        return {str(one.phone_number): one for one in self._client.incoming_phone_numbers.list(limit=1000)}


def _why(error: Exception) -> str:
    if isinstance(error, TwilioRestException) and error.status in {401, 403}:
        return "Twilio does not know TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN. Copy both from its console."
    if isinstance(error, TwilioRestException):
        return f"Twilio answers {error.status} with code {error.code}."
    return f"Twilio cannot be reached ({type(error).__name__}). Look at the network and its firewall."
