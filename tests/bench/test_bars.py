"""A bar that is missed, or was not measured, is never passed over."""

import json
from pathlib import Path

import pytest

from bench import ours, report
from bench.bars import BARS, CELERY, RQ, Bar
from bench.measure import Figure, Results


def _results(**values: float) -> Results:
    results = Results()
    for name, value in values.items():
        results.add({name: Figure(value)})
    return results


BAR = Bar("twice b", lambda r: r.median("a") / r.median("b"), 2.0)


@pytest.mark.parametrize(
    ("values", "whole", "missed"),
    [
        ({"a": 4, "b": 2}, True, False),
        ({"a": 3.9, "b": 2}, True, True),
        ({"a": 3.9, "b": 2}, False, True),
        ({"a": 4}, True, True),
        ({"a": 4}, False, False),
    ],
)
def test_a_bar_is_missed_where_its_figure_is_too_low_or_lacking(
    values: dict[str, float], whole: bool, missed: bool
) -> None:
    assert report.missed([BAR], _results(**values), whole=whole) is missed


@pytest.mark.parametrize(
    ("least", "most", "value", "holds"),
    [
        (0.97, 1.0, 0.97, True),
        (0.97, 1.0, 1.001, False),
        (0.97, 1.0, 0.96, False),
        (-float("inf"), 0, 1, False),
    ],
)
def test_bounds_are_included(least: float, most: float, value: float, holds: bool) -> None:
    assert Bar("x", lambda _: value, least, most).holds(value) is holds


def test_medians_are_of_the_rounds_and_memory_is_the_peak_of_all() -> None:
    results = Results()
    for value, cpu, mb in ((10, 3.0, 50), (30, 1.0, 90), (11, 2.0, 60)):
        results.add({"x": Figure(value, cpu=cpu, mb=mb)})
    assert (results.median("x"), results.lowest("x"), results.highest("x")) == (11, 10, 30)
    assert (results.cpu("x"), results.mb("x")) == (2.0, 90)


def test_the_bars_of_the_issue_are_worked_out_from_medians() -> None:
    results = Results()
    results.add(
        {
            RQ: Figure(200.0),
            CELERY: Figure(700.0, cpu=2.4),
            ours.ONE_WORKER: Figure(9_000.0, cpu=0.1, mb=70),
            ours.NO_RECORDS: Figure(10_000.0),
            ours.TWO_WORKERS: Figure(16_000.0),
            ours.SLOW_CARRIER: Figure(4_000.0),
        }
    )
    measured = {bar.name: bar.measured(results) for bar in BARS}
    assert {name: value for name, value in measured.items() if value is not None} == pytest.approx(
        {
            "times one RQ job a text": 45,
            "times Celery prefork, 2 processes": 12.857,
            "2 workers, times one": 1.7778,
            "CPU a text, of Celery's": 0.041667,
            "what records cost": 0.1,
            "of in-flight ÷ latency, at 100 ms": 0.8,
        },
        rel=1e-3,
    )


def test_results_say_what_was_measured_and_what_was_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "RESULTS", tmp_path / "results.json")
    report.write([BAR], _results(a=3.0, b=2.0), {"cores": 2})
    told = json.loads(report.RESULTS.read_text())
    assert told["figures"]["a"]["median"] == 3.0
    assert told["bars"] == [{"bar": "twice b", "wanted": "≥ 2", "measured": 1.5, "ok": False}]
