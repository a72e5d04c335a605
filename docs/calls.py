"""Every call of the API with a curl command, from the API's own document and its examples.

`make docs` writes the page; tests/docs/test_calls.py runs every command.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CODE_LINK = re.compile(
    r"\[([^\]]+)\]\((?:\.\./)+(?:alerts|workers|tests|bench|locales|Procfile|Makefile|README.md|CHANGELOG.md)[^)]*\)"
)

Document = dict[str, Any]
JSON = "application/json"
ROOMS = {
    "lists": "Lists",
    "subscribers": "Subscribers",
    "actions": "Actions",
    "alerts": "Alerts",
    "templates": "Saved texts",
    "conversations": "The inbox",
    "team": "Organizers, keys, what was done",
    "health": "Whether it works",
}
# What stands in a query where the call needs it, or where it says more than the call alone.
QUERIES = {
    "import_subscribers": "lists=$LIST&language=es&consent_source=sign-up%20sheet&consent_date=2026-11-20",
    "page_of_subscribers": "standing=active&language=es",
    "page_of_conversations": "state=open",
    "page_of_audit": "noun=alert",
}
VARIABLES = {"key": "OTHER_KEY"}  # KEY is the one that asks
# Settings with which the application can be loaded where there is no deployment; nothing is opened.
NOWHERE = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1/nothing",
    "REDIS_URL": "redis://127.0.0.1/0",
    "PUBLIC_URL": "https://alerts.example.org",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "none",
    "TWILIO_FROM_NUMBERS": "+19095550100",
    "SEALING_KEYS": "1:" + "b29v" * 10 + "b28=",
    "SESSION_SECRET": "-" * 32,
    "ORGANIZATION_NAME": "Warehouse Workers Center",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One operation. ``command`` is for a shell that has ALERTS, KEY and the ids in variables."""

    name: str
    room: str
    summary: str
    text: str
    command: str
    status: str
    answer: str | None  # an example, as JSON


def api_document() -> Document:
    """The OpenAPI document, also where nothing is deployed."""
    for name, value in NOWHERE.items():
        os.environ.setdefault(name, value)
    from alerts.main import app

    return app.openapi()


def every_call(document: Document) -> list[Call]:
    """In the document's order."""
    return [
        _call(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _call(method: str, path: str, operation: Document) -> Call:
    status, answer = next((code, one) for code, one in operation["responses"].items() if code[0] == "2")
    example = answer.get("content", {}).get(JSON, {}).get("example")
    return Call(
        operation["operationId"],
        operation["tags"][0],
        operation["summary"],
        operation.get("description", ""),
        _command(method, path, operation),
        status,
        None if example is None else json.dumps(example, indent=2, ensure_ascii=False),
    )


def _command(method: str, path: str, operation: Document) -> str:
    name = operation["operationId"]
    path = re.sub(r"\{(\w+?)(?:_id)?\}", lambda match: f"${VARIABLES.get(match[1], match[1].upper())}", path)
    query = f"?{QUERIES[name]}" if name in QUERIES else ""
    body = operation.get("requestBody", {}).get("content", {})
    parts = ["curl -sS" + ("N" if name == "events" else "")]
    if method != "get" and not (method == "post" and body):
        parts[0] += f" -X {method.upper()}"
    parts[0] += f' "$ALERTS{path}{query}"'
    if path.startswith("/v1/"):
        parts.append('-H "Authorization: Bearer $KEY"')
    if method == "post" and path.startswith("/v1/"):
        parts.append('-H "Idempotency-Key: $(uuidgen)"')
    if JSON in body and "example" in body[JSON]:
        written = json.dumps(body[JSON]["example"], indent=2, ensure_ascii=False).replace("'", "'\\''")
        parts += [f"-H 'Content-Type: {JSON}'", f"-d '{written}'"]
    elif body and JSON not in body:
        parts += [f"-H 'Content-Type: {next(iter(body))}'", "--data-binary @people.csv"]
    return " \\\n  ".join(parts)


def page(document: Document) -> str:
    """The page, in Markdown."""
    calls = every_call(document)
    lines = [
        "# Every call",
        "",
        f"Made from the document of version {document['info']['version']} and its examples; each command",
        "is run by our tests. The variables are explained in [the introduction](index.md).",
        "",
    ]
    for room, title in ROOMS.items():
        lines += [f"## {title}", ""]
        for call in calls:
            if call.room == room:
                lines += _shown(call)
    missing = sorted({call.room for call in calls} - set(ROOMS))
    if missing:
        raise ValueError(f"docs/calls.py: ROOMS lacks {', '.join(missing)}")
    return "\n".join(lines)


def _shown(call: Call) -> list[str]:
    lines = [f"### {call.summary}", "", call.text, "", "```sh", call.command, "```", ""]
    if call.answer is None:
        return [*lines, f"Answers `{call.status}`.", ""]
    return [*lines, f"Answers `{call.status}`:", "", "```json", call.answer, "```", ""]


def write(path: Path) -> None:
    """Write the page, unless it is there already as it should be."""
    text = page(api_document())
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
