"""Somebody adds a person who gave consent elsewhere. What they learn by it about others is written down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.errors import Conflict
from alerts.language.languages import Language
from alerts.subscribers import finding, service
from alerts.subscribers.models import Subscriber
from alerts.subscribers.service import HasLeft, Proof, WasForgotten
from alerts.team.actors import Actor
from alerts.team.audit import note


class CannotBeAdded(Conflict):
    """Somebody who left, or asked to be forgotten: who may not read numbers is not told which."""

    code = "cannot_be_added"
    field = "phone"
    stays = True

    def __init__(self) -> None:
        super().__init__(
            "This person left, or asked to be forgotten. Only their own text brings them back: ask them to"
            " text a join word."
        )


async def add(  # noqa: PLR0913, PLR0917 - what is known of somebody, and who knows it
    session: AsyncSession,
    phone: str,
    language: Language,
    list_ids: Sequence[int],
    tags: Iterable[str],
    proof: Proof,
    by: Actor,
) -> Subscriber:
    """Put ``phone`` (E.164) on lists. A refusal stands in the trail, and that they were here already.

    Raises NotFound for a list, CannotBeAdded, TooManyLooks; for who may read numbers HasLeft, WasForgotten.
    """
    known = await service.find_by_phone(session, phone)
    try:
        async with session.begin_nested():
            added = await service.add(session, phone, language, list_ids, tags, proof)
    except (HasLeft, WasForgotten) as error:
        await finding.look(session, finding.COULD_NOT_ADD, known, by)
        if not by.may_read_numbers:
            raise CannotBeAdded from None
        error.stays = True
        raise
    if known:
        finding.met(session, known, by)
    note(session, by, "added", "subscriber", added.id)
    return added
