"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes."""

from __future__ import annotations

import base64
import secrets
import time
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor import InvalidToken
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.storage.sealing import sealer
from alerts.storage.types import findable
from alerts.team.models import Organizer, RecoveryCode

DIGITS, STEP_SECONDS = 6, 30  # what every app supports (RFC 6238, section 4)
LATE = 1  # steps that a clock may be wrong, either way (section 5.2)
RECOVERY_CODES = 10
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is taken for something else
LENGTH = 12  # of a recovery code: 59 bits


def secrets_of(token: str) -> list[str]:
    """The second factor that goes with the token of an invitation: 160 bits (RFC 4226, section 4), base32.

    Made from it, so that nothing of it waits in the database until somebody uses the link; and under a
    sealing key, so that whoever finds the link in a history or a chat cannot make it. One for each key
    while they are changed: the newest, which is shown, and those that may have been shown before.
    """
    # Without the octet that is the key's number.
    macs = sealer().digests(f"second factor of {token}")
    return [base64.b32encode(mac[1:21]).decode() for mac in macs]


def address_for_apps(secret: str, email: str, organization: str) -> str:
    """What a QR code tells an authenticator app."""
    label = quote(f"{organization}:{email}")
    return f"otpauth://totp/{label}?{urlencode({'secret': secret, 'issuer': organization})}"


def step_of(secret: str, code: str, now: float | None = None) -> int | None:
    """The step of time whose code it is, where it is one of now or of a step beside; else None."""
    totp = TOTP(base64.b32decode(secret), DIGITS, SHA1(), STEP_SECONDS, enforce_key_length=False)  # noqa: S303
    plain = "".join(code.split()).encode()
    step = int(time.time() if now is None else now) // STEP_SECONDS
    for one in range(step - LATE, step + LATE + 1):
        try:
            totp.verify(plain, one * STEP_SECONDS)
        except InvalidToken:
            continue
        return one
    return None


async def accepts(session: AsyncSession, who: Organizer, code: str) -> bool:
    """Whether ``code`` is the app's, or one of the recovery codes. Each is good for one time.

    ``who`` is locked by the caller.
    """
    step = step_of(who.totp, code) if who.totp else None
    if step is not None:
        if who.totp_step is not None and step <= who.totp_step:
            return False
        who.totp_step = step
        return True
    query = delete(RecoveryCode).where(
        RecoveryCode.organizer_id == who.id, findable(RecoveryCode.code, _plain(code))
    )
    return await session.scalar(query.returning(RecoveryCode.organizer_id)) is not None


async def new_recovery_codes(session: AsyncSession, who: Organizer) -> list[str]:
    """Ten, to be shown once; older ones are good no more."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.organizer_id == who.id))
    codes = ["".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(RECOVERY_CODES)]
    session.add_all([RecoveryCode(organizer_id=who.id, code=code) for code in codes])
    await session.flush()
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _plain(code: str) -> str:
    return "".join(char for char in code.lower() if char in ALPHABET)
