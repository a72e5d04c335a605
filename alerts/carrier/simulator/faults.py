"""Faults on request, from one seeded source of chance, so that a run can be repeated."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, fields

CHANCES = frozenset(
    {
        "drop_after_accept", "error_after_accept", "error_before_accept", "too_many", "hang",
        "stuck", "callback_twice", "callback_lost", "callback_reordered",
    }
)  # fmt: skip


@dataclass
class Faults:
    """How often each thing goes wrong (0 to 1), and how long things take (seconds)."""

    latency: float = 0.0  # before the text is taken
    latency_after_accept: float = 0.0  # after it is taken, before the answer: a client's time-out
    drop_after_accept: float = 0.0  # the text is taken, the connection dies without an octet of an answer
    error_after_accept: float = 0.0  # the text is taken, the answer is a 500
    error_before_accept: float = 0.0  # a 503, nothing is taken
    too_many: float = 0.0  # a 429 with 20429, nothing is taken
    hang: float = 0.0  # nothing is taken, no answer comes for a minute, then the connection dies
    requests_per_second: float = 0.0  # over this 429 with 20429; 0: no limit
    requests_burst: float = 1.0  # how many may come at once under that limit
    requests_at_once: int = 0  # over this 429 with 20429; 0: no limit
    stuck: float = 0.0  # the text is taken, and nothing more happens to it or is told for stuck_seconds
    stuck_seconds: float = 60.0
    callback_delay: float = 0.2  # before each status, at most
    callback_delay_least: float = 0.0  # and at least
    callback_twice: float = 0.0
    callback_lost: float = 0.0
    callback_reordered: float = 0.0  # held back so that later ones overtake it
    seed: int = 1

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        self._counts: Counter[str] = Counter()
        self._tokens = 0.0
        self._filled: float | None = None  # when the bucket was last filled; None: never, so it is full

    @property
    def counts(self) -> Counter[str]:
        """How often each thing went wrong."""
        return self._counts

    def happens(self, fault: str) -> bool:
        """Whether it goes wrong this time; counted."""
        probability: float = getattr(self, fault)
        wrong = probability > 0 and self._chance.random() < probability
        self._counts[fault] += wrong
        return wrong

    def delay(self) -> float:
        """How long the next status waits, in seconds."""
        return self._chance.uniform(self.callback_delay_least, self.callback_delay)

    def over_the_rate(self, now: float) -> bool:
        """Whether one more request at ``now`` (seconds, monotonic) is one too many; takes a token if not."""
        if not self.requests_per_second:
            return False
        gained = self.requests_burst if self._filled is None else now - self._filled
        gained *= 1 if self._filled is None else self.requests_per_second
        self._tokens = min(max(self.requests_burst, 1.0), self._tokens + gained)
        self._filled = now
        if self._tokens < 1:
            return True
        self._tokens -= 1
        return False

    def change(self, values: dict[str, object]) -> None:
        """Set some of the faults, all of them or none. Raises ValueError for a fault or value unknown."""
        known = {one.name for one in fields(self)}
        numbers = {name: _number(name, value, known) for name, value in values.items()}
        for name, number in numbers.items():
            setattr(self, name, number)
        if "seed" in numbers:
            self._chance = random.Random(self.seed)  # noqa: S311 - repeatable on purpose
        if "requests_per_second" in numbers or "requests_burst" in numbers:
            self._tokens, self._filled = 0.0, None


def _number(name: str, value: object, known: set[str]) -> float:
    if name not in known:
        raise ValueError(f"there is no fault {name!r}")
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise ValueError(f"{name} must be a number, 0 or more")
    if name in CHANCES and value > 1:
        raise ValueError(f"{name} is a probability: 0 to 1")
    return value
