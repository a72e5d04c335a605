"""Ten thousand people who do not exist, put into the database in one go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from alerts.errors import DomainError
from alerts.language.languages import Language
from alerts.subscribers.models import Channel, ConsentEvent, ConsentKind, Membership, Standing, Subscriber
from alerts.subscribers.phones import parse_phone
from tests.conftest import OUR_NUMBER

LANGUAGES = tuple(Language)
# One part each, and none of them is another.
TEXTS = {
    Language.EN: "Rally at the gate on Friday at noon. Bring water. STOP to leave, HELP for help.",
    Language.ES: "Mitin en la entrada el viernes al mediodia. Traiga agua. STOP para salir.",
    Language.SO: "Isu soo bax albaabka Jimcaha duhurkii. Biyo soo qaado. STOP si aad uga baxdo.",
}
STOP_WORDS = {Language.EN: "STOP", Language.ES: "ALTO", Language.SO: "JOOJI"}


@dataclass(frozen=True, slots=True)
class Person:
    """A subscriber. The number is nobody's (555-01xx)."""

    id: int
    phone: str
    language: Language


def made_up_numbers() -> Iterator[str]:
    """555-0100 to 555-0179 in each area code; from 0180 on the simulator has fates of its own."""
    for area in range(201, 990):
        try:
            parse_phone(f"+1{area}5550100", "US")
        except DomainError:
            continue
        for last in range(80):
            if (number := f"+1{area}55501{last:02}") != OUR_NUMBER:
                yield number


def subscribe(database_url: str, numbers: Sequence[str], list_id: int) -> list[Person]:
    """Put each number on the list, the languages in turn; with the proof of consent, as a join would."""
    engine = create_engine(database_url, hide_parameters=True)
    with Session(engine) as session, session.begin():
        facts = [
            {"phone": number, "language": LANGUAGES[place % 3], "standing": Standing.ACTIVE}
            for place, number in enumerate(numbers)
        ]
        made = insert(Subscriber).returning(Subscriber.id, sort_by_parameter_order=True)
        ids = list(session.scalars(made, facts))
        people = [
            Person(key, one["phone"], Language(one["language"])) for key, one in zip(ids, facts, strict=True)
        ]
        session.execute(insert(Membership), [{"list_id": list_id, "subscriber_id": key} for key in ids])
        proof = {"kind": ConsentKind.JOINED, "channel": Channel.API, "list_id": list_id, "origin": "chaos"}
        session.execute(
            insert(ConsentEvent),
            [{"subscriber_id": one.id, "language": one.language, **proof} for one in people],
        )
    engine.dispose()
    return people
