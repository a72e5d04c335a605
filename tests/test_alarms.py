"""Each alarm stands in the runbook and in Prometheus' rules, and asks for figures that there are."""

from __future__ import annotations

import re

import pytest
import yaml

from alerts.alarms import ALARMS, RULES, RUNBOOK, Alarm, rules, runbook
from alerts.metrics import GAUGES
from alerts.storage.meters import METERS

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
        for label, value in re.findall(r'(\w+)="([^"]*)"', matchers):
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
