"""What pages are dressed in: asked for once, kept as long as it is the same, small, and never half there."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

import alerts
from alerts.console import assets
from alerts.console.assets import BUNDLES, asset, takes_gzip
from alerts.console.masks import masked, unmasked
from tests.api import Api
from tests.console.browser import Browser

pytestmark = pytest.mark.anyio
ROOT = Path(alerts.__file__).parents[1]


def test_everything_is_there() -> None:
    assert assets.missing() == [], assets.HOW


def test_the_lock_of_npm_names_no_address() -> None:
    lock = (ROOT / "package-lock.json").read_text()
    assert "://" not in lock
    packages = json.loads(lock)["packages"]
    assert all(one.get("integrity", "").startswith("sha512-") for name, one in packages.items() if name)


@pytest.mark.parametrize("name", list(BUNDLES))
async def test_an_asset_is_kept_for_as_long_as_it_is_the_same(api: Api, name: str) -> None:
    known = asset(name)
    found = await api.client.get(known.address, headers={"Accept-Encoding": "br, gzip"})
    assert found.status_code == 200
    assert found.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert found.headers["Content-Encoding"] == "gzip"
    assert found.headers["Content-Type"].startswith(known.media_type)
    assert found.content == known.octets
    plain = await api.client.get(known.address, headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.content == known.octets
    again = await api.client.get(known.address, headers={"If-None-Match": found.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_page_of_yesterday_gets_what_there_is_today_and_does_not_keep_it(api: Api) -> None:
    found = await api.client.get("/assets/console-000000000000.css")
    assert found.content == asset("console.css").octets
    assert found.headers["Cache-Control"] == "no-store"
    assert "ETag" not in found.headers
    for path in ("/assets/collect-1.mjs", "/assets/simple-1.css", "/assets/console-1.js"):
        assert (await api.client.get(path)).status_code == 404


def test_nothing_dressed_asks_anybody_else_or_runs_what_is_text() -> None:
    for name in BUNDLES:
        text = asset(name).octets.decode()
        assert not re.findall(
            r"url\(|@import|//[\w.-]+\.(?:com|org|net)/", text.replace("www.w3.org/", "")
        ), name


async def test_what_is_missing_is_said_and_pages_come_all_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "console.css").write_text("p { color: red }")
    monkeypatch.setattr(assets, "HERE", tmp_path)
    asset.cache_clear()
    try:
        assets.complain()
        assert "vendor/htmx.js" in caplog.text
        assert "make assets" in caplog.text
        page = await api.client.get("/sign-in")
        address = re.search(r'href="(/assets/console-\w+\.css)"', page.text)
        assert address
        assert (await api.client.get(address[1])).text == "p { color: red }"
    finally:
        asset.cache_clear()


@pytest.mark.parametrize(
    ("accept", "takes"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.8", True),
        ("*", True),
        ("gzip;q=0", False),
        ("identity", False),
        ("", False),
    ],
)
def test_who_reads_gzip(accept: str, takes: bool) -> None:
    assert takes_gzip(accept) is takes


async def test_a_page_is_compressed_and_its_length_tells_nothing_of_a_few_letters(api: Api) -> None:
    lengths = set()
    for _ in range(40):
        async with api.client.stream("GET", "/docs", headers={"Accept-Encoding": "gzip"}) as answer:
            squeezed = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["Content-Encoding"] == "gzip"
        assert int(answer.headers["Content-Length"]) == len(squeezed)
        assert "<h1>The API</h1>" in gzip.decompress(squeezed).decode()
        lengths.add(len(squeezed))
    assert len(lengths) > 5
    plain = await api.client.get("/docs", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers


async def test_no_proxy_compresses_a_page_with_secrets(ana: Browser) -> None:
    page = await ana.client.get("/account", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in page.headers
    assert page.headers["Cache-Control"] == "no-store, no-transform"


def test_a_secret_is_written_differently_each_time() -> None:
    secret = "a1" * 32
    written = {masked(secret) for _ in range(20)}
    assert len(written) == 20
    assert {unmasked(one) for one in written} == {secret}
    for nonsense in ("", "x", "é", "AAAA", "____", secret):
        assert unmasked(nonsense) != secret
