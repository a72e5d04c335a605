"""What Twilio posts to us: signed, bounded, and never trimmed."""

from __future__ import annotations

from functools import cache
from hmac import compare_digest
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.datastructures import ImmutableMultiDict
from twilio.request_validator import RequestValidator

from alerts.errors import DomainError
from alerts.settings import settings

MOST_OCTETS = 65_536  # a text has 1,600 characters; with every other field it stays far below
MOST_FIELDS = 200


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
    form = ImmutableMultiDict(fields)
    query = f"?{request.url.query}" if request.url.query else ""
    url = settings().public_base + request.url.path + query
    if not _signed(url, form, request.headers.get("X-Twilio-Signature", "")):
        raise WrongSignature
    return form


def _signed(url: str, form: ImmutableMultiDict[str, str], signature: str) -> bool:
    validator = _validator(settings().twilio_auth_token.get_secret_value())
    # As a rule Twilio signs the address as it stands; the SDK's own check, which also tries it with
    # and without its port, takes twice as long and is for the rest.
    expected = validator.compute_signature(url, form)
    if compare_digest(expected.encode(), signature.encode()):
        return True
    return bool(validator.validate(url, form, signature))


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


SignedForm = Annotated[ImmutableMultiDict[str, str], Depends(signed_form)]
