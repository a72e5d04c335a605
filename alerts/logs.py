"""Logs: one line of JSON an event, to standard error, with ids and never a number or a text.

What is logged is written ``"alert paused: alert=%s code=%s"``: what happened, then facts. Here they come
apart, so that one search for a request's or an alert's id shows its whole way (docs/decisions/logs.md).
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from random import getrandbits
from types import TracebackType

# These log what they send, or every request's address.
QUIET = ("twilio", "alerts.carrier.transport", "aiohttp.access", "uvicorn.access", "rq.worker", "rq.queue")
MOST_FRAMES = 12  # of a traceback, the innermost

_ids: ContextVar[dict[str, str | int]] = ContextVar("ids", default={})  # noqa: B039 - never changed in place
_facts = re.compile(r"(?:^|[ ,:])([a-z_]+)=(\S+?)(?=[\s,]|$)")
_request_id = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{7,63}")
# Nine to fifteen digits (E.164) with what people put between them; not a piece of a longer word, of a SID or
# of a hash, and not one of our own ids, which say what they are of.
_number = re.compile(
    r"\b(?P<ours>(?:alert|delivery|deliveries|action|actor|people|pid)=\d+)\b"
    r"|(?<![\w-])(?:\+|%2[Bb])?\(?\d(?:[ ().\u00a0-]{0,2}\d){8,14}(?![\w-])"
)


@contextmanager
def bound(**ids: str | int | None) -> Iterator[None]:
    """Whatever is logged inside, here or in tasks that begin here, carries ``ids`` (request, job, alert)."""
    token = _ids.set({**_ids.get(), **{name: value for name, value in ids.items() if value is not None}})
    try:
        yield
    finally:
        _ids.reset(token)


def bind_request(request: str) -> None:
    """The same for the rest of this task, which has this one request: also for what handles its error."""
    _ids.set({"request": request})


def request_id() -> str | None:
    """The id of the request that all this is for."""
    found = _ids.get().get("request")
    return None if found is None else str(found)


def new_id(given: str | None = None) -> str:
    """``given`` where it is fit to be a request's id, which a phone number is not; else a new one."""
    if given and _request_id.fullmatch(given) and not _number.search(given):
        return given
    return f"{getrandbits(64):016x}"  # no secret; a fifth of the time of one


def without_numbers(text: str) -> str:
    """``text`` with what looks like a phone number cut down to its last two digits: the second net."""
    return _number.sub(lambda found: found["ours"] or "…" + found[0][-2:], text)


class Formatter(logging.Formatter):
    """What every line passes through: no number leaves, and of an exception only its kind and its place."""

    def __init__(self, process: str, *, as_json: bool) -> None:
        super().__init__()
        self._process = process
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        says, facts = _taken_apart(record)
        facts = _ids.get() | facts
        trace = where(*record.exc_info) if record.exc_info and record.exc_info[0] else []
        if not self._as_json:
            pairs = "".join(f" {name}={value}" for name, value in facts.items())
            words = f"{self.formatTime(record)} {record.levelname} {record.name} {says}{pairs}"
            return " | ".join([words, *trace])
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "pid": record.process,
            "from": record.name,
            "says": says,
            **facts,
        }
        if trace:
            line["trace"] = trace
        return json.dumps(line, ensure_ascii=False)


def _taken_apart(record: logging.LogRecord) -> tuple[str, dict[str, str | int]]:
    """What happened, and the facts after it; lines of others are what happened, whole."""
    try:
        message = without_numbers(record.getMessage())
    except (TypeError, ValueError):  # its arguments do not fit; they are not shown either
        return without_numbers(str(record.msg)), {}
    if not record.name.startswith(("alerts.", "workers.")):
        return message, {}
    facts = {name: _value(value) for name, value in _facts.findall(message)}
    return (_facts.split(message, maxsplit=1)[0].rstrip(" :,") if facts else message), facts


def _value(text: str) -> str | int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else text


def where(
    kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
) -> list[str]:
    """An exception's kind, and the places it came through, the innermost last. Not its words: they may hold
    a number or a text.
    """
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{short(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    cause = error and (error.__cause__ or error.__context__)
    caused = [f"after {type(cause).__name__}"] if cause else []
    return [kind.__name__ if kind else "", *caused, *places[-MOST_FRAMES:]]


def short(path: str) -> str:
    """The end of a path of code: nothing of the machine it is on."""
    return "/".join(Path(path).parts[-3:])


def handler(process: str = "web") -> logging.Handler:
    """To standard error, as LOG_FORMAT says: ``json``, or ``words`` for people at a terminal."""
    made = logging.StreamHandler(sys.stderr)
    made.setFormatter(Formatter(process, as_json=os.environ.get("LOG_FORMAT", "json") != "words"))
    return made


def configure_logs(level: str, process: str) -> None:
    """Log at ``level``; libraries that log what passes through them only from warnings on."""
    logging.basicConfig(level=level, handlers=[handler(process)], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in (
        "uvicorn",
        "uvicorn.error",
        "rq.worker",
    ):  # their own handlers would write numbers as they come
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.captureWarnings(capture=True)
