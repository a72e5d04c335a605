"""Each alarm stands in the runbook and in Prometheus' rules, and asks for figures that there are."""

from __future__ import annotations

import re

import pytest
import yaml

from alerts.alarms import ALARMS, RULES, RUNBOOK, Alarm, rules, runbook
from alerts.metrics import GAUGES
from alerts.storage.meters import METERS
from tests.promql import Labels, Series, is_true, series

_LABELS: dict[str, tuple[str, ...]] = {
    "alerts_ready": ("part",),
    "alerts_alerts": ("state",),
    "alerts_queue_jobs": ("state",),
}
SERIES = {name: _LABELS.get(name, ()) for name in GAUGES} | {
    meter.name + ending: (*meter.labels, *(("le",) if ending == "_bucket" else ()))
    for meter in METERS
    for ending in (("_bucket", "_count", "_sum") if meter.buckets else ("_total",))
}
each_alarm = pytest.mark.parametrize("alarm", ALARMS, ids=lambda one: one.name)


def test_the_runbook_and_the_rules_are_made_from_the_table() -> None:
    hint = "run: python -m alerts.alarms"
    assert RUNBOOK.read_text("utf-8") == runbook(), hint
    assert RULES.read_text("utf-8") == rules(), hint


@each_alarm
def test_each_alarm_says_what_to_do(alarm: Alarm) -> None:
    assert f"## {alarm.name}\n" in RUNBOOK.read_text("utf-8")
    assert alarm.to_do
    assert len(alarm.means) > 20


@each_alarm
def test_each_condition_asks_for_figures_that_there_are(alarm: Alarm) -> None:
    asked = re.findall(r"(alerts_\w+)(?:\{([^}]*)\})?", alarm.when)
    assert asked or alarm.when == 'up{job="alerts"} == 0'
    for name, matchers in asked:
        assert name in SERIES
        for label, value in re.findall(r'(\w+)=~?"([^"]*)"', matchers):
            assert label in SERIES[name], (name, label)
            if label == "le":
                [meter] = [one for one in METERS if one.name + "_bucket" == name]
                assert float(value) in meter.buckets
    for opens, closes in ("()", "{}", "[]"):
        assert alarm.when.count(opens) == alarm.when.count(closes)


def test_the_rules_are_yaml_as_prometheus_reads_it() -> None:
    [group] = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    assert [one["alert"] for one in group["rules"]] == [alarm.name for alarm in ALARMS]
    assert [one["expr"] for one in group["rules"]] == [alarm.when for alarm in ALARMS]
    assert len({alarm.name for alarm in ALARMS}) == len(ALARMS)
    for one in group["rules"]:
        assert re.fullmatch(r"\d+m", one["for"])
        assert one["labels"]["severity"] in ("page", "ticket")


def all_well() -> dict[tuple[str, Labels], float]:
    """The figures of a house in which an alert goes out."""
    return {
        **series("up", 1, job="alerts"),
        **series("alerts_ready", 1, part="postgresql"),
        **series("alerts_ready", 1, part="migrations"),
        **series("alerts_ready", 1, part="redis"),
        **series("alerts_ready", 1, part="workers"),
        **series("alerts_workers", 2),
        **series("alerts_ticks_total", 300),
        **series("alerts_oldest_waiting_seconds", 1200),
        **series("alerts_parts_total", 900, sender="1-00"),
        **series("alerts_locked_down", 0),
        **series("alerts_sender_share", 1, sender="1-00"),
        **series("alerts_alerts", 1, state="sending"),
        **series("alerts_oldest_unknown_seconds", 0),
        **series("alerts_outcomes_total", 900, state="accepted", language="es"),
        **series("alerts_outcomes_total", 20, state="failed", language="es"),
        **series("alerts_callbacks_total", 900, state="sent"),
        **series("alerts_callbacks_total", 850, state="delivered"),
        **series("alerts_callbacks_total", 30, state="undelivered"),
        **series("alerts_queue_jobs", 1, state="waiting"),
        **series("alerts_queue_jobs", 0, state="failed"),
        **series("alerts_request_seconds_count", 3000, kind="webhook", status="2xx"),
    }


def without(figures: Series, *names: str) -> dict[tuple[str, Labels], float]:
    return {key: value for key, value in figures.items() if key[0] not in names}


OF_REDIS = (
    "alerts_workers", "alerts_ticks_total", "alerts_parts_total", "alerts_sender_share",
    "alerts_outcomes_total", "alerts_callbacks_total", "alerts_queue_jobs", "alerts_request_seconds_count",
)  # fmt: skip
OF_POSTGRESQL = (
    "alerts_oldest_waiting_seconds", "alerts_locked_down", "alerts_alerts", "alerts_oldest_unknown_seconds",
)  # fmt: skip
AWAY = {
    **series("alerts_ready", 0, part="redis"),
    **series("alerts_ready", 0, part="workers"),
}
COURSES: dict[str, tuple[Series, set[str]]] = {
    "all is well, and a long alert goes out": (all_well(), set()),
    "web is gone": (series("up", 0, job="alerts"), {"AlertsDown"}),
    "redis is away": (without(all_well(), *OF_REDIS) | AWAY, {"AlertsRedisAway"}),
    "postgresql is away": (
        without(all_well(), *OF_POSTGRESQL)
        | series("alerts_ready", 0, part="postgresql")
        | series("alerts_ready", 0, part="migrations"),
        {"AlertsDatabaseAway"},
    ),
    "no clock since redis was emptied": (without(all_well(), "alerts_ticks_total"), {"AlertsClockStopped"}),
    "the clock stands still": (all_well() | series("alerts_ticks_total", 0), {"AlertsClockStopped"}),
    "no worker lives": (
        without(all_well(), "alerts_parts_total")
        | series("alerts_workers", 0)
        | series("alerts_ready", 0, part="workers"),
        {"AlertsNoWorkers"},
    ),
    "workers live and send nothing": (without(all_well(), "alerts_parts_total"), {"AlertsTextsWait"}),
    "a phone company filters an alert": (
        all_well() | series("alerts_callbacks_total", 600, state="undelivered"),
        {"AlertsUndelivered"},
    ),
    "three texts, of which one does not arrive": (
        without(all_well(), "alerts_callbacks_total", "alerts_outcomes_total")
        | series("alerts_callbacks_total", 2, state="delivered")
        | series("alerts_callbacks_total", 1, state="undelivered"),
        set(),
    ),
    "the account may not text": (
        all_well() | series("alerts_outcomes_total", 500, state="failed", language="es"),
        {"AlertsFailing"},
    ),
    "an alert was paused": (all_well() | series("alerts_alerts", 1, state="in trouble"), {"AlertsPaused"}),
    "a lockdown, which paused an alert": (
        without(all_well(), "alerts_parts_total")
        | series("alerts_locked_down", 1)
        | series("alerts_alerts", 1, state="paused"),
        {"AlertsLockedDown"},
    ),
    "no callback comes": (without(all_well(), "alerts_callbacks_total"), {"AlertsNoCallbacks"}),
    "requests break": (
        all_well() | series("alerts_request_seconds_count", 100, kind="webhook", status="5xx"),
        {"AlertsErrors"},
    ),
}


@pytest.mark.parametrize(("figures", "rings"), COURSES.values(), ids=COURSES)
def test_what_goes_wrong_rings_its_own_alarm_and_no_other(figures: Series, rings: set[str]) -> None:
    known = [one for one in ALARMS if "histogram_quantile" not in one.when]
    assert {one.name for one in known if is_true(one.when, figures)} == rings
