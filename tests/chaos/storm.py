"""The blows of a plan, dealt as the texts go out; what was stopped is started again."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from threading import Thread

from redis import Redis

from alerts.storage.embedded import PostgresServer, ValkeyServer
from tests.chaos.house import WORKER_NAMES, House
from tests.chaos.people import STOP_WORDS, Person
from tests.chaos.plan import LATENCY, Blow, Plan, What, blows
from tests.chaos.watch import Watch, Wrong

UP_SECONDS = 2.5  # from then on a worker sends; to kill it earlier is to kill nobody
SLOW = 1.0  # the carrier's latency while a kill waits for a worker, so that the send is not over before
REST_SECONDS = 8.0  # between two stops of a server: the carrier repeats a callback for about six seconds
STOP_AGAIN_SECONDS = 0.3  # somebody whose STOP was not answered texts it again
STOP_ANSWERED_SECONDS = 30.0


class Storm:
    """Deals each blow once, when its moment has come and there is something to hit."""

    def __init__(self, plan: Plan, everything: House, people: Sequence[Person], watch: Watch) -> None:
        self._house = everything
        self._people = people
        self._watch = watch
        self._chance = random.Random(plan.seed)
        self._planned = blows(plan)
        self._again: list[tuple[float, object, Callable[[], None]]] = []  # when, what, and its start
        self._rested: dict[object, float] = {}  # when it may be stopped again
        self._up = dict.fromkeys(WORKER_NAMES, time.monotonic())
        self._leaving: list[Thread] = []
        self.dealt: Counter[What] = Counter()

    @property
    def blows_left(self) -> int:
        """How many have not been dealt."""
        return len(self._planned)

    def strike(self, taken: int) -> None:
        """Start again what is due to be, and deal what is due after ``taken`` texts."""
        now = time.monotonic()
        for entry in [entry for entry in self._again if entry[0] <= now]:
            _, what, start = entry
            start()
            self._again.remove(entry)
            self._rested[what] = time.monotonic() + REST_SECONDS
        due = [blow for blow in self._planned if blow.taken <= taken]
        for blow in due:
            if self._deal(blow):
                self._planned.remove(blow)
                self.dealt[blow.what] += 1
        if not self._planned:
            self._house.twilio.simulator.faults.stuck = 0.0
        kill_waits = any(blow in self._planned for blow in due if blow.what is What.KILL)
        self._house.twilio.simulator.faults.latency = SLOW if kill_waits else LATENCY

    def calm(self) -> None:
        """Start what is still away, and wait for the last who leave. Raises Wrong."""
        for _, _, start in self._again:
            start()
        self._again.clear()
        for one in self._leaving:
            one.join(STOP_ANSWERED_SECONDS)
            if one.is_alive():
                raise Wrong(f"a STOP was not answered for {STOP_ANSWERED_SECONDS:.0f} s")

    def _deal(self, blow: Blow) -> bool:
        """Whether it could be dealt now."""
        match blow.what:
            case What.KILL:
                return self._kill(blow.away)
            case What.FLUSH:
                return self._flush()
            case What.VALKEY:
                return self._stop(self._house.valkey, blow.away)
            case What.POSTGRES:
                return self._stop(self._house.postgres, blow.away)
            case What.LEAVE:
                return self._let_leave(blow.place)

    def _kill(self, away: float) -> bool:
        now = time.monotonic()
        able = [name for name, since in self._up.items() if now - since > UP_SECONDS]
        if not able:
            return False
        name = self._chance.choice(able)
        self._house.system.kill(name)
        del self._up[name]
        self._later(away, name, lambda: self._start_worker(name))
        return True

    def _start_worker(self, name: str) -> None:
        self._house.system.start(name)
        self._up[name] = time.monotonic()

    def _flush(self) -> bool:
        if self._is_away(self._house.valkey):
            return False
        with Redis.from_url(self._house.valkey.url) as redis:
            redis.flushall()
        return True

    def _stop(self, server: PostgresServer | ValkeyServer, away: float) -> bool:
        if self._is_away(server) or time.monotonic() < self._rested.get(server, 0.0):
            return False
        server.stop()
        self._later(away, server, server.start)
        return True

    def _is_away(self, what: object) -> bool:
        return any(entry[1] is what for entry in self._again)

    def _later(self, seconds: float, what: object, start: Callable[[], None]) -> None:
        self._again.append((time.monotonic() + seconds, what, start))

    def _let_leave(self, place: float) -> bool:
        untexted = [one for one in self._people if not self._watch.is_texted_or_left(one)]
        if untexted:
            person = untexted[int(place * len(untexted))]
            self._watch.leaves(person)
            # A daemon: should the run end early, nobody waits for an answer to this STOP.
            self._leaving.append(Thread(target=self._leave, args=(person,), daemon=True))
            self._leaving[-1].start()
        return bool(untexted)

    def _leave(self, person: Person) -> None:
        while True:
            try:
                self._house.twilio.text(person.phone, STOP_WORDS[person.language])
            except (RuntimeError, OSError):  # PostgreSQL is away
                time.sleep(STOP_AGAIN_SECONDS)
            else:
                return self._watch.has_left(person)
