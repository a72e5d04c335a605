"""What Twilio posts to us: signed, bounded, and never trimmed."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hmac import compare_digest
from urllib.parse import parse_qsl

from fastapi import Request
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from alerts.errors import DomainError
from alerts.settings import settings

MOST_OCTETS = 65_536  # a text has 1,600 characters; with every other field it stays far below
MOST_FIELDS = 200
MOST_DIGITS = 9  # of a number in a field; more are no number of Twilio's


class WrongSignature(DomainError):
    """The request is not from Twilio, or PUBLIC_URL is not the address that Twilio was given."""

    status = 403
    code = "wrong_signature"

    def __init__(self) -> None:
        super().__init__("This was not signed by Twilio for this address.")


class TooLarge(DomainError):
    """A webhook's body is larger than any of Twilio's."""

    status = 413
    code = "too_large"

    def __init__(self) -> None:
        super().__init__(f"A webhook has at most {MOST_OCTETS} octets.")


class BadWebhook(DomainError):
    """A signed request without a field that Twilio always sends."""

    status = 422
    code = "bad_webhook"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"A webhook of Twilio's has the field {name}.")


async def signed_form(request: Request) -> ImmutableMultiDict[str, str]:
    """The fields of a request that Twilio signed. Raises WrongSignature, TooLarge.

    Blank fields are kept and values are not trimmed: both are signed. The address is PUBLIC_URL's,
    whatever a proxy made of it.
    """
    body = await _bounded(request)
    try:
        fields = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_FIELDS
        )
    except ValueError:
        raise WrongSignature from None
    query = request.scope["query_string"].decode("latin-1")
    url = settings().public_base + request.scope["path"] + (f"?{query}" if query else "")
    if not _signed(url, fields, request.headers.get("X-Twilio-Signature", "")):
        raise WrongSignature
    return ImmutableMultiDict(fields)


def _signed(url: str, fields: list[tuple[str, str]], signature: str) -> bool:
    tokens = [settings().twilio_auth_token.get_secret_value()]
    if second := settings().twilio_auth_token_secondary:
        tokens.append(second.get_secret_value())
    # As a rule Twilio signs the address as it stands; the SDK's own check, which also tries it with
    # and without its port, takes ten times as long and is for the rest.
    if any(compare_digest(sign(token, url, fields).encode(), signature.encode()) for token in tokens):
        return True
    return any(_validator(token).validate(url, ImmutableMultiDict(fields), signature) for token in tokens)


def sign(token: str, url: str, fields: Iterable[tuple[str, str]]) -> str:
    """What Twilio puts in X-Twilio-Signature: base64 of HMAC-SHA1 over the address and each field once.

    Source: https://www.twilio.com/docs/usage/security#validating-requests, and the SDK's
    ``RequestValidator.compute_signature``, which a test compares this with.
    """
    signed = url + "".join(name + value for name, value in sorted(set(fields)))
    return b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()


@cache
def _validator(token: str) -> RequestValidator:
    return RequestValidator(token)


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_OCTETS:
            raise TooLarge
    return bytes(body)
