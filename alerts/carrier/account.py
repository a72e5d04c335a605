"""Our account at Twilio, looked at from outside: is it there, are the numbers ours, do they point here?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from alerts.carrier.sending import RETRIES
from alerts.language.catalogs import N_
from alerts.language.said import Said, said
from alerts.settings import Settings

PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class Verdict:
    """What was looked at; ``mend``: what is not as it should be and what to do, where something is.

    Not ``serious``: texts go out all the same, and somebody should look at it.
    """

    what: Said
    mend: Said | None = None
    serious: bool = True

    @property
    def wrong(self) -> bool:
        """Whether something is missing without which texts do not go out, or not safely."""
        return self.serious and self.mend is not None


class Account:
    """One request after the other, each given up after PATIENCE_SECONDS."""

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
        what = said(N_("Twilio account"))
        try:
            account = self._client.api.accounts(self._settings.twilio_account_sid).fetch()
        except (TwilioException, OSError) as error:
            return [Verdict(what, _why(error))]
        if str(account.status) != "active":
            words = N_("It is {status}. Look at it in Twilio's console.")
            return [Verdict(what, said(words, status=account.status))]
        trial = said(
            N_("It is a trial: it texts verified numbers only, with Twilio's words before ours. Upgrade it.")
        )
        found = [Verdict(what, trial if str(account.type) == "Trial" else None)]
        if self._settings.twilio_messaging_service_sid:
            return [*found, *self._look_at_service(self._settings.twilio_messaging_service_sid)]
        return [*found, *self._look_at_numbers()]

    def _look_at_service(self, sid: str) -> Iterator[Verdict]:
        what = said(N_("Messaging Service {sid}"), sid=sid)
        try:
            service = self._client.messaging.v1.services(sid).fetch()
        except (TwilioException, OSError) as error:
            yield Verdict(what, _why(error))
            return
        if service.smart_encoding:
            words = N_("Smart Encoding changes texts that somebody approved. Turn it off.")
            yield Verdict(what, said(words))
        if service.use_inbound_webhook_on_number:
            words = N_("It leaves inbound texts to each number. Let it send a webhook itself.")
            yield Verdict(what, said(words))
        yield self._has_senders(sid)
        webhook = said(N_("Messaging Service {sid}: webhook"), sid=sid)
        yield self._points_here(webhook, service.inbound_request_url)

    def _has_senders(self, sid: str) -> Verdict:
        """Empty, a service is whole in all else, and refuses the first text of the first alert (21703)."""
        what = said(N_("Messaging Service {sid}: sender pool"), sid=sid)
        pool = self._client.messaging.v1.services(sid)
        try:
            texting = [one for one in pool.phone_numbers.list() if "SMS" in (one.capabilities or ())]
            if texting or pool.short_codes.list():
                return Verdict(what)
        except (TwilioException, OSError) as error:
            return Verdict(what, _why(error))
        words = N_("No number in it can send texts, so none would go out. Add one in Twilio's console.")
        return Verdict(what, said(words))

    def _look_at_numbers(self) -> Iterator[Verdict]:
        try:
            ours = self._numbers()
        except (TwilioException, OSError) as error:
            yield Verdict(said(N_("Numbers of the account")), _why(error))
            return
        for number in self._settings.senders:
            if not number.startswith("+"):
                continue  # a short code is looked after by Twilio's support
            what = said(N_("Number ending in {digits}"), digits=number[-2:])
            if number not in ours:
                words = N_("It is not a number of this account. Look at TWILIO_FROM_NUMBERS.")
                yield Verdict(what, said(words))
                continue
            found = ours[number]
            if not found.capabilities.get("sms"):
                yield Verdict(what, said(N_("It cannot send texts. Buy one that can.")))
            webhook = said(N_("Number ending in {digits}: webhook"), digits=number[-2:])
            yield self._points_here(webhook, found.sms_url)

    def _points_here(self, what: Said, url: str | None) -> Verdict:
        address, _, retries = (url or "").partition("#")
        if address == self._webhook and retries:
            return Verdict(what)
        if address == self._webhook:
            words = N_("A text that we fail to take in once is lost, a STOP too. Run: alerts twilio setup")
            return Verdict(what, said(words), serious=False)
        words = N_("Texts to it do not come to {address}. Run: alerts twilio setup")
        return Verdict(what, said(words, address=self._webhook))

    def point_here(self) -> list[str]:
        """Let texts to our numbers, or our Messaging Service, come here. What was changed.

        Raises TwilioException, OSError.
        """
        if sid := self._settings.twilio_messaging_service_sid:
            self._client.messaging.v1.services(sid).update(
                inbound_request_url=self._webhook + RETRIES,
                inbound_method="POST",
                use_inbound_webhook_on_number=False,
                smart_encoding=False,
            )
            return [f"Messaging Service {sid}"]
        ours = self._numbers()
        changed = []
        for number in self._settings.senders:
            if number in ours:
                ours[number].update(sms_url=self._webhook + RETRIES, sms_method="POST")
                changed.append(f"Number ending in {number[-2:]}")
        return changed

    def _numbers(self) -> dict[str, Any]:
        return {str(one.phone_number): one for one in self._client.incoming_phone_numbers.list(limit=1000)}


def _why(error: Exception) -> Said:
    if isinstance(error, TwilioRestException) and error.status in {401, 403}:
        return said(
            N_("Twilio does not know TWILIO_ACCOUNT_SID with TWILIO_AUTH_TOKEN. Copy both from its console.")
        )
    if isinstance(error, TwilioRestException):
        return said(N_("Twilio answers {status} with code {code}."), status=error.status, code=error.code)
    return said(
        N_("Twilio cannot be reached ({error}). Look at the network and its firewall."),
        error=type(error).__name__,
    )
