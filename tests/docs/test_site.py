"""The documents are a site without a broken link that asks nothing of anybody else."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What a browser fetches by itself; a link is followed by a person.
FETCHES = [
    re.compile(
        r"<(?:script|img|iframe|source|video|audio|embed|object)\b[^>]*\b(?:src|data|srcset)=[\"']?(?:https?:)?//"
    ),
    re.compile(r"<link\b(?![^>]*rel=[\"']?(?:canonical|license))[^>]*\bhref=[\"']?(?:https?:)?//"),
    re.compile(r"url\(\s*[\"']?(?:https?:)?//"),
    re.compile(r"@import\s+(?:url\()?[\"']?(?:https?:)?//"),
    re.compile(r"\b(?:fetch|importScripts|import)\(\s*[\"'`](?:https?:)?//"),
]


def foreign(text: str) -> list[str]:
    """What in a file is fetched from another host."""
    return [match[0] for pattern in FETCHES for match in pattern.finditer(text)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make docs` builds it: every warning is an error, and a link that leads nowhere is one."""
    built = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    done = subprocess.run(
        [*command, "docs", str(built)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return built


def test_no_page_asks_anything_of_another_host(site: Path) -> None:
    files = [path for kind in ("html", "css", "js") for path in site.rglob(f"*.{kind}")]
    assert len(files) > 50
    found = {path.name: foreign(path.read_text("utf-8")) for path in files}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    ("text", "fetched"),
    [
        ('<script src="https://cdn.example/a.js">', True),
        ("<img alt='' src=//cdn.example/a.png>", True),
        ('<link rel="stylesheet" href="https://fonts.example/css">', True),
        ("@font-face { src: url(https://fonts.example/a.woff2) }", True),
        ('@import "https://fonts.example/a.css";', True),
        ('<a href="https://example.org/">', False),
        ('<script src="_static/a.js">', False),
    ],
)
def test_what_a_browser_fetches_is_seen(text: str, fetched: bool) -> None:
    assert bool(foreign(text)) is fetched


def test_spanish_pages_say_that_they_are_spanish(site: Path) -> None:
    languages = {
        path.relative_to(site).parts[1]: re.search(r'<html[^>]* lang="(\w+)"', path.read_text())
        for path in (site / "organizers").rglob("index.html")
    }
    assert {folder: found and found[1] for folder, found in languages.items()} == {"en": "en", "es": "es"}


def test_a_guide_has_the_same_pages_in_both_languages() -> None:
    folders = [ROOT / "docs" / "organizers" / language for language in ("en", "es")]
    assert [path.name for path in sorted(folders[0].iterdir())] == [
        path.name for path in sorted(folders[1].iterdir())
    ]
