"""What a scanner looks at from outside, on every kind of answer; and no request to anybody else."""

from __future__ import annotations

import re

import pytest

from alerts.console.assets import asset
from alerts.headers import HEADERS, ONLY_TLS, SafeHeaders
from tests.api import Api

pytestmark = pytest.mark.anyio
PATHS = [
    "/", "/sign-in", "/docs", "/openapi.json", "/join/999", "/welcome/x", asset("console.css").address,
    "/healthz", "/readyz", "/metrics", "/v1/lists", "/v1/lists/999", "/nowhere",
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_them_all(api: Api, path: str) -> None:
    answer = await api.client.get(path)
    for name in HEADERS:
        assert answer.headers[name], name
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"unsafe|https?:|\*|data:|script-src", policy)
    assert "server" not in answer.headers
    assert not re.findall(r"<script|\son[a-z]+=|style=|javascript:", answer.text.lower())
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', answer.text)


async def test_what_is_shown_is_kept_by_nobody(api: Api) -> None:
    for path in ("/v1/lists", "/sign-in", "/v1/subscribers"):
        assert "no-store" in (await api.client.get(path)).headers["Cache-Control"].split(", ")


async def test_over_tls_browsers_stay_there() -> None:
    sent: list[dict[str, object]] = []

    async def app(scope: object, receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: object) -> None:
        assert isinstance(message, dict)
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {}

    await SafeHeaders(app, tls=True)({"type": "http", "path": "/"}, receive, send)
    headers = dict(sent[0]["headers"])  # type: ignore[call-overload]
    assert headers[b"strict-transport-security"] == ONLY_TLS.encode()
