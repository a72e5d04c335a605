"""Sealing of what must not be read in a stolen database: numbers, and what people write.

Two ways (design, part 4.5):

- *findable*: AES-256-SIV (RFC 5297). The same text gives the same octets, so that a number can be
  looked up and be unique; nothing else of it shows.
- *private*: AES-256-GCM-SIV (RFC 8452) with a random nonce. Equal texts look different.

And a third that nobody opens, *digest*: HMAC-SHA256, to recognise what was erased.

Each begins with one octet, the number of its key. The name of the column is authenticated with a
sealed value, so that one which was moved to another column does not open.
"""

from __future__ import annotations

import hmac
import json
import os
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from alerts.settings import parse_sealing_keys, settings

NONCE = 12  # octets, RFC 8452 section 4


class SealBroken(Exception):
    """A sealed value does not open: it was changed, moved, or its key is not in SEALING_KEYS."""


class Sealer:
    """Seals with the first of ``keys`` (number → 32 octets), opens with any."""

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._findable = {number: AESSIV(_derive(key, b"findable", 64)) for number, key in keys.items()}
        self._private = {number: AESGCMSIV(_derive(key, b"private", 32)) for number, key in keys.items()}
        self._digest = {number: _derive(key, b"digest", 32) for number, key in keys.items()}
        self.newest, self.numbers = next(iter(keys)), tuple(keys)

    def seal_findable(self, column: str, text: str) -> bytes:
        """The form of ``text`` that is written to ``column`` now."""
        return self._findable_under(self.newest, column, text)

    def findable_forms(self, column: str, text: str) -> list[bytes]:
        """Every form that ``text`` may have in ``column`` while keys are being changed."""
        return [self._findable_under(number, column, text) for number in self._findable]

    def _findable_under(self, number: int, column: str, text: str) -> bytes:
        return bytes((number,)) + self._findable[number].encrypt(text.encode(), [column.encode()])

    def open_findable(self, column: str, sealed: bytes) -> str:
        """The text. Raises SealBroken."""
        try:
            return self._findable[sealed[0]].decrypt(sealed[1:], [column.encode()]).decode()
        except (InvalidTag, KeyError, IndexError, ValueError):
            raise SealBroken(column) from None

    def seal_private(self, column: str, text: str) -> bytes:
        """A form of ``text`` that tells nothing but its length."""
        return self.seal_octets(column, text.encode())

    def seal_octets(self, column: str, octets: bytes) -> bytes:
        """The same for octets."""
        nonce = os.urandom(NONCE)
        sealed = self._private[self.newest].encrypt(nonce, octets, column.encode())
        return bytes((self.newest,)) + nonce + sealed

    def open_octets(self, column: str, sealed: bytes) -> bytes:
        """The octets. Raises SealBroken."""
        try:
            nonce, ciphertext = sealed[1 : 1 + NONCE], sealed[1 + NONCE :]
            return self._private[sealed[0]].decrypt(nonce, ciphertext, column.encode())
        except (InvalidTag, KeyError, IndexError, ValueError):
            raise SealBroken(column) from None

    def open_private(self, column: str, sealed: bytes) -> str:
        """The text. Raises SealBroken."""
        return self.open_octets(column, sealed).decode()

    def seal_json(self, column: str, value: Any) -> bytes:
        """The same for whatever JSON can hold."""
        return self.seal_private(column, json.dumps(value, ensure_ascii=False))

    def open_json(self, column: str, sealed: bytes) -> Any:
        """What was sealed. Raises SealBroken."""
        return json.loads(self.open_octets(column, sealed))

    def digest(self, text: str) -> bytes:
        """What ``text`` is recognised by from now on, and cannot be read from without the key."""
        return self.digests(text)[0]

    def digests(self, text: str) -> list[bytes]:
        """Every digest that ``text`` may have while keys are being changed; the newest key's first."""
        return [
            bytes((number,)) + hmac.digest(key, text.encode(), "sha256")
            for number, key in self._digest.items()
        ]


def _derive(key: bytes, purpose: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"alerts " + purpose).derive(key)


@cache
def sealer() -> Sealer:
    """The sealer of this process, with the keys of SEALING_KEYS."""
    return Sealer(parse_sealing_keys(settings().sealing_keys.get_secret_value()))
