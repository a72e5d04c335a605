"""Twilio's resources as JSON: every property that Twilio's own OpenAPI description has.

Source: twilio-oai, spec/json/twilio_api_v2010.json: api.v2010.account, .message, .incoming_phone_number.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache

from alerts.carrier.simulator.magic import MESSAGES
from alerts.carrier.simulator.messages import Message, Refusal, SimulatorConfig

VERSION = "2010-04-01"
OPENED = "Fri, 01 Mar 2024 12:00:00 +0000"  # when the account and its numbers were opened
CENTS_A_PART = 0.83  # list price of a part to a US number, in 2024


def message_json(message: Message, account: str) -> dict[str, object]:
    """The message resource."""
    uri = f"/{VERSION}/Accounts/{account}/Messages/{message.sid}"
    sender = message.shown_sender
    paid = message.status in ("sent", "delivered", "undelivered")
    code = message.error_code
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": "" if message.discards else message.body,
        "date_created": _rfc2822(message.created),
        "date_sent": _rfc2822(message.sent) if message.sent else None,
        "date_updated": _rfc2822(message.updated),
        "direction": message.direction,
        "error_code": code,
        "error_message": MESSAGES.get(code, "Unknown error") if code else None,
        "from": sender,
        "messaging_service_sid": message.service,
        "num_media": str(message.media),
        "num_segments": str(message.parts) if sender else "0",
        "price": f"{-message.parts * CENTS_A_PART / 100:.5f}" if paid else None,
        "price_unit": "USD",
        "sid": message.sid,
        "status": message.status,
        "subresource_uris": {"media": f"{uri}/Media.json", "feedback": f"{uri}/Feedback.json"},
        "to": message.to,
        "uri": f"{uri}.json",
    }


def error_json(refusal: Refusal, path: str) -> dict[str, object]:
    """The body of an error answer."""
    words = MESSAGES.get(refusal.code, "Error")
    return {
        "code": refusal.code,
        "message": words.format_map({"to": "", "sender": "", "path": path, **refusal.facts}),
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }


def account_json(config: SimulatorConfig) -> dict[str, object]:
    """The account resource; the token stays out of it."""
    uri = f"/{VERSION}/Accounts/{config.account_sid}"
    return {
        "auth_token": None,
        "date_created": OPENED,
        "date_updated": OPENED,
        "friendly_name": "Simulator",
        "owner_account_sid": config.account_sid,
        "sid": config.account_sid,
        "status": "active",
        "subresource_uris": {
            "messages": f"{uri}/Messages.json",
            "incoming_phone_numbers": f"{uri}/IncomingPhoneNumbers.json",
        },
        "type": "Full",
        "uri": f"{uri}.json",
    }


def number_json(config: SimulatorConfig, place: int, inbound_url: str) -> dict[str, object]:
    """The IncomingPhoneNumber resource of the account's number at ``place``."""
    number, sid = config.numbers[place], f"PN{place:032x}"
    empty = dict.fromkeys(
        (
            "address_sid", "identity_sid", "sms_application_sid", "status_callback", "trunk_sid",
            "voice_application_sid", "voice_fallback_url", "voice_url", "emergency_address_sid", "bundle_sid",
            "type",
        )
    )  # fmt: skip
    return empty | {
        "account_sid": config.account_sid,
        "address_requirements": "none",
        "api_version": VERSION,
        "beta": False,
        "capabilities": {"voice": False, "sms": True, "mms": True, "fax": False},
        "date_created": OPENED,
        "date_updated": OPENED,
        "emergency_address_status": "unregistered",
        "emergency_status": "Inactive",
        "friendly_name": number,
        "origin": "twilio",
        "phone_number": number,
        "sid": sid,
        "sms_fallback_method": "POST",
        "sms_fallback_url": "",
        "sms_method": "POST",
        "sms_url": inbound_url,
        "status": "in-use",
        "status_callback_method": "POST",
        "uri": f"/{VERSION}/Accounts/{config.account_sid}/IncomingPhoneNumbers/{sid}.json",
        "voice_caller_id_lookup": False,
        "voice_fallback_method": "POST",
        "voice_method": "POST",
        "voice_receive_mode": "voice",
    }


def senders_json(config: SimulatorConfig, key: str) -> dict[str, object]:
    """The sender pool of the Messaging Service: its ``phone_numbers``; of ``short_codes`` there are none.

    Source: twilio-oai, spec/json/twilio_messaging_v1.json: messaging.v1.service.phone_number.
    """
    url = f"https://messaging.twilio.com/v1/Services/{config.messaging_service_sid}/PhoneNumbers"
    rows = [
        {
            "account_sid": config.account_sid,
            "capabilities": ["SMS", "MMS"],
            "country_code": "US",
            "date_created": "2026-11-23T00:00:00Z",
            "date_updated": "2026-11-23T00:00:00Z",
            "phone_number": number,
            "service_sid": config.messaging_service_sid,
            "sid": f"PN{place:032x}",
            "url": f"{url}/PN{place:032x}",
        }
        for place, number in enumerate(config.pool if key == "phone_numbers" else ())
    ]
    meta: dict[str, object] = {"key": key, "page": 0, "page_size": 50, "url": url, "first_page_url": url}
    return {key: rows, "meta": meta | {"next_page_url": None, "previous_page_url": None}}


def _rfc2822(moment: datetime) -> str:
    return _rfc2822_second(int(moment.timestamp()))


@lru_cache(maxsize=4096)
def _rfc2822_second(second: int) -> str:
    # Thousands of texts share a second; writing one out takes longer than all else in the resource.
    return format_datetime(datetime.fromtimestamp(second, UTC))


def service_json(config: SimulatorConfig, inbound_url: str) -> dict[str, object]:
    """The Messaging Service resource (messaging.twilio.com/v1/Services)."""
    return {
        "account_sid": config.account_sid,
        "area_code_geomatch": True,
        "date_created": "2026-11-23T00:00:00Z",
        "date_updated": "2026-11-23T00:00:00Z",
        "fallback_to_long_code": True,
        "friendly_name": "Simulator",
        "inbound_method": "POST",
        "inbound_request_url": inbound_url,
        "mms_converter": True,
        "scan_message_content": "inherit",
        "sid": config.messaging_service_sid,
        "smart_encoding": False,
        "sticky_sender": True,
        "use_inbound_webhook_on_number": False,
        "validity_period": 14400,
    }
