"""``make apart``: two web and three worker machines; one of each is cut off in mid-send (issue 8, part 4)."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from rich.console import Console

from alerts.carrier.simulator.faults import Faults
from alerts.carrier.simulator.messages import SimulatorConfig
from alerts.carrier.simulator.server import SimulatorServer
from alerts.storage.embedded import PostgresServer, ValkeyServer, start_child
from tests.apart.network import HERE, Cables, NoNetwork, machines, require
from tests.apart.share import Share
from tests.chaos.history import History
from tests.chaos.people import TEXTS, Person, made_up_numbers, subscribe
from tests.chaos.watch import Watch, Wrong
from tests.conftest import ACCOUNT, OUR_NUMBER, TOKEN
from tests.journeys.system import System, free_port, running
from tests.story import inland_empire

WEBS, WORKERS = ("web-1", "web-2"), ("worker-1", "worker-2", "worker-3")
PORT = 8000
LATENCY = 0.5  # seconds: what is cut off has texts in flight
TEXTS_A_SECOND = 60
PATIENCE_SECONDS = 240.0

console = Console(highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """As it stands."""
    console.print(line, markup=False)


class Apart(System):
    """Each process on the machine of its name; the clock is here."""

    def start(self, name: str) -> None:
        """As the Procfile says."""
        if name == "clock":
            super().start(name)
            return
        procfile = dict(line.split(": ", 1) for line in Path("Procfile").read_text().splitlines())
        command = ["ip", "netns", "exec", name, "/bin/sh", "-c", "exec " + procfile[name.partition("-")[0]]]
        self._running[name] = start_child(command, self.logs / name, env=self.env)


@contextmanager
def _house() -> Iterator[tuple[System, SimulatorServer, PostgresServer, History, Cables]]:
    with ExitStack() as stack:
        cables = stack.enter_context(machines([*WEBS, *WORKERS]))
        postgres, valkey = PostgresServer(address=HERE), ValkeyServer(address=HERE)
        stack.callback(postgres.remove)
        stack.callback(valkey.remove)
        postgres.start()
        valkey.start()
        port = free_port()
        url = f"http://{HERE}:{port}"
        config = SimulatorConfig(
            ACCOUNT, TOKEN, (OUR_NUMBER,), inbound_url=url + "/twilio/inbound", opt_out="off"
        )
        faults = Faults(seed=1)
        faults.change({"latency": LATENCY, "callback_delay": 2.0})
        twilio = stack.enter_context(SimulatorServer(config, faults, host=HERE))
        stack.enter_context(Share((HERE, port), [(cables.addresses[web], PORT) for web in WEBS]))
        env = {
            "DATABASE_URL": f"postgresql://postgres@{HERE}/postgres",
            "REDIS_URL": f"redis://{HERE}:6379/0",
            "PUBLIC_URL": url,
            "TWILIO_API_URL": twilio.url,
            "TWILIO_RATES": f"{OUR_NUMBER}={TEXTS_A_SECOND}",
            "APPROVAL_ABOVE": "",
            "PORT": str(PORT),
            "HOST": "0.0.0.0",
            "PATH": f"{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin",
        }
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="alerts-apart-")))
        system = stack.enter_context(running(env, twilio, logs, (*WEBS, *WORKERS, "clock"), kind=Apart))
        history = History(postgres.url)
        history.keep()
        yield system, twilio, postgres, history, cables


def play(people: int, away: float) -> dict[str, float]:
    """An alert to so many, a web and a worker cut off for ``away`` seconds. Raises Wrong."""
    with _house() as (system, twilio, postgres, history, cables):
        list_id = system.post("/v1/lists", inland_empire())["id"]
        everybody = subscribe(postgres.url, list(islice(made_up_numbers(), people)), list_id)
        watch = Watch(twilio, everybody, [])
        made = {"audience": {"lists": [list_id]}, "text": TEXTS, "asks_rsvp": False}
        alert = system.post("/v1/alerts", made)["id"]
        began = time.monotonic()
        system.post(f"/v1/alerts/{alert}/send")
        _until(lambda: watch.look() > people / 5, "a fifth of the texts")
        sends = max(WORKERS, key=lambda name: history.in_flight()[cables.addresses[name]])
        for name in (WEBS[0], sends):
            cables.cut(name)
        cut = time.monotonic()
        before, hit = watch.look(), history.in_flight()[cables.addresses[sends]]
        if not hit:
            raise Wrong(f"the cut hit nothing: {sends} had no text in flight")
        say(f"{before} texts taken; {WEBS[0]} and {sends} are cut off for {away:.0f} s")
        while time.monotonic() < cut + away:
            watch.look()
            time.sleep(0.1)
        meanwhile = watch.look()
        for name in (WEBS[0], sends):
            cables.plug_in(name)
        say(f"{meanwhile} texts taken; plugged in again")
        try:
            _until(lambda: _state(system, alert, watch) == "sent", "the end of the alert")
            _until(watch.settled, "the last callback")
            _check(system, watch, alert, meanwhile - before, people)
        except Wrong as wrong:
            _show(system, history, wrong.person)
            raise
        unknowns = history.unknowns()
        return {
            "people": people,
            **watch.figures(),
            "texts taken before the cut": before,
            "in flight on the machine that was cut off": hit,
            "taken by the others during the cut": meanwhile - before,
            "callbacks given up by the carrier": twilio.simulator.webhooks.counts["given_up"],
            "unknown": len(unknowns),
            "of these had been taken by the carrier": watch.taken_before(unknowns),
            "of these sent again, never seen by the carrier": sum(
                one.became == "waiting" for one in unknowns
            ),
            "longest unknown, s": round(max((one.seconds for one in unknowns), default=0.0), 1),
            "seconds": round(time.monotonic() - began, 1),
        }


def _state(system: System, alert: int, watch: Watch) -> str:
    watch.look()
    seen = system.get_if_it_answers(f"/v1/alerts/{alert}/report")
    if seen and seen["state"] == "paused":
        raise Wrong(f"the alert was paused: {seen.get('trouble')}")
    return str(seen["state"]) if seen else "no answer"


def _check(system: System, watch: Watch, alert: int, by_the_others: int, people: int) -> None:
    watch.check_all(system.get(f"/v1/alerts/{alert}/report"))
    if by_the_others == 0:
        raise Wrong("the machines that were not cut off sent nothing meanwhile")
    if any(process.poll() is not None for process in system.processes()):
        raise Wrong("a process ended")
    if watch.look() != people:
        raise Wrong("a text after the end")


def _show(system: System, history: History, person: Person | None) -> None:
    for line in history.of(person.id) if person else []:
        say(line)
    say(system.everything_logged()[-4000:])


def _logged(system: System, name: str) -> str:
    return (system.logs / name).read_text()


def _until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise Wrong(f"no {what} within {PATIENCE_SECONDS:.0f} s")
        time.sleep(0.05)


def main() -> int:
    """The exit status: 0 where nothing was wrong."""
    parser = argparse.ArgumentParser(prog="make apart", description=__doc__)
    parser.add_argument("--people", type=int, default=2_000)
    parser.add_argument("--away", type=float, default=45.0, help="seconds; longer than a lease")
    asked = parser.parse_args()
    try:
        require()
        figures = play(asked.people, asked.away)
    except (Wrong, NoNetwork) as wrong:
        say(f"Wrong: {wrong}")
        return 1
    for name, figure in figures.items():
        say(f"{figure:>10,}  {name}")
    say("Everybody has exactly one text.")
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: nothing is left behind
    sys.exit(main())
