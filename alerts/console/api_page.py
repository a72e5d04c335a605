"""The page about the API, for programmers: every call, from the document, without any script."""

from __future__ import annotations

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from alerts.console.once import FormRoute
from alerts.console.pages import page
from alerts.language.languages import Language
from alerts.settings import settings

router = APIRouter(include_in_schema=False, route_class=FormRoute)
JSON = "application/json"


@router.get("/docs")
async def api_page(request: Request) -> Response:
    """Every call with an example; in English, as code is."""
    document = request.app.openapi()
    calls = [
        _call(method.upper(), path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return page(
        "api.html", Language.EN, "/docs", title="The API", calls=calls, version=document["info"]["version"]
    )


def _call(method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {})
    answer: dict[str, Any] = next(
        (one for status, one in operation["responses"].items() if status.startswith("2")), {}
    )
    return {
        "name": operation["operationId"],
        "line": f"{method} {path}",
        "says": operation.get("description") or operation["summary"],
        "asks": [
            (one["name"], one.get("description", ""))
            for one in operation.get("parameters", [])
            if one["in"] != "path"
        ],
        "curl": _curl(method, path, body.get(JSON, {}).get("example"), operation),
        "answer": _pretty(answer.get("content", {}).get(JSON, {}).get("example")),
    }


def _curl(method: str, path: str, body: Any, operation: dict[str, Any]) -> str:
    for one in operation.get("parameters", []):
        path = path.replace("{" + one["name"] + "}", "1")
    parts = [f"curl {settings().public_base}{path} -H 'Authorization: Bearer KEY'"]
    if method != "GET":
        parts.append(f"-X {method}")
    if body is not None:
        quoted = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
        parts.append(f"--json '{quoted}'")
    return " \\\n  ".join(parts)


def _pretty(example: Any) -> str:
    return "" if example is None else json.dumps(example, ensure_ascii=False, indent=2)
