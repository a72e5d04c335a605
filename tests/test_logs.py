"""Logs: one line an event, with ids; never a number, whoever logs it."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from alerts.logs import Formatter, bound, new_id, request_id, without_numbers


def line(
    message: str, *args: object, name: str = "alerts.broadcasts.dispatch", trace: bool = False
) -> dict[str, object]:
    """What is written for it."""
    info = sys.exc_info() if trace else None
    record = logging.LogRecord(name, logging.WARNING, "x.py", 1, message, args, info)
    written = Formatter("worker", as_json=True).format(record)
    assert "\n" not in written
    read: dict[str, object] = json.loads(written)
    return read


def test_what_happened_and_its_facts_come_apart() -> None:
    read = line("alert paused: alert=%s code=%s", 17, 30007)
    assert (read["says"], read["alert"], read["code"]) == ("alert paused", 17, 30007)
    assert (read["process"], read["level"]) == ("worker", "warning")
    assert str(read["at"]).endswith("+00:00")


def test_ids_that_are_bound_are_in_every_line() -> None:
    with bound(request="abcdef12", job="j1"), bound(alert=3):
        assert request_id() == "abcdef12"
        read = line("worker ready")
    assert (read["request"], read["job"], read["alert"]) == ("abcdef12", "j1", 3)
    assert request_id() is None


@pytest.mark.parametrize(
    "number",
    [
        "+19095550171",
        "19095550171",
        "9095550171",
        "(909) 555-0171",
        "+1 (909) 555 01 71",
        "909.555.0171",
        "%2B19095550171",
        "909\u00a0555\u00a00171",
        "+252 61 5550171",
    ],
)
def test_a_number_is_cut_down_to_two_digits(number: str) -> None:
    for around in ("cannot text {}", "to={}", "SM0123456789abcdef0123456789abcdef:{}", "('{}',)", "{}"):
        shown = without_numbers(around.format(number))
        assert "555" not in shown, shown
        assert "71" in shown


@pytest.mark.parametrize(
    "harmless",
    [
        "delivery=12345678901",
        "SM01234567890123456789012345678901",
        "head=" + "1234567890" * 6 + "abcd",
        "job=8c0b9e5e-0000-4000-8000-123456789012",
        "ms=12345678",
        "127.0.0.1:54321",
        "code=30007",
    ],
)
def test_ids_and_codes_stay(harmless: str) -> None:
    assert without_numbers(harmless) == harmless


def test_a_number_that_somebody_logs_by_mistake_is_nowhere_in_the_line() -> None:
    for name in ("alerts.x", "rq.worker", "uvicorn.error"):
        assert "5550171" not in json.dumps(line("a text came: phone=%s", "+19095550171", name=name))
        assert "5550171" not in json.dumps(line("a text came: phone=%d", 19095550171, name=name))


def test_of_an_exception_only_its_kind_and_its_place_are_shown() -> None:
    try:
        try:
            raise KeyError("quetzal")  # noqa: TRY301
        except KeyError as error:
            raise ValueError("quetzal of 909 555 0171") from error
    except ValueError:
        read = line("it broke", trace=True)
    assert "quetzal" not in json.dumps(read)
    trace = read["trace"]
    assert isinstance(trace, list)
    kind, cause, place = trace
    assert (kind, cause) == ("ValueError", "after KeyError")
    assert place.startswith("tests/test_logs.py:") or "/test_logs.py:" in place


def test_arguments_that_do_not_fit_break_nothing() -> None:
    assert line("one %s", "a", "quetzal")["says"] == "one %s"


@pytest.mark.parametrize(
    "given", ["0123456789abcdef", "8c0b9e5e-0f3e-4a4b-9a55-7b0c2d3e4f50", "heroku_12345678"]
)
def test_a_sane_id_is_taken(given: str) -> None:
    assert new_id(given) == given


@pytest.mark.parametrize(
    "given",
    ["", "short", "19095550171", "a" * 65, "x y z 1 2 3", "<script>alert()", "ab\ncd efgh", "-rf--rf--rf"],
)
def test_any_other_id_is_not(given: str) -> None:
    assert new_id(given) != given
    assert len(new_id(given)) == 16


def test_for_people_at_a_terminal_there_are_words() -> None:
    record = logging.LogRecord("alerts.x", logging.INFO, "x.py", 1, "alert paused: alert=%s", (17,), None)
    with bound(request="abcdef12"):
        written = Formatter("web", as_json=False).format(record)
    assert written.endswith("INFO alerts.x alert paused request=abcdef12 alert=17")
