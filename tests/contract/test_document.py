"""The API's document is right, and says what a person needs, with an example for each call."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from openapi_spec_validator import validate

from alerts import examples
from alerts.main import app
from tests.contract.linter import calls, faults

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Document:
    return app.openapi()


def test_it_is_openapi(document: Document) -> None:
    validate(document)


def test_it_says_what_a_person_needs(document: Document) -> None:
    assert faults(document) == []


def test_every_example_belongs_to_a_call(document: Document) -> None:
    names = {operation["operationId"] for _, _, operation in calls(document)}
    assert set(examples.REQUESTS) | set(examples.ANSWERS) <= names


def _alert(document: Document) -> Any:
    return document["paths"]["/v1/alerts"]["post"]


BREAKS: list[tuple[str, Callable[[Document], object]]] = [
    ("create_alert: no summary", lambda d: _alert(d).pop("summary")),
    ("create_alert: no description", lambda d: _alert(d).pop("description")),
    ("create_alert: no tags", lambda d: _alert(d).pop("tags")),
    ("a POST without Idempotency-Key", lambda d: _alert(d).pop("parameters")),
    ("its problems are not described", lambda d: _alert(d)["responses"].pop("4XX")),
    ("page_of_alerts: two calls", lambda d: _alert(d).update(operationId="page_of_alerts")),
    ("not a plain name", lambda d: _alert(d).update(operationId="create-alert")),
    ("is not described", lambda d: _alert(d)["parameters"][0].pop("description")),
    (
        "create_alert, request: no example",
        lambda d: _alert(d)["requestBody"]["content"]["application/json"].pop("example"),
    ),
    (
        "create_alert, request: $.asks_rsvp",
        lambda d: _alert(d)["requestBody"]["content"]["application/json"]["example"].update(asks_rsvp="?"),
    ),
    (
        "create_alert, answer 201: lacks state",
        lambda d: _alert(d)["responses"]["201"]["content"]["application/json"]["example"].pop("state"),
    ),
    ("a list without pages", lambda d: d["paths"]["/v1/alerts"]["get"].pop("parameters")),
    (
        "a bare list",
        lambda d: d["paths"]["/v1/alerts"]["get"]["responses"]["200"]["content"]["application/json"].update(
            schema={"type": "array"}
        ),
    ),
    ("schema AlertOut: no description", lambda d: d["components"]["schemas"]["AlertOut"].pop("description")),
]


@pytest.mark.parametrize(("fault", "break_it"), BREAKS, ids=[name for name, _ in BREAKS])
def test_each_rule_can_fail(document: Document, fault: str, break_it: Callable[[Document], object]) -> None:
    broken = deepcopy(document)
    break_it(broken)
    assert any(fault in one for one in faults(broken)), faults(broken)
