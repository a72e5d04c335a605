"""What the API's document must say of every call: our linter.

OpenAPI's own rules are held by openapi-spec-validator. The linters for style that are well kept are no Python
and bring a runtime of their own; these few rules are what a person who reads the document needs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS31Validator

JSON, PROBLEM = "application/json", "application/problem+json"
Document = dict[str, Any]
Call = tuple[str, str, dict[str, Any]]  # method, path, operation


def faults(document: Document) -> list[str]:
    """Everything that is wrong, by call."""
    found = [fault for call in calls(document) for fault in _of_call(document, *call)]
    names = Counter(operation["operationId"] for _, _, operation in calls(document))
    found += [f"{name}: two calls have this name" for name, count in names.items() if count > 1]
    found += [
        f"schema {name}: no description"
        for name, schema in document["components"]["schemas"].items()
        if not schema.get("description") and not name.startswith(("HTTPValidationError", "ValidationError"))
    ]
    return found


def calls(document: Document) -> Iterator[Call]:
    """Every operation."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def _of_call(document: Document, method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    name = operation["operationId"]
    for wanted in ("summary", "description", "tags"):
        if not operation.get(wanted):
            yield f"{name}: no {wanted}"
    if not name.isidentifier():
        yield f"{name}: not a plain name"
    parameters = operation.get("parameters", [])
    yield from (f"{name}: {one['name']} is not described" for one in parameters if not one.get("description"))
    if path.startswith("/v1/"):
        if operation["responses"].get("4XX", {}).get("content", {}).keys() != {PROBLEM}:
            yield f"{name}: its problems are not described"
        if method == "post" and "Idempotency-Key" not in {one["name"] for one in parameters}:
            yield f"{name}: a POST without Idempotency-Key"
    if name.startswith("page_of_") and not {"after", "limit"} <= {one["name"] for one in parameters}:
        yield f"{name}: a list without pages"
    body = operation.get("requestBody", {}).get("content", {})
    yield from _example(document, f"{name}, request", body)
    for status, answer in operation["responses"].items():
        if status.startswith("2"):
            yield from _example(document, f"{name}, answer {status}", answer.get("content", {}))
            yield from _is_page(document, name, answer.get("content", {}))


def _example(document: Document, where: str, content: dict[str, Any]) -> Iterator[str]:
    for media, said in content.items():
        if media != JSON:
            continue
        if "example" not in said:
            yield f"{where}: no example"
            continue
        schema = {**said["schema"], "components": document["components"]}
        for error in OAS31Validator(schema).iter_errors(said["example"]):
            yield f"{where}: {error.json_path}: {error.message[:120]}"
        yield from (f"{where}: lacks {field}" for field in _lacking(document, said))


def _lacking(document: Document, said: dict[str, Any]) -> list[str]:
    """Fields of an object that an example of an answer does not show at its top, optional or not."""
    name = said["schema"].get("$ref", "").rpartition("/")[2]
    schema = document["components"]["schemas"].get(name, {})
    return sorted(set(schema.get("required", [])) - set(said["example"]))


def _is_page(document: Document, name: str, content: dict[str, Any]) -> Iterator[str]:
    schema = content.get(JSON, {}).get("schema", {})
    if schema.get("type") == "array":
        yield f"{name}: a bare list; give it pages"
    fields = document["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    if name.startswith("page_of_") and not {"items", "next"} <= fields.get("properties", {}).keys():
        yield f"{name}: a page has items and next"
