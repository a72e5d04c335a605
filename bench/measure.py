"""What every measurement of ``make bench`` stands on: servers, processes, processor time, memory, rounds."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from redis import Redis

from alerts.storage.embedded import embedded_postgres, embedded_valkey
from bench.stub import arrivals, carrier_stub

TICKS = os.sysconf("SC_CLK_TCK")
SLOW_CARRIER_SECONDS = 0.1
STOP_SECONDS = 20.0
BUFFERS = "1GB"  # of PostgreSQL: a quarter of a server of 4 GB, as docs/deploy/server.md sets it up


@dataclass(frozen=True, slots=True)
class Figure:
    """What one round of a measurement gave."""

    value: float
    unit: str = "texts/s"
    cpu: float | None = None  # processor seconds a 1,000 texts, of the measured processes and their children
    servers_cpu: float | None = None  # the same of PostgreSQL and Valkey
    mb: float | None = None  # peak resident memory of the same, summed, in 10^6 octets


# A round gives figures by the names that they have in the table.
Round = Callable[[], dict[str, Figure]]


@dataclass(frozen=True, slots=True)
class Servers:
    """What everything is measured against, started once for the whole run."""

    database: str  # postgresql://…
    valkey: str  # unix://…?db=0
    carrier: str  # the stub
    slow_carrier: str  # the stub that takes SLOW_CARRIER_SECONDS
    pids: list[int]  # PostgreSQL's first process, whose children the others are, and Valkey's

    def valkey_for(self, number: int) -> str:
        """The same Valkey, another of its databases."""
        return self.valkey.replace("?db=0", f"?db={number}")


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something to measure. ``opened`` starts and warms up what it needs, and gives the round."""

    name: str
    group: str  # rounds of a group are interleaved
    opened: Callable[[Servers], AbstractContextManager[Round]]


@dataclass(slots=True)
class Results:
    """Figures of all rounds, by name."""

    rounds: dict[str, list[Figure]] = field(default_factory=dict)

    def add(self, figures: dict[str, Figure]) -> None:
        """The figures of one more round."""
        for name, figure in figures.items():
            self.rounds.setdefault(name, []).append(figure)

    def median(self, name: str) -> float:
        """Of the values. Raises KeyError where it was not measured, as all these do."""
        return statistics.median(figure.value for figure in self.rounds[name])

    def lowest(self, name: str) -> float:
        """Of the values."""
        return min(figure.value for figure in self.rounds[name])

    def highest(self, name: str) -> float:
        """Of the values."""
        return max(figure.value for figure in self.rounds[name])

    def cpu(self, name: str) -> float:
        """Median of the processor seconds a 1,000 texts."""
        return statistics.median(figure.cpu for figure in self.rounds[name] if figure.cpu is not None)

    def servers_cpu(self, name: str) -> float:
        """Median of what PostgreSQL and Valkey took."""
        figures = self.rounds[name]
        return statistics.median(figure.servers_cpu for figure in figures if figure.servers_cpu is not None)

    def mb(self, name: str) -> float:
        """The highest peak of memory."""
        return max(figure.mb for figure in self.rounds[name] if figure.mb is not None)


@contextmanager
def servers() -> Iterator[Servers]:
    """PostgreSQL as in production (it waits for the disk), Valkey, and the two stubs."""
    with (
        embedded_postgres(buffers=BUFFERS) as database,
        embedded_valkey() as valkey,
        carrier_stub() as carrier,
        carrier_stub(SLOW_CARRIER_SECONDS) as slow_carrier,
    ):
        yield Servers(database, valkey, carrier, slow_carrier, _server_pids(database, valkey))


def run_group(
    measurements: list[Measurement],
    against: Servers,
    rounds: int,
    told: Callable[[Measurement, dict[str, Figure] | Exception], None],
) -> Results:
    """All rounds of measurements that belong together, interleaved. One that fails is closed and left out.

    ``told`` hears of each round as it ends.
    """
    results = Results()
    with ExitStack() as stack:
        opened = {one.name: stack.enter_context(ExitStack()) for one in measurements}
        ready: dict[str, Round] = {}

        def leave_out(one: Measurement, error: Exception) -> None:
            ready.pop(one.name, None)
            opened[one.name].close()
            told(one, error)

        for one in measurements:
            try:
                ready[one.name] = opened[one.name].enter_context(one.opened(against))
            except Exception as error:  # noqa: BLE001 - the others go on; its bars are missed
                leave_out(one, error)
        for _ in range(rounds):
            for one in [one for one in measurements if one.name in ready]:
                try:
                    figures = ready[one.name]()
                except Exception as error:  # noqa: BLE001
                    leave_out(one, error)
                else:
                    results.add(figures)
                    told(one, figures)
    return results


def measured(
    against: Servers, pids: list[int], texts: int, work: Callable[[], object], *, carrier: str | None = None
) -> Figure:
    """``work`` sends ``texts`` texts: how fast, as the stub saw it, from the first to the last.

    The stub is ``against.carrier`` if no other is named. Processor time and memory are those of ``pids`` and
    their children. Raises RuntimeError where the stub saw another number of texts.
    """
    stub = carrier or against.carrier
    arrivals(stub, forget=True)
    before, before_servers = cpu_seconds(pids), cpu_seconds(against.pids)
    work()
    used, used_servers = cpu_seconds(pids) - before, cpu_seconds(against.pids) - before_servers
    seen = arrivals(stub)
    if seen.total != texts:
        raise RuntimeError(f"{seen.total} texts reached the carrier, not {texts}")
    return Figure(
        seen.a_second,
        cpu=used / texts * 1000,
        servers_cpu=used_servers / texts * 1000,
        mb=peak_mb(pids),
    )


class Child:
    """A Python module that runs in a process of its own, and does what it is told, a line at a time."""

    def __init__(self, module: str, *arguments: str, env: dict[str, str] | None = None) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **(env or {})},
        )
        self.pid = self._process.pid

    def ask(self, order: object) -> object:
        """Give one order, as JSON; what it answers. Raises RuntimeError where it ended instead."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process ended with status {self._process.wait()}")
        return json.loads(answer)

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=STOP_SECONDS)  # closes its standard input, on which it ends
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def obey(do: Callable[[int], object]) -> None:
    """The other side of ``Child``: carry out each order on standard input, and answer when it is done."""
    for line in sys.stdin:
        print(json.dumps(do(json.loads(line))), flush=True)


def family(pids: list[int]) -> list[int]:
    """``pids``, their children, and theirs."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            children.setdefault(int(_stat(int(folder.name))[1]), []).append(int(folder.name))
    found = list(pids)
    for pid in found:
        found += [child for child in children.get(pid, []) if child not in found]
    return found


@contextmanager
def on_one_core() -> Iterator[None]:
    """All that this run has started, and itself, share one core; afterwards they have all of them again."""
    cores = os.sched_getaffinity(0)
    _keep_to({min(cores)})
    try:
        yield
    finally:
        _keep_to(cores)


def _keep_to(cores: set[int]) -> None:
    for pid in family([os.getpid()]):
        for thread in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            with suppress(OSError):  # it has just ended
                os.sched_setaffinity(int(thread.name), cores)


def cpu_seconds(pids: list[int]) -> float:
    """Processor time that they and their children took, living or ended. Source: proc_pid_stat(5)."""
    ticks = 0
    for pid in family(pids):
        with suppress(OSError):  # it has just ended
            ticks += sum(map(int, _stat(pid)[11:15]))
    return ticks / TICKS


def peak_mb(pids: list[int]) -> float:
    """Their peak resident memory and that of their children, summed; what forks share counts in each."""
    octets = 0
    for pid in family(pids):
        with suppress(OSError):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            octets += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
    return octets / 1e6


def _server_pids(database: str, valkey: str) -> list[int]:
    with psycopg.connect(database) as connection, Redis.from_url(valkey) as client:
        backend = connection.info.backend_pid
        return [int(_stat(backend)[1]), int(client.info("server")["process_id"])]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name, which may hold anything: [0] is field 3, the state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
