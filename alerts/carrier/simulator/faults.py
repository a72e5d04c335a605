"""Faults on request, from one seeded source of chance, so that a run can be repeated."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass


@dataclass
class Faults:
    """How often each thing goes wrong (0 to 1), and how long things take (seconds)."""

    latency: float = 0.0  # before the API answers
    drop_after_accept: float = 0.0  # the text is taken, the connection dies without an answer
    error_after_accept: float = 0.0  # the text is taken, the answer is a 500
    error_before_accept: float = 0.0  # a 503, nothing is taken
    too_many: float = 0.0  # a 429 with 20429, nothing is taken
    hang: float = 0.0  # nothing is taken and no answer comes for a minute
    callback_delay: float = 0.2  # at most, before each callback
    callback_twice: float = 0.0
    callback_lost: float = 0.0
    callback_reordered: float = 0.0
    seed: int = 1

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)  # noqa: S311 - repeatable on purpose

    def happens(self, probability: float) -> bool:
        """Whether it goes wrong this time."""
        return probability > 0 and self._chance.random() < probability

    def delay(self) -> float:
        """How long the next callback waits, in seconds."""
        return self._chance.uniform(0, self.callback_delay)

    def change(self, **values: float) -> None:
        """Set some of the faults. Raises KeyError for one that does not exist."""
        known = asdict(self)
        for name, value in values.items():
            if name not in known:
                raise KeyError(name)
            setattr(self, name, value)
