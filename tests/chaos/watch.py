"""What must be true of the carrier's ledger, at every moment and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from alerts.carrier.simulator.messages import FINAL, Message
from alerts.carrier.simulator.server import SimulatorServer
from alerts.language.languages import Language
from tests.chaos.history import Unknown
from tests.chaos.people import TEXTS, Person

# From the moment that STOP was answered; what was accepted until then was on its way.
STOP_HEEDED_WITHIN = timedelta(seconds=2)
OPEN = ("waiting", "sending", "unknown")


class Wrong(Exception):
    """Something that must never be. ``person``: whom it happened to, where it was one."""

    def __init__(self, what: str, person: Person | None = None) -> None:
        self.person = person
        super().__init__(what)


class Watch:
    """The ledger, read as it grows; the first thing that is wrong ends the run."""

    def __init__(
        self, twilio: SimulatorServer, people: Sequence[Person], strangers: Sequence[Person]
    ) -> None:
        self._simulator = twilio.simulator
        self._people = {one.phone: one for one in people}
        self._strangers = {one.phone: one for one in strangers}
        self._seen = 0
        self.texts: dict[str, Message] = {}  # by number
        self._before: set[str] = set()
        self._during: dict[str, datetime | None] = {}  # when STOP was answered

    def left_before(self, person: Person) -> None:
        """STOP was answered before the alert was sent."""
        self._before.add(person.phone)

    def leaves(self, person: Person) -> None:
        """STOP is on its way, during the send: from now on a text may come, and need not."""
        self._during[person.phone] = None

    def has_left(self, person: Person) -> None:
        """That STOP was answered just now."""
        self._during[person.phone] = datetime.now(UTC)

    def is_texted_or_left(self, person: Person) -> bool:
        """Whether this person has a text, left, or is about to leave."""
        return any(person.phone in some for some in (self.texts, self._before, self._during))

    def look(self) -> int:
        """Look at what is new. How many texts the carrier has taken. Raises Wrong."""
        messages = self._simulator.messages
        for message in messages[self._seen :]:
            if message.direction == "outbound-api":
                self._check(message)
                self.texts[message.to] = message
        self._seen = len(messages)
        return len(self.texts)

    def _check(self, message: Message) -> None:
        person = self._people.get(message.to)
        if person is None:
            raise Wrong("a text to somebody who is not in the audience", self._strangers.get(message.to))
        first = self.texts.get(message.to)
        if first is not None:
            raise Wrong(f"a second text: {_line(first)}; {_line(message)}", person)
        if message.body != TEXTS[person.language]:
            raise Wrong(f"a text that is not the one in {person.language}: {_line(message)}", person)
        if message.to in self._before:
            raise Wrong(f"a text to somebody who had left before the send: {_line(message)}", person)
        left = self._during.get(message.to)
        if left is not None and message.created > left + STOP_HEEDED_WITHIN:
            late = (message.created - left).total_seconds()
            raise Wrong(f"a text {late:.1f} s after STOP was answered: {_line(message)}", person)

    def settled(self) -> bool:
        """Whether each text has its last status, and every callback is posted or given up."""
        over = all(message.status in FINAL for message in list(self.texts.values()))
        return over and not self._simulator.webhooks.counts["waiting"]

    def check_all(self, report: dict[str, Any]) -> None:
        """Exactly one text for everyone who had not left, and a report that says so. Raises Wrong."""
        self.look()
        for number, person in self._people.items():
            if number not in self.texts and number not in self._before and number not in self._during:
                raise Wrong("no text to somebody who had not left", person)
        self._check_report(report)

    def figures(self) -> dict[str, int]:
        """Counted anew from the ledger, not from what was seen on the way."""
        texts = Counter(one.to for one in self._simulator.messages if one.direction == "outbound-api")
        owed = [number for number in self._people if number not in self._before]
        return {
            "texts taken": texts.total(),
            **{f"texts in {one}": self._texts_in(one) for one in Language},
            "people with more than one text": sum(count > 1 for count in texts.values()),
            "left during the send, without a text": sum(number not in texts for number in self._during),
            "others without a text": sum(
                number not in texts and number not in self._during for number in owed
            ),
        }

    def taken_before(self, unknowns: Sequence[Unknown]) -> int:
        """How many of these texts the carrier had taken when we ceased to know of them."""
        known = self._simulator.carrier.messages
        return sum(one.sid in known and known[one.sid].created < one.since for one in unknowns if one.sid)

    def _texts_in(self, language: Language) -> int:
        return sum(self._people[number].language is language for number in self.texts)

    def _check_report(self, report: dict[str, Any]) -> None:
        """By language and state. Who had left before the send is in the report too, and was skipped."""
        if still_open := {state: report["states"][state] for state in OPEN if report["states"][state]}:
            raise Wrong(f"the report has open deliveries: {still_open}")
        ledger: Counter[tuple[Language, str]] = Counter()
        for number, person in self._people.items():
            text = self.texts.get(number)
            ledger[person.language, text.status if text else "skipped"] += 1
        told = Counter(
            {
                (Language(language), state): count
                for language, states in report["languages"].items()
                for state, count in states.items()
                if count
            }
        )
        if told != ledger:
            raise Wrong(f"the report is not the ledger.\n  report {_table(told)}\n  ledger {_table(ledger)}")
        if report["people"] != ledger.total():
            raise Wrong(f"the report has {report['people']} people, the ledger {ledger.total()}")


def _table(counts: Counter[tuple[Language, str]]) -> str:
    return ", ".join(f"{language} {state} {count}" for (language, state), count in sorted(counts.items()))


def _line(message: Message) -> str:
    return f"{message.sid} taken at {message.created:%H:%M:%S.%f}"
