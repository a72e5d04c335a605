"""An alert while it is written: what each text takes and looks like, and how many people are meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from alerts.actions.models import Action
from alerts.broadcasts.audience import Audience, Counts, counts, named_lists
from alerts.broadcasts.forecast import MICROS
from alerts.broadcasts.texts import Facts, compose
from alerts.console.alerts_shown import cheaply, marked
from alerts.console.clocks import clocks_of
from alerts.console.pages import figure, in_money
from alerts.console.troubles import in_words
from alerts.errors import DomainError
from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.language.segments import CAPACITY, Encoding, Segments, costly, segments
from alerts.settings import settings
from alerts.subscribers.lists import zones_of
from alerts.subscribers.models import Standing

MOST_PAIRS = 5  # as many are named
STANDINGS = {
    Standing.PENDING: N_("have not confirmed: {number}"),
    Standing.LEFT: N_("have left: {number}"),
    Standing.UNREACHABLE: N_("cannot be reached: {number}"),
}


@dataclass(frozen=True)
class TextLook:
    """One language: ``says`` how much it is; ``pieces`` as people will read it, those that are true dear.

    ``dear``: why it costs more than it must. ``cheaper``: the spellings that one tap puts in.
    """

    language: Language
    says: str
    pieces: list[tuple[str, bool]]
    dear: list[str]
    cheaper: str
    trouble: str = ""


@dataclass(frozen=True)
class Look:
    """Everything that changes on the form while somebody types. ``says``: who gets it; and for how much."""

    texts: list[TextLook]
    says: str
    left_out: str
    price: str
    clocks: str


async def look(
    session: AsyncSession,
    read: Language,
    typed: Mapping[Language, str],
    action: Action | None,
    who: Audience | None,
) -> Look:
    """``typed``: the texts, as far as they are written; ``who``: None where nobody is chosen yet."""
    found = await counts(session, who) if who else None
    people = found.languages if found else {}
    texts, parts = [], 0
    for language in Language:
        shown, taken = _text(
            read, language, typed.get(language, ""), action, people.get(language) if found else None
        )
        texts.append(shown)
        parts += taken * people.get(language, 0)
    return Look(
        texts, *_meant(read, found), _cost(read, parts), await _whose_clocks(session, read, action, who)
    )


async def _whose_clocks(
    session: AsyncSession, read: Language, action: Action | None, who: Audience | None
) -> str:
    """By whose clocks a time on the form is meant, as ``broadcasts.service.zone_of`` has it."""
    named = await zones_of(session, named_lists(who)) if who else set()
    zones = {action.timezone} if action else named
    zone = next(iter(zones)) if len(zones) == 1 else settings().default_timezone
    city = (await clocks_of(session)).city(zone, read)
    if not city:
        return ""
    if len(zones) > 1:
        return tr(read, "These lists have different clocks. This is by those of {city}.", city=city)
    return tr(read, "By the clocks of {city}.", city=city)


def _text(
    read: Language, language: Language, typed: str, action: Action | None, people: int | None
) -> tuple[TextLook, int]:
    """What is to be said of one text, and how many parts it takes."""
    if not typed.strip():
        missing = tr(
            read,
            "They read this language, and have no text yet: {people}.",
            people=figure(read, people or 0),
        )
        return TextLook(language, missing if people else tr(read, "No text yet."), [], [], ""), 0
    try:
        body = _composed(language, typed, action)
        cheap = _composed(language, cheaply(typed), action)
    except DomainError as error:
        return TextLook(language, "", [], [], "", in_words(read, error)), 0
    size = segments(body)
    pairs = {one.character: one.cheaper for one in costly(typed) if one.cheaper is not None}
    return (
        TextLook(
            language,
            " ".join([_size(read, size), *_readers(read, size.parts, people)]),
            marked(body),
            _dear(read, body, typed, size, segments(cheap)),
            ", ".join(
                f"{_shown(dear)} → {_shown(cheaper)}" for dear, cheaper in list(pairs.items())[:MOST_PAIRS]
            ),
        ),
        size.parts,
    )


def _composed(language: Language, typed: str, action: Action | None) -> str:
    facts = Facts(action.title, action.starts_at, action.timezone, action.place) if action else None
    return compose({language: typed}, facts, settings().organization_name)[language]


def _size(read: Language, size: Segments) -> str:
    single, each = CAPACITY[size.encoding]
    room = single - size.units if size.parts == 1 else max(0, each * size.parts - size.units)
    letters, left = figure(read, size.units), figure(read, room)
    if size.parts == 1:
        return tr(read, "{letters} letters, 1 part. {left} more fit.", letters=letters, left=left)
    parts = figure(read, size.parts)
    return tr(
        read, "{letters} letters, {parts} parts. {left} more fit.", letters=letters, parts=parts, left=left
    )


def _readers(read: Language, parts: int, people: int | None) -> list[str]:
    if people is None:
        return []
    says = tr(read, "Read by: {people}.", people=figure(read, people))
    price = settings().price_per_part
    if price is None or not people:
        return [says]
    return [says, tr(read, "About {price}.", price=in_money(read, people * parts * int(price * MICROS)))]


def _dear(read: Language, body: str, typed: str, size: Segments, cheap: Segments) -> list[str]:
    """Why it costs more than it must, and what can be done about it."""
    if size.encoding == Encoding.GSM7:
        return []
    many, few = CAPACITY[Encoding.GSM7][0], CAPACITY[Encoding.UCS2][0]
    says = [tr(read, "With the marked letters {few} letters fit in a part, not {many}.", few=few, many=many)]
    own = set(typed)
    hard = {one.character for one in costly(body) if one.cheaper is None}
    given = {one.character for one in costly(body)} - own - hard
    if hard:
        says.append(tr(read, "No cheaper spelling: {letters}. Take them out.", letters=_listed(hard)))
    if given:
        letters = _listed(given)
        says.append(tr(read, "These come from the action, or our name: {letters}.", letters=letters))
    if cheap.parts < size.parts:
        fewer, parts = figure(read, cheap.parts), figure(read, size.parts)
        says.append(
            tr(read, "In cheaper letters: {fewer} instead of {parts} parts.", fewer=fewer, parts=parts)
        )
    return says


def _listed(letters: set[str]) -> str:
    return " ".join(_shown(one) for one in sorted(letters)[:MOST_PAIRS])


def _shown(letters: str) -> str:
    """Letters that can be seen; of a space, or of nothing, a sign for it."""
    if not letters:
        return "∅"
    return letters if letters.isprintable() and not letters.isspace() else "␣"


def _meant(read: Language, found: Counts | None) -> tuple[str, str]:
    if found is None:
        return tr(read, "Choose a list, an answer or a tag."), ""
    people = sum(found.languages.values())
    tongues = ", ".join(
        f"{one.own_name} {figure(read, found.languages[one])}" for one in Language if found.languages[one]
    )
    says = tr(read, "Nobody who can be texted.")
    if people:
        says = tr(
            read, "People who get it: {people} ({languages}).", people=figure(read, people), languages=tongues
        )
    out = [
        tr(read, words, number=figure(read, found.left_out[standing]))
        for standing, words in STANDINGS.items()
        if found.left_out.get(standing)
    ]
    return says, tr(read, "Left out: {reasons}.", reasons=", ".join(out)) if out else ""


def _cost(read: Language, parts: int) -> str:
    price = settings().price_per_part
    if not parts:
        return ""
    if price is None:
        return tr(read, "Message parts: {parts}.", parts=figure(read, parts))
    cost = in_money(read, parts * int(price * MICROS))
    return tr(read, "Message parts: {parts}, about {price}.", parts=figure(read, parts), price=cost)
