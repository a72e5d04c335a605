"""Letters in tests: written as an organizer's answer is, and looked at as the database has them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, text

from alerts.broadcasts.claims import Claimed, claim_letters
from alerts.broadcasts.letters import states_of, text_one
from alerts.broadcasts.models import Delivery
from alerts.broadcasts.states import DeliveryState
from alerts.language.languages import Language
from alerts.settings import settings
from alerts.storage.engine import autocommit, session_scope
from tests.api import Api
from tests.conftest import OUR_NUMBER

ANSWER = "Yes, bring your family. We meet at the gate."


async def someone(api: Api, phone: str) -> int:
    """The id of the subscriber with this number."""
    return int((await api.post("/v1/subscribers/find", {"phone": phone}, status=200))["id"])


async def write(subscriber_id: int, body: str = ANSWER, **more: Any) -> int:
    """A letter, committed; its alert's id."""
    async with session_scope() as session:
        return await text_one(session, subscriber_id, Language.EN, body, settings().senders, **more)


async def state_of(letter: int) -> DeliveryState:
    """What became of it."""
    async with session_scope() as session:
        return (await states_of(session, [letter]))[letter]


async def claimed() -> list[Claimed]:
    """All letters that wait, claimed by a worker that is killed now."""
    async with autocommit() as connection:
        return await claim_letters(connection, OUR_NUMBER, 1000)


async def delivery_of(letter: int) -> Delivery:
    """Its one delivery."""
    async with session_scope() as session:
        return (await session.scalars(select(Delivery).where(Delivery.alert_id == letter))).one()


async def change(statement: str, **given: object) -> None:
    """Change rows as nothing of ours would."""
    async with session_scope() as session:
        await session.execute(text(statement), given)
