"""One run: an alert to everyone, a storm while it goes out, and a look at every text."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import islice

from alerts.broadcasts.states import DeliveryState, may_move
from tests.chaos.house import House, house
from tests.chaos.people import STOP_WORDS, TEXTS, made_up_numbers, subscribe
from tests.chaos.plan import FAULTS, Plan, What
from tests.chaos.storm import Storm
from tests.chaos.watch import Watch, Wrong
from tests.story import inland_empire

LOOK_SECONDS = 0.02
SAY_SECONDS = 2.0
PATIENCE_SECONDS = 240.0  # since the last text was taken: two leases, two settlings, and more
CALLBACK_PATIENCE_SECONDS = 120.0
UNKNOWN_AT_MOST = 600.0  # seconds; nothing stays unknown for longer while the carrier answers
STRANGERS = 50  # on another list

Say = Callable[[str], None]
Figures = dict[str, int | float]


def play(plan: Plan, say: Say) -> Figures:
    """Do all of it; what was counted. Raises Wrong for the first thing that is."""
    with house(plan) as everything:
        run = Run(plan, everything, say)
        try:
            run.prepare()
            run.send()
            run.check()
        except Wrong as wrong:
            run.show_evidence(wrong)
            raise
        return run.figures()


class Run:
    """An alert from the first subscriber to the last callback."""

    def __init__(self, plan: Plan, everything: House, say: Say) -> None:
        self._plan = plan
        self._house = everything
        self._system = everything.system
        self._simulator = everything.twilio.simulator
        self._say = say
        self._seconds = 0.0

    def prepare(self) -> None:
        """Everybody joins, and some leave again; an alert is written."""
        numbers = list(islice(made_up_numbers(), self._plan.people + STRANGERS))
        list_id = self._system.post("/v1/lists", inland_empire())["id"]
        words = {"en": "OTHERS", "es": "OTROS", "so": "KUWO KALE"}
        others = self._system.post("/v1/lists", inland_empire(name="Others", join_words=words))["id"]
        url = self._house.postgres.url
        people = subscribe(url, numbers[: self._plan.people], list_id)
        strangers = subscribe(url, numbers[self._plan.people :], others)
        self._watch = Watch(self._house.twilio, people, strangers)
        for person in random.Random(self._plan.seed).sample(people, self._plan.leave_before):
            self._house.twilio.text(person.phone, STOP_WORDS[person.language])
            self._watch.left_before(person)
        self._storm = Storm(self._plan, self._house, people, self._watch)
        alert = {"audience": {"lists": [list_id]}, "text": TEXTS, "asks_rsvp": False}
        self._alert = self._system.post("/v1/alerts", alert)["id"]
        self._say(f"{len(people)} people; {self._plan.leave_before} of them have left")

    def send(self) -> None:
        """Send the alert, and strike until it is over. Raises Wrong."""
        began = last_taken = last_said = time.monotonic()
        self._system.post(f"/v1/alerts/{self._alert}/send")
        taken, state = 0, "sending"
        while state != "sent":
            before, taken = taken, self._watch.look()
            self._storm.strike(taken)
            now = time.monotonic()
            last_taken = now if taken > before else last_taken
            if now - last_said > SAY_SECONDS:
                last_said, self._seconds = now, now - began
                state = self._look_at_report(taken)
            if now - last_taken > PATIENCE_SECONDS:
                raise Wrong(f"no text for {PATIENCE_SECONDS:.0f} s, and the alert is {state}")
            time.sleep(LOOK_SECONDS)
        self._storm.calm()

    def _look_at_report(self, taken: int) -> str:
        """The alert's state, where it can be seen now. Raises Wrong where it was paused."""
        seen = self._system.get_if_it_answers(f"/v1/alerts/{self._alert}/report")
        dealt = ", ".join(f"{count} {what}" for what, count in sorted(self._storm.dealt.items()))
        told = {state: count for state, count in seen["states"].items() if count} if seen else "no answer"
        self._say(f"{self._seconds:4.0f} s  {taken} taken; report: {told}; {dealt}")
        if seen and seen["state"] == "paused":
            raise Wrong(f"the alert was paused: {seen.get('trouble')}")
        return str(seen["state"]) if seen else "sending"

    def check(self) -> None:
        """Wait for the last callback, and look at everything. Raises Wrong."""
        deadline = time.monotonic() + CALLBACK_PATIENCE_SECONDS
        while not self._watch.settled():
            if time.monotonic() > deadline:
                raise Wrong(f"callbacks still wait after {CALLBACK_PATIENCE_SECONDS:.0f} s")
            time.sleep(LOOK_SECONDS)
        # A run in which nothing went wrong shows nothing.
        if self._storm.blows_left:
            raise Wrong(f"the alert was over, and {self._storm.blows_left} blows were still to come")
        for fault in FAULTS:
            if not self._simulator.faults.counts[fault]:
                raise Wrong(f"the carrier never did {fault}")
        if given_up := self._simulator.webhooks.counts["given_up"]:
            raise Wrong(f"the carrier gave up {given_up} callbacks")
        self._watch.check_all(self._system.get(f"/v1/alerts/{self._alert}/report"))
        for old, new in self._house.history.moves():
            if not may_move(DeliveryState(old), DeliveryState(new)):
                raise Wrong(f"a delivery moved from {old} to {new}")
        if (longest := self._longest_unknown()) > UNKNOWN_AT_MOST:
            raise Wrong(f"a delivery was unknown for {longest:.0f} s")

    def figures(self) -> Figures:
        """What was counted."""
        faults, callbacks = self._simulator.faults.counts, self._simulator.webhooks.counts
        unknowns = self._house.history.unknowns()
        return {
            "people": self._plan.people,
            "left before the send": self._plan.leave_before,
            **{what: self._storm.dealt[what] for what in What},
            **self._watch.figures(),
            "connections dropped after accepting": faults["drop_after_accept"],
            "5xx after accepting": faults["error_after_accept"],
            "429": faults["too_many"],
            "texts stuck": faults["stuck"],
            "callbacks taken": callbacks["taken"],
            "callbacks told twice": faults["callback_twice"],
            "callbacks held back": faults["callback_reordered"],
            "callbacks given up by the carrier": callbacks["given_up"],
            "unknown": len(unknowns),
            "of these had been taken by the carrier": self._watch.taken_before(unknowns),
            "of these sent again, never seen by the carrier": sum(
                one.became == "waiting" for one in unknowns
            ),
            "longest unknown, s": round(self._longest_unknown(), 1),
            "seconds": round(self._seconds, 1),
        }

    def show_evidence(self, wrong: Wrong) -> None:
        """What there is to see of what was wrong, while the servers still run."""
        if wrong.person:
            for line in self._house.history.of(wrong.person.id):
                self._say(line)
        for line in self._system.everything_logged().splitlines():
            # That PostgreSQL is away is said often, and no news.
            if any(word in line for word in (" WARNING ", " ERROR ", "Error")) and "Operational" not in line:
                self._say(line)

    def _longest_unknown(self) -> float:
        return max((one.seconds for one in self._house.history.unknowns()), default=0.0)
