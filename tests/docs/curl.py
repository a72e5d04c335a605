"""Reads a curl command of the documents as a shell and curl would, into a request."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4


@dataclass
class Request:
    """What curl would send."""

    method: str = "GET"
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def request_of(command: str, variables: dict[str, str], folder: Path) -> Request:
    """The request of ``command``; files are those of ``folder``. Raises ValueError where it knows none."""
    words = shlex.split(_expanded(command, variables))
    if words.pop(0) != "curl":
        raise ValueError("not a curl command")
    made, method = Request(), ""
    while words:
        word = words.pop(0)
        if word in ("-sS", "-sSN"):
            continue
        if word == "-X":
            method = words.pop(0)
        elif word == "-H":
            name, _, value = words.pop(0).partition(": ")
            made.headers[name] = value
        elif word in ("-d", "--data-binary"):
            made.body = _data(words.pop(0), folder)
        elif word.startswith("http") and not made.url:
            made.url = word
        else:
            raise ValueError(f"curl: {word}")
    made.method = method or ("GET" if made.body is None else "POST")
    return made


def _data(said: str, folder: Path) -> bytes:
    return (folder / said[1:]).read_bytes() if said.startswith("@") else said.encode()


def _expanded(command: str, variables: dict[str, str]) -> str:
    """As a shell does outside single quotes. Raises ValueError for a variable that was not set."""
    parts = re.split(r"('(?:[^']*)')", command.replace("$(uuidgen)", str(uuid4())))
    return "".join(part if part.startswith("'") else _filled(part, variables) for part in parts)


def _filled(part: str, variables: dict[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        if match[1] not in variables:
            raise ValueError(f"${match[1]} is not set")
        return variables[match[1]]

    return re.sub(r"\$(\w+)", value, part.replace("\\\n", " "))
