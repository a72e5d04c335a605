"""As much of PromQL as our alarms are written in: whether a condition is true of given figures.

A figure under ``rate`` or ``increase`` is how much it grew in that time. What is not known here is an error.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Series = Mapping[tuple[str, Labels], float]
NONE: Labels = frozenset()
_TOKEN = re.compile(r'\s*(?:(\d+(?:\.\d+)?)|(\w+)|("[^"]*")|(=~|==|[<>*/+={}()\[\],]))')
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}


def series(name: str, value: float, **labels: str) -> dict[tuple[str, Labels], float]:
    """One figure."""
    return {(name, frozenset(labels.items())): value}


def is_true(condition: str, figures: Series) -> bool:
    """Whether an alert of this condition is pending: its vector is not empty."""
    parser = _Parser(_tokens(condition), figures)
    found = parser.either()
    assert parser.here is None, (condition, parser.at)
    assert isinstance(found, dict)
    return bool(found)


def _tokens(condition: str) -> list[str]:
    found, at = [], 0
    while at < len(condition):
        one = _TOKEN.match(condition, at)
        assert one, condition[at:]
        found.append(one[0].strip())
        at = one.end()
    return found


@dataclass
class _Parser:
    tokens: list[str]
    figures: Series
    at: int = 0

    @property
    def here(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, *expected: str) -> str | None:
        """The token here, where it is one of these."""
        if self.here is not None and self.here in expected:
            self.at += 1
            return self.tokens[self.at - 1]
        return None

    def must(self, *expected: str) -> None:
        for one in expected:
            assert self.take(one), (one, self.here)

    def either(self) -> Vector | float:
        left = self.both()
        while self.take("or"):
            right = self.both()
            assert isinstance(left, dict)
            assert isinstance(right, dict)
            left = right | left
        return left

    def both(self) -> Vector | float:
        left = self.compared()
        while self.take("and"):
            self.must("on", "(", ")")
            right = self.compared()
            assert isinstance(left, dict)
            left = left if right else {}
        return left

    def compared(self) -> Vector | float:
        left = self.product()
        while sign := self.take(*_COMPARE):
            compare, right = _COMPARE[sign], self.product()
            assert isinstance(left, dict)
            left = {
                labels: value
                for labels, value in left.items()
                if (other := _beside(right, labels)) is not None and compare(value, other)
            }
        return left

    def product(self) -> Vector | float:
        left = self.one()
        while sign := self.take("*", "/"):
            right = self.one()
            if isinstance(left, float):
                assert sign == "*"
                assert isinstance(right, dict)
                left = {labels: left * value for labels, value in right.items()}
            else:
                left = {
                    labels: value * other if sign == "*" else value / other
                    for labels, value in left.items()
                    if (other := _beside(right, labels)) is not None
                }
        return left

    def one(self) -> Vector | float:
        if self.take("("):
            inside = self.either()
            self.must(")")
            return inside
        word = self.here
        assert word
        self.at += 1
        if word[0].isdigit():
            return float(word)
        if word == "sum":
            return self.summed()
        if word in ("rate", "increase", "absent", "vector"):
            self.must("(")
            inside = self.either()
            self.must(")")
            if word == "vector":
                assert isinstance(inside, float)
                return {NONE: inside}
            assert isinstance(inside, dict)
            return inside if word != "absent" else {} if inside else {NONE: 1.0}
        return self.selected(word)

    def summed(self) -> Vector:
        by: list[str] = []
        if self.take("by"):
            self.must("(")
            while not self.take(")"):
                by.append(self.tokens[self.at])
                self.at += 1
                self.take(",")
        self.must("(")
        inside = self.either()
        self.must(")")
        assert isinstance(inside, dict)
        found: Vector = {}
        for labels, value in inside.items():
            kept = frozenset(one for one in labels if one[0] in by)
            found[kept] = found.get(kept, 0.0) + value
        return found

    def selected(self, name: str) -> Vector:
        wanted: list[tuple[str, str]] = []
        if self.take("{"):
            while not self.take("}"):
                label, sign, value = self.tokens[self.at : self.at + 3]
                assert sign in ("=", "=~")
                pattern = value.strip('"')
                wanted.append((label, pattern if sign == "=~" else re.escape(pattern)))
                self.at += 3
                self.take(",")
        if self.take("["):
            while not self.take("]"):
                self.at += 1
        return {
            labels: value
            for (known, labels), value in self.figures.items()
            if known == name
            and all(re.fullmatch(pattern, dict(labels).get(label, "")) for label, pattern in wanted)
        }


def _beside(value: Vector | float, labels: Labels) -> float | None:
    return value if isinstance(value, float) else value.get(labels)
