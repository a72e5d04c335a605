"""Rounds are interleaved, a measurement that fails harms no other, and each peer really sends its texts."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pytest

from bench.measure import (
    Figure,
    Measurement,
    Round,
    Servers,
    cpu_seconds,
    measured,
    peak_mb,
    run_group,
    servers,
)
from bench.peers import aiohttp_loop, bare_sockets, celery_prefork, rq_job_a_text

NOWHERE = Servers("", "", "", "", [])


def _measurement(name: str, log: list[str], fails_in_round: int | None = None) -> Measurement:
    @contextmanager
    def opened(_servers: Servers) -> Iterator[Round]:
        log.append(f"{name} opened")
        rounds = 0

        def one_round() -> dict[str, Figure]:
            nonlocal rounds
            if rounds == fails_in_round:
                raise RuntimeError("as told")
            rounds += 1
            log.append(name)
            return {name: Figure(1.0)}

        try:
            yield one_round
        finally:
            log.append(f"{name} closed")

    return Measurement(name, "group", opened)


def test_rounds_of_a_group_are_interleaved() -> None:
    log: list[str] = []
    results = run_group([_measurement("a", log), _measurement("b", log)], NOWHERE, 2, lambda *_: None)
    assert log == ["a opened", "b opened", "a", "b", "a", "b", "b closed", "a closed"]
    assert {name: len(rounds) for name, rounds in results.rounds.items()} == {"a": 2, "b": 2}


def test_one_that_fails_is_closed_and_told_of_and_the_others_go_on() -> None:
    log: list[str] = []
    told: list[object] = []
    both = [_measurement("a", log, fails_in_round=1), _measurement("b", log)]
    run_group(both, NOWHERE, 3, lambda one, outcome: told.append((one.name, type(outcome))))
    assert log == ["a opened", "b opened", "a", "b", "a closed", "b", "b", "b closed"]
    assert told.count(("a", RuntimeError)) == 1


def test_processor_time_and_memory_are_those_of_the_children_too() -> None:
    spin = "import time\nx = b'x' * 50_000_000\nwhile time.process_time() < 0.5: pass"
    shell = ["sh", "-c", f'{sys.executable} -c "{spin}"; read wait']
    before, ours_before = cpu_seconds([os.getpid()]), time.process_time()
    with subprocess.Popen(shell, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        most = 0.0
        while cpu_seconds([process.pid]) < 0.3:
            most = max(most, peak_mb([process.pid]))
            time.sleep(0.02)
        assert most > 50
        process.communicate(b"\n")
    ours = time.process_time() - ours_before
    assert cpu_seconds([os.getpid()]) - before - ours > 0.3  # of a child that has ended


@pytest.fixture(scope="module")
def against() -> Iterator[Servers]:
    with servers() as all_of_them:
        yield all_of_them


@pytest.mark.parametrize("peer", [aiohttp_loop, bare_sockets, celery_prefork, rq_job_a_text])
def test_a_peer_sends_as_many_texts_as_it_should(
    against: Servers, peer: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "TEXTS", 150)
    with peer.opened(against) as one_round:
        for _ in range(2):
            figure = one_round()[peer.NAME]  # raises where the stub saw another number
            assert figure.value > 0
            assert figure.mb
            assert figure.mb > 20


def test_texts_that_did_not_arrive_are_no_figure(against: Servers) -> None:
    with pytest.raises(RuntimeError, match="0 texts reached the carrier, not 5"):
        measured(against, [], 5, lambda: None)
