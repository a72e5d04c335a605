"""Signing up on a web page: whoever owns the number is asked by text, and a yes puts them on the list."""

from __future__ import annotations

from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncSession

from alerts.broadcasts import letters
from alerts.conversations import answers
from alerts.errors import DomainError
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.redis import async_redis
from alerts.storage.sealing import sealer
from alerts.subscribers import service as subscribers
from alerts.subscribers.models import Channel, List
from alerts.subscribers.service import Proof

HOUR = 3_600
MOST_FROM_ONE_PLACE = 60  # an hour: a whole meeting may sign up over one hall's network
MOST = 600  # an hour, from everywhere: each may cost a text


class TooManySignUps(DomainError):
    """More sign-ups within an hour than people would make."""

    status = 429
    code = "too_many_sign_ups"

    def __init__(self) -> None:
        super().__init__("Too many people are signing up at this moment. Try again in an hour.")


async def let_through(address: str) -> None:
    """Count a sign-up from a network address. Raises TooManySignUps, also where nothing can be counted.

    Redis holds a digest of the address, for an hour.
    """
    place = sealer().digest("sign-up from " + address).hex()
    try:
        async with async_redis().pipeline(transaction=True) as pipe:
            for key in (f"signups:{place}", "signups"):
                pipe.incr(key)
                pipe.expire(key, HOUR, nx=True)
            from_here, _, from_all, _ = await pipe.execute()
    except RedisError:
        raise TooManySignUps from None
    if from_here > MOST_FROM_ONE_PLACE or from_all > MOST:
        raise TooManySignUps


async def sign_up(session: AsyncSession, phone: str, wanted: List, language: Language, shown: str) -> None:
    """Ask ``phone`` by text whether its owner wants to be on the list; ``shown``: what they agreed to.

    Not where they left, were forgotten, are on it already, or were asked within a week: anybody can
    type in anybody's number.
    """
    proof = Proof(Channel.WEB, words=shown)
    who = await subscribers.invite(session, phone, wanted.id, language, proof)
    if who is not None:
        text = answers.confirm_joining(language, settings().organization_name, wanted.name)
        await letters.text_one(session, who.id, language, text, settings().senders, to_pending=True)
