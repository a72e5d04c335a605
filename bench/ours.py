"""What ``make bench`` measures of ours.

Each function is a context manager: it starts and warms up what it needs, gives a round, and leaves nothing
behind. A round gives its figures by the names below; ``bench.bars`` works with these names. Several are open
at once where their rounds are interleaved (``bench.measurements``): what waits is idle.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import requests
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from alerts.storage.redis import QUEUE
from bench import callbacks as callbacks_bench
from bench import house
from bench.measure import Child, Figure, Round, Servers, cpu_seconds, measured, on_one_core, peak_mb
from bench.stub import arrivals

ONE_WORKER = "ours, 1 worker"
TWO_WORKERS = "ours, 2 workers"
ONE_CORE = "ours, 1 worker, with one core for everything"
NO_RECORDS = "ours, 1 worker, no records"
NOT_SEALED = "ours, 1 worker, numbers not sealed"
SLOW_CARRIER = "ours, carrier that takes 100 ms, 500 in flight"
SLOW_CARRIER_TWO = "the same, 2 workers"
SMALL_ALERT = "ours, alert to 10,000"
LARGE_ALERT = "ours, alert to 1,000,000"
DELIVERIES_WRITTEN = "audience into deliveries"
FIRST_TEXT = "first text out after send, p95 of 30"
CALLBACKS = "callbacks recorded"
CALLBACKS_BARE = "callbacks, no database"
RATES = (10, 100, 1_000)  # parts/s
PACE_KEPT = {rate: f"pace at {rate:,} parts/s" for rate in RATES}
PACE_OVER = {rate: f"over pace and burst at {rate:,} parts/s" for rate in RATES}
IN_FLIGHT = 500

TEXTS = 40_000
WARM_UP = 2_000
SMALL, LARGE, SLICE = 10_000, 1_000_000, 100_000
AUDIENCE = 500_000
TRIES = 30
BURST_SECONDS = 0.25  # of the rate: 0.2 in the bucket, the rest for the way (docs/decisions/pacing.md)
WORKER, UNSEALED = "workers.worker", "bench.unsealed"


def _ask(valkey: str, times: int) -> None:
    """Put the job on the queue as the clock does, so often."""
    queue = Queue(QUEUE, connection=Redis.from_url(valkey), serializer=JSONSerializer)
    for _ in range(times):
        queue.enqueue("workers.jobs.send", result_ttl=0)


def _send_all(servers: Servers, env: dict[str, str], pids: list[int], alert_id: int, texts: int) -> Figure:
    """Send an alert of which nothing is sent yet; the time ends when its last outcome is recorded."""
    carrier = env["TWILIO_API_URL"]
    arrivals(carrier, forget=True)
    before, before_servers = cpu_seconds(pids), cpu_seconds(servers.pids)
    _ask(env["REDIS_URL"], len(pids))
    ended = house.until_recorded(servers, alert_id, texts)
    used, used_servers = cpu_seconds(pids) - before, cpu_seconds(servers.pids) - before_servers
    seen = arrivals(carrier)
    if seen.total != texts:
        raise RuntimeError(f"{seen.total} texts reached the carrier, not {texts}")
    return Figure(
        texts / (ended - seen.first),
        cpu=used / texts * 1000,
        servers_cpu=used_servers / texts * 1000,
        mb=peak_mb(pids),
    )


class _House:
    """Worker processes of ours that are ready, and what they stand on."""

    def __init__(self, servers: Servers, env: dict[str, str], pids: list[int]) -> None:
        self.servers, self.env, self.pids = servers, env, pids

    def warm_up(self) -> None:
        """Everything is loaded and connected, in each of them."""
        for _ in range(3):
            self.send(WARM_UP)

    def send(self, texts: int) -> Figure:
        """A fresh alert to so many people."""
        made = house.alert(self.servers, texts)
        return _send_all(self.servers, self.env, self.pids, made, texts)


@contextmanager
def _workers(
    servers: Servers, valkey: int, count: int, carrier: str | None = None, module: str = WORKER
) -> Iterator[_House]:
    house.ready(servers)
    house.people(servers, TEXTS)
    env = house.environment(servers, valkey, carrier)
    with (
        tempfile.TemporaryDirectory() as folder,
        house.processes(env, Path(folder), *[module] * count) as pids,
    ):
        ours = _House(servers, env, pids)
        ours.warm_up()
        yield ours


@contextmanager
def end_to_end(servers: Servers, workers: int) -> Iterator[Round]:
    """Claim, pace, send, record, in PostgreSQL, with 1 or 2 worker processes as the Procfile starts them."""
    name = {1: ONE_WORKER, 2: TWO_WORKERS}[workers]
    with _workers(servers, workers, workers) as ours:
        yield lambda: {name: ours.send(TEXTS)}


@contextmanager
def one_core(servers: Servers) -> Iterator[Round]:
    """The same with 1 worker, which shares one core with all that it stands on; 2 workers have two."""
    with _workers(servers, 11, 1) as ours:

        def on_it() -> dict[str, Figure]:
            with on_one_core():
                return {ONE_CORE: ours.send(TEXTS)}

        yield on_it


@contextmanager
def without_sealing(servers: Servers) -> Iterator[Round]:
    """The same as with 1 worker, whose numbers are known without being opened."""
    with _workers(servers, 10, 1, module=UNSEALED) as ours:
        yield lambda: {NOT_SEALED: ours.send(TEXTS)}


@contextmanager
def without_records(servers: Servers) -> Iterator[Round]:
    """The same engine, 1 process, that takes deliveries from memory and records nothing."""
    env = house.environment(servers, 3)
    with Child("bench.engine", "send", env=env) as process:
        process.ask(WARM_UP)
        yield lambda: {NO_RECORDS: measured(servers, [process.pid], TEXTS, lambda: process.ask(TEXTS))}


@contextmanager
def slow_carrier(servers: Servers) -> Iterator[Round]:
    """1 worker process, IN_FLIGHT at once, against a carrier that takes 100 ms; and 2 of them."""
    carrier = servers.slow_carrier
    with _workers(servers, 4, 1, carrier) as one, _workers(servers, 9, 2, carrier) as two:
        yield lambda: {SLOW_CARRIER: one.send(TEXTS), SLOW_CARRIER_TWO: two.send(TEXTS)}


@contextmanager
def alert_size(servers: Servers) -> Iterator[Round]:
    """What a text costs in an alert to 10,000, and in one to 1,000,000, a slice further in each round."""
    house.ready(servers)
    house.people(servers, LARGE)
    large = house.alert(servers, LARGE, state="paused")
    sent = 0
    with _workers(servers, 5, 1) as ours:

        def round_() -> dict[str, Figure]:
            nonlocal sent
            small = ours.send(SMALL)
            arrivals(servers.carrier, forget=True)
            before = cpu_seconds(ours.pids)
            house.set_state(servers, large, "sending")
            _ask(ours.env["REDIS_URL"], 1)
            house.until_recorded(servers, large, sent + SLICE)
            house.set_state(servers, large, "paused")
            time.sleep(2)  # what is under way is recorded
            seen = arrivals(servers.carrier)
            sent += seen.total
            cpu = (cpu_seconds(ours.pids) - before) / seen.total * 1000
            each = (seen.last - seen.first) / seen.total * 1e6
            return {
                SMALL_ALERT: Figure(1e6 / small.value, "µs/text", cpu=small.cpu, mb=small.mb),
                LARGE_ALERT: Figure(each, "µs/text", cpu=cpu, mb=peak_mb(ours.pids)),
            }

        yield round_


@contextmanager
def audience(servers: Servers) -> Iterator[Round]:
    """Deliveries of a large audience, written by ``fanout.prepare``."""
    house.ready(servers)
    house.people(servers, AUDIENCE)
    with Child("bench.engine", "write", env=house.environment(servers, 6)) as process:

        def round_() -> dict[str, Figure]:
            made = house.alert(servers, 0)
            with psycopg.connect(servers.database, autocommit=True) as connection:
                connection.execute("UPDATE alerts SET prepared_at = NULL WHERE id = %s", [made])
                written = process.ask(made)
                assert isinstance(written, dict)
                if written["rows"] < AUDIENCE:
                    raise RuntimeError(f"{written['rows']} deliveries were written")
                connection.execute("UPDATE alerts SET state = 'cancelled' WHERE id = %s", [made])
                connection.execute("DELETE FROM deliveries WHERE alert_id = %s", [made])
                connection.execute("VACUUM deliveries")
            return {DELIVERIES_WRITTEN: Figure(written["rows"] / written["seconds"], "rows/s")}

        yield round_


@contextmanager
def first_text(servers: Servers) -> Iterator[Round]:
    """From the call of ``send`` to the first text's arrival at the carrier, with nothing else going on."""
    port = 18_109
    web = f"uvicorn alerts.main:app --port {port} --no-access-log --log-level warning"
    house.ready(servers)
    house.people(servers, TEXTS)
    env = house.environment(servers, 7)
    with (
        tempfile.TemporaryDirectory() as folder,
        house.processes(env, Path(folder), web, WORKER),
        requests.Session() as api,
    ):
        api.headers["Authorization"] = f"Bearer {house.api_key(env)}"
        base = f"http://127.0.0.1:{port}"
        _until_up(base)

        three = _three_people(servers)

        def once() -> float:
            texts = {"en": "Hi", "es": "Hola", "so": "Nabad"}
            draft = api.post(
                base + "/v1/alerts", json={"audience": {"lists": [three]}, "text": texts}
            ).json()["id"]
            arrivals(servers.carrier, forget=True)
            asked = time.monotonic()
            api.post(f"{base}/v1/alerts/{draft}/send").raise_for_status()
            house.until_recorded(servers, draft, 3)
            return (arrivals(servers.carrier).first - asked) * 1000

        for _ in range(3):
            once()
        yield lambda: {FIRST_TEXT: Figure(_p95([once() for _ in range(TRIES)]), "ms")}


def _three_people(servers: Servers) -> int:
    """A list of three; its id."""
    with psycopg.connect(servers.database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO lists (name, timezone, opens, closes)"
            " VALUES ('Three', 'America/Chicago', '00:00', '00:00') ON CONFLICT DO NOTHING"
        )
        connection.execute(
            "INSERT INTO memberships (list_id, subscriber_id)"
            " SELECT l.id, s.id FROM lists l, subscribers s WHERE l.name = 'Three' AND s.id <= 3"
            " ON CONFLICT DO NOTHING"
        )
        [(made,)] = connection.execute("SELECT id FROM lists WHERE name = 'Three'").fetchall()
    return int(made)


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def _until_up(base: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            requests.get(base + "/healthz", timeout=5).raise_for_status()
        except requests.RequestException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def pace(servers: Servers) -> Iterator[Round]:
    """The set pace as the carrier sees it, over 10 s, 4 worker processes. Texts of one part each."""
    with _workers(servers, 8, 4) as ours:
        yield lambda: {name: figure for rate in RATES for name, figure in _pace(ours, rate).items()}


def _pace(ours: _House, rate: int) -> dict[str, Figure]:
    seconds = 10
    made = house.alert(ours.servers, rate * (seconds + 2), rate)
    arrivals(ours.servers.carrier, forget=True)
    _ask(ours.env["REDIS_URL"], len(ours.pids))
    while not (seen := arrivals(ours.servers.carrier)).total:
        time.sleep(0.02)
    time.sleep(max(0.0, seen.first + seconds + 0.3 - time.monotonic()))
    seen = arrivals(ours.servers.carrier)
    house.set_state(ours.servers, made, "cancelled")
    in_time = sum(seen.buckets[: seconds * 100])
    over = max(0.0, seen.most_in_a_second() - rate - max(1.0, rate * BURST_SECONDS))
    time.sleep(1.5)  # the stints end
    return {
        PACE_KEPT[rate]: Figure(in_time / (rate * seconds), "of the rate"),
        PACE_OVER[rate]: Figure(over, "parts"),
    }


@contextmanager
def callbacks(_servers: Servers) -> Iterator[Round]:
    """Status callbacks recorded by one web process, and the same route without a database."""
    with callbacks_bench.opened() as round_:

        def figures() -> dict[str, Figure]:
            recorded, bare = round_()
            return {CALLBACKS: Figure(recorded, "callbacks/s"), CALLBACKS_BARE: Figure(bare, "callbacks/s")}

        yield figures
