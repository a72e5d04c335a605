"""The API's document: OpenAPI as FastAPI writes it, with the examples and the header that it cannot know."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from alerts import examples

JSON = "application/json"
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again with the same key within a day, the request is answered again and done once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


def operation_id(route: APIRoute) -> str:
    """The name of the function: what a client's method is called."""
    return route.name


def complete(app: FastAPI) -> None:
    """Let ``app`` give out the whole document."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = plain()
            for path, operations in document["paths"].items():
                for method, operation in operations.items():
                    _complete(path, method, operation)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    name = operation["operationId"]
    if method == "post" and path.startswith("/v1/"):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    body = operation.get("requestBody", {}).get("content", {})
    if JSON in body and name in examples.REQUESTS:
        body[JSON]["example"] = examples.REQUESTS[name]
    for status, answer in operation["responses"].items():
        if status.startswith("2") and JSON in answer.get("content", {}) and name in examples.ANSWERS:
            answer["content"][JSON]["example"] = examples.ANSWERS[name]
