"""What will go wrong in a run, and when: all of it drawn from one seed, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

WORKERS = 3
# What the carrier does to each text and callback: the names are the simulator's.
FAULTS = {
    "drop_after_accept": 0.02,
    "error_after_accept": 0.02,
    "too_many": 0.05,
    "stuck": 0.15,
    "callback_twice": 0.10,
    "callback_reordered": 0.25,
}
# Longer than what nobody knows of is left alone, and the clock's round: it must be looked up on the
# carrier's list. Only until the last blow, so that a run has an end.
STUCK_SECONDS = 50.0
LATENCY = 0.2  # seconds that the carrier takes for a text: what is killed has texts in flight


class What(StrEnum):
    """A blow, or a person who leaves."""

    KILL = "worker killed"
    FLUSH = "Valkey flushed"
    VALKEY = "Valkey restarted"
    POSTGRES = "PostgreSQL restarted"
    LEAVE = "left during the send"


@dataclass(frozen=True, slots=True, order=True)
class Blow:
    """One thing that happens when the carrier has taken ``taken`` texts.

    ``away``: seconds until what was stopped is started again. ``place``: who leaves, from 0, the first of
    those without a text, to 1, the last.
    """

    taken: int
    what: What
    away: float = 0.0
    place: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How much of everything.

    ``callback_delay``: seconds, at most, before each status; one that is held back waits three times
    that besides. ``until``: the part of all texts after which nothing more is planned.
    """

    people: int = 10_000
    seed: int = 1
    kills: int = 24
    flushes: int = 3
    valkey_restarts: int = 2
    postgres_restarts: int = 3
    leave_before: int = 100
    leave_during: int = 100
    callback_delay: float = 4.0
    until: float = 0.9

    @property
    def rate(self) -> int:
        """Texts a second that our sender is allowed: slow enough that the blows meet the sending."""
        return max(100, self.people // 40)


def blows(plan: Plan) -> list[Blow]:
    """Everything that will happen, in the order of ``taken``."""
    chance = random.Random(plan.seed)
    most = int(plan.people * plan.until)

    def moment() -> int:
        return chance.randint(plan.people // 50, most)

    planned = [Blow(moment(), What.KILL, chance.uniform(0.0, 1.0)) for _ in range(plan.kills)]
    planned += [Blow(moment(), What.FLUSH) for _ in range(plan.flushes)]
    planned += [Blow(moment(), What.VALKEY, chance.uniform(0.5, 3.0)) for _ in range(plan.valkey_restarts)]
    # The carrier repeats a callback for about six seconds; what it gave up nobody would tell us again.
    planned += [
        Blow(moment(), What.POSTGRES, chance.uniform(0.3, 2.5)) for _ in range(plan.postgres_restarts)
    ]
    # Most of them near the front, where texts are on their way or nobody knows whether they are.
    planned += [Blow(moment(), What.LEAVE, place=chance.random() ** 3) for _ in range(plan.leave_during)]
    return sorted(planned)
