"""Against guessing: whoever guesses wrong waits, longer each time, whether they exist or not."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import DomainError
from alerts.storage.sealing import sealer

FREE = 5  # wrong guesses at one account that cost nothing
FREE_OF_A_NETWORK = 50  # an office of organizers has one address
FIRST_WAIT = timedelta(seconds=15)  # doubled with each more
LONGEST_WAIT = timedelta(hours=1)
FORGIVEN = timedelta(hours=24)  # after the last wrong one

# The wait of a row, in seconds, as PostgreSQL counts it: nothing for the free ones.
_WAIT = """
    CASE WHEN wrong < :free THEN 0
         ELSE least(:longest, :first * power(2, least(wrong - :free, 20))) END
"""
_LEFT = text(f"""
    SELECT ceil(extract(epoch FROM last_at - now()) + {_WAIT})::integer
    FROM guesses WHERE key = ANY (:keys) AND last_at > now() - :forgiven * interval '1 second'
""")  # noqa: S608 - a formula of ours
_ALONE = text("SELECT pg_try_advisory_xact_lock(hashtextextended(encode(:key, 'hex'), 0))")
_WRONG = text("""
    INSERT INTO guesses (key, wrong, last_at) VALUES (:key, 1, now())
    ON CONFLICT (key) DO UPDATE
    SET wrong = CASE WHEN guesses.last_at > now() - :forgiven * interval '1 second'
                     THEN guesses.wrong + 1 ELSE 1 END,
        last_at = now()
""")
_RIGHT = text("DELETE FROM guesses WHERE key = ANY (:keys)")
_OLD = text("DELETE FROM guesses WHERE last_at < now() - :forgiven * interval '1 second'")
_FORGIVEN = {"forgiven": FORGIVEN.total_seconds()}


class TooManyGuesses(DomainError):
    """Wrong too often; ``minutes`` to wait, rounded up."""

    status = 429
    code = "too_many_guesses"

    def __init__(self, seconds: int) -> None:
        self.minutes = -(-seconds // 60)
        wait = "a minute" if self.minutes == 1 else f"{self.minutes} minutes"
        super().__init__(f"That was wrong too often. Try again in {wait}.")


async def let_guess(session: AsyncSession, account: str, network: str) -> None:
    """Raise TooManyGuesses while ``account`` or ``network`` has to wait, or somebody guesses there now.

    One guess at an account at a time, until the caller commits: of many at once each would be a free one.
    """
    if not await session.scalar(_ALONE, {"key": sealer().digest(_account(account))}):
        raise TooManyGuesses(1)
    for what, free in ((_account(account), FREE), (_network(network), FREE_OF_A_NETWORK)):
        given = {
            "keys": sealer().digests(what),
            "free": free,
            "first": FIRST_WAIT.total_seconds(),
            "longest": LONGEST_WAIT.total_seconds(),
            **_FORGIVEN,
        }
        left = max((row[0] for row in await session.execute(_LEFT, given)), default=0)
        if left > 0:
            raise TooManyGuesses(left)


async def guessed_wrong(session: AsyncSession, account: str, network: str) -> None:
    """Count it. The caller commits, also where it answers with an error."""
    for what in (_account(account), _network(network)):
        await session.execute(_WRONG, {"key": sealer().digest(what), **_FORGIVEN})


async def guessed_right(session: AsyncSession, account: str) -> None:
    """Forget the wrong ones at this account; those of a network stay, others may be guessing there."""
    await session.execute(_RIGHT, {"keys": sealer().digests(_account(account))})


async def forget_old(session: AsyncSession) -> None:
    """Of those that nobody repeated for a day nothing stays."""
    await session.execute(_OLD, _FORGIVEN)


def _account(account: str) -> str:
    return f"guesses at {account}"


def _network(network: str) -> str:
    return f"guesses from {network}"
