"""Subscribers, and what happened to their consent, in the words of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alerts.language.catalogs import N_, tr
from alerts.language.languages import Language
from alerts.subscribers.models import Channel, ConsentKind, Standing, Subscriber
from alerts.subscribers.phones import mask
from alerts.team.sessions import SignedIn

STANDINGS = {
    Standing.ACTIVE: N_("Can be texted"),
    Standing.PENDING: N_("Has not said yes yet"),
    Standing.LEFT: N_("Left"),
    Standing.UNREACHABLE: N_("Gets no texts: the carrier says so"),
}
CONSENTS = {
    ConsentKind.JOINED: N_("Joined"),
    ConsentKind.CONFIRMED: N_("Said yes to joining"),
    ConsentKind.LEFT: N_("Left"),
    ConsentKind.RETURNED: N_("Came back"),
    ConsentKind.LANGUAGE_CHANGED: N_("Another language"),
    ConsentKind.FORGOTTEN: N_("Was forgotten"),
    ConsentKind.TAKEN_BACK: N_("Taken off with the file that they came with"),
    ConsentKind.TAKEN_OFF: N_("Taken off a list by an organizer"),
}
CHANNELS = {
    Channel.TEXT: N_("by text"),
    Channel.API: N_("by a program"),
    Channel.WEB: N_("on the sign-up page"),
    Channel.CARRIER: N_("at the carrier"),
    Channel.IMPORT: N_("in a file"),
    Channel.CONSOLE: N_("by an organizer, here"),
}


@dataclass(frozen=True)
class Shown:
    """A subscriber on a page."""

    id: int
    number: str
    reads: Language
    standing: str
    can_be_texted: bool
    lists: list[str]
    tags: list[str]


def shown(one: Subscriber, names: Mapping[int | None, str], reader: SignedIn, read: Language) -> Shown:
    """Somebody as ``reader`` may see them. ``names``: of lists."""
    return Shown(
        one.id,
        number_of(one, reader),
        Language(one.language),
        tr(read, STANDINGS[one.standing]),
        one.standing == Standing.ACTIVE,
        [names[number] for number in one.lists if number in names],
        list(one.tags),
    )


def number_of(one: Subscriber, reader: SignedIn) -> str:
    """The whole number for who may read it; the caller writes down that they did."""
    return one.phone if reader.actor.may_read_numbers else mask(one.phone)
