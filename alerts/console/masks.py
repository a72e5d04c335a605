"""Pure: a secret written differently each time, so that the length of what is compressed tells nothing.

As https://breachattack.com advises: a page that holds a secret and what somebody else wrote would
give the secret away, letter by letter, to whoever sees how long the compressed page is.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import token_bytes


def masked(secret: str) -> str:
    """``secret`` under a mask of its own length, and the mask."""
    octets = secret.encode()
    mask = token_bytes(len(octets))
    return urlsafe_b64encode(mask + _under(mask, octets)).decode()


def unmasked(text: str) -> str:
    """What ``masked`` was given; nothing, for what it never made."""
    try:
        octets = urlsafe_b64decode(text.encode())
        half, odd = divmod(len(octets), 2)
        return "" if odd else _under(octets[:half], octets[half:]).decode()
    except ValueError:
        return ""


def _under(mask: bytes, octets: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, octets, strict=True))
