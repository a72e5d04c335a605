"""JSON over HTTP for the story: what an API user without a library would write."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen


class Unreachable(Exception):
    """A part of the demo does not answer."""


class Http:
    """Calls to one server."""

    def __init__(self, base: str, key: str | None = None) -> None:
        self.base = base
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str) -> Any:
        """GET; the JSON that comes back. Raises Unreachable."""
        return self._call(Request(self.base + path, headers=self._headers))

    def post(self, path: str, body: object = None) -> Any:
        """POST; the JSON that comes back. Raises Unreachable."""
        return self._call(Request(self.base + path, json.dumps(body).encode(), self._headers, method="POST"))

    def patch(self, path: str, body: object) -> Any:
        """PATCH; the JSON that comes back. Raises Unreachable."""
        return self._call(Request(self.base + path, json.dumps(body).encode(), self._headers, method="PATCH"))

    def answers(self, path: str) -> bool:
        """Whether ``path`` answers with success now."""
        try:
            self.get(path)
        except Unreachable:
            return False
        return True

    def _call(self, request: Request) -> Any:
        try:
            with urlopen(request, timeout=30) as answer:
                body = answer.read()
        except HTTPError as error:
            raise Unreachable(f"{request.full_url}: {error.code} {error.read().decode()[:500]}") from None
        except (URLError, OSError) as error:
            raise Unreachable(f"{request.full_url}: {error}") from None
        return json.loads(body) if body else None
